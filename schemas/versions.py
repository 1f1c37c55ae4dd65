"""What the commit of a published version says of it, as a typed dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from schemas.changes import Counts
from schemas.funnel import FunnelStep
from schemas.keep import Bounds


class VersionRecord(TypedDict, total=False):
    """What the `pages` commit of a version says. Commits of the other tables say nothing.

    A version that an older PageFoundry made lacks what was not kept then: `changes`, `languages`,
    `licenses`, `mix`, `funnel`, `shares`. A commit without `versions` only made the empty table.
    """

    versions: Mapping[str, int]  # of the other tables, by name
    run_id: str  # a digest of all its parts
    recipe_digest: str
    reading_settings: Mapping[str, object]
    publish_settings: Mapping[str, object]
    counts: Mapping[str, int]  # rows by table
    rejects: Mapping[str, int]  # rows by reason
    mix: Mapping[str, Mapping[str, int]]  # weight, available and taken samples by group
    funnel: Sequence[FunnelStep]  # what each step left
    shares: Mapping[str, Mapping[str, Bounds]]  # where those of `keep` end, by table and value
    changes: Counts  # since the version before
    rates: Mapping[str, object] | None  # `cluster.estimate.Rates`, None where nothing was read yet
    languages: Mapping[str, int]  # samples by language
    licenses: Mapping[str, int]  # samples by licence, an empty word where none is stated
    undecided: bool  # a takedown left rows that only a run can decide on
