"""What the commit of a published version says of it, as a typed dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from schemas.changes import Counts
from schemas.decontaminate import ItemCounts
from schemas.funnel import FunnelStep
from schemas.keep import Bounds
from schemas.limits import SourcesRecord
from schemas.shared_lines import LineCount
from schemas.splits import TRAIN, VALIDATION
from schemas.triggers import TriggerRow, TriggersRecord


class VersionRecord(TypedDict, total=False):
    """What the `pages` commit of a version says. Commits of the other tables say nothing.

    A version that an older PageFoundry made lacks what was not kept then: `changes`, `languages`,
    `licenses`, `mix`, `funnel`, `shares`, `rejects_by_level`. A commit without `versions` only made
    the empty table.
    """

    versions: Mapping[str, int]  # of the other tables, by name
    run_id: str  # a digest of all its parts
    recipe_digest: str
    reading_settings: Mapping[str, object]
    publish_settings: Mapping[str, object]
    counts: Mapping[str, int]  # rows by table
    rejects: Mapping[str, int]  # rows by reason
    rejects_by_level: Mapping[str, Mapping[str, int]]  # by `page` or `document`, and by reason
    mix: Mapping[str, Mapping[str, int]]  # weight, available and taken samples by group
    funnel: Sequence[FunnelStep]  # what each step left
    benchmarks: Mapping[str, ItemCounts]  # of the policy `decontaminate`, by name
    triggers: TriggersRecord  # where the policy `trust` seeks them
    lines: Sequence[LineCount]  # the first of those that many documents share, most first
    shares: Mapping[str, Mapping[str, Bounds]]  # where those of `keep` end, by table and value
    changes: Counts  # since the version before
    rates: Mapping[str, object] | None  # `cluster.estimate.Rates`, None where nothing was read yet
    languages: Mapping[str, int]  # samples by language
    by_source: SourcesRecord  # what the sources have, and what `limits` leave of it
    licenses: Mapping[str, int]  # samples by licence, an empty word where none is stated
    validation: Mapping[str, Sequence[str]]  # with a split: by table, the parts of validation rows
    undecided: bool  # a takedown left rows that only a run can decide on


def splits_of(record: VersionRecord, table: str, paths: Sequence[str]) -> list[str | None]:
    """The split of all rows of each of a table's parts; None where the table has no splits."""
    validation = record.get("validation", {})
    if table not in validation:
        return [None] * len(paths)
    of_validation = frozenset(validation[table])
    return [VALIDATION if path in of_validation else TRAIN for path in paths]


def triggers_in(record: VersionRecord) -> Sequence[TriggerRow]:
    """The triggers that a version names; none where no policy sought them."""
    found = record.get("triggers")
    return found["found"] if found else []
