"""What a run did, as one value for people and for `--json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.version.settled import Settled
from schemas.changes import Counts
from schemas.decontaminate import ItemCounts
from schemas.funnel import FunnelStep
from schemas.limits import SourcesRecord, no_sources
from schemas.triggers import TriggerRow
from schemas.versions import VersionRecord, triggers_in
from workers.sources import Examined


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did.

    `rejects` are counted by reason, and `rejects_by_level` by level too. The pages of the inventory
    are the rows of `pages` and `conversations` and the rejects of the level `page`; its documents
    are the rows of `documents` and the rejects of the level `document`.

    `changes` are the rows that the version added, removed and changed, by table and reason, or
    None where nothing was committed. `seconds` are those of each stage, and of `all` stages;
    `pages_per_second` is measured over reading and making pages.
    """

    dataset: str
    version: int
    committed: bool
    documents: int
    pages: int
    pages_read: int
    counts: Mapping[str, int]
    rejects: Mapping[str, int]
    rejects_by_level: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    mix: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    funnel: Sequence[FunnelStep] = field(default_factory=list)
    by_source: SourcesRecord = field(default_factory=no_sources)
    benchmarks: Mapping[str, ItemCounts] = field(default_factory=dict)
    triggers: Sequence[TriggerRow] = field(default_factory=list)
    changes: Counts | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    pages_per_second: float | None = None


def report_of(
    dataset: str,
    settled: Settled,
    unreadable: Sequence[Examined],
    record: VersionRecord,
    seconds: Mapping[str, float],
    committed: bool,
    pages_read: int,
) -> Report:
    """The report of a run that ended with the version of `settled`, whose commit says `record`."""
    pass_s = seconds.get("make", 0.0) + seconds.get("read", 0.0)
    return Report(
        dataset=dataset,
        version=settled.version,
        committed=committed,
        documents=settled.documents,
        pages=settled.pages,
        pages_read=pages_read,
        counts=record["counts"],
        rejects=record["rejects"],
        rejects_by_level=record.get("rejects_by_level", {}),
        mix=record.get("mix", {}),
        funnel=record.get("funnel", []),
        by_source=record.get("by_source", no_sources()),
        benchmarks=record.get("benchmarks", {}),
        triggers=triggers_in(record),
        unreadable={item.file.uri: item.detail or "" for item in unreadable},
        changes=record.get("changes") if committed else None,
        seconds=seconds,
        pages_per_second=round(pages_read / pass_s, 2) if pages_read and pass_s else None,
    )
