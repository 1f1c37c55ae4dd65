"""Overview: versions, counts, columns and a few samples of a dataset. Reads only what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.dataset.naming import Rejects, count_rejects, names_in
from pipelines.dataset.state import Snapshot, load_snapshot, scores_of, tokenizer_of
from schemas.changes import Counts
from schemas.decontaminate import ItemCounts
from schemas.errors import DatasetError
from schemas.funnel import FunnelStep
from schemas.keep import Bounds
from schemas.limits import SourcesRecord, no_sources
from schemas.rows import BlockRow, QualityRow
from schemas.scores import schema_with
from schemas.shared_lines import LineCount
from schemas.splits import SPLITS
from schemas.triggers import TriggerRow
from schemas.versions import VersionRecord, triggers_in
from workers import store
from workers.dataset import first_rows, open_table, table_history
from workers.dataset.card_splits import parts_by_split
from workers.dataset.forgotten import gone_parts

_COUNTED = ("pages", "documents", "conversations", "crops")


class SampleLine(TypedDict):
    """The columns of `pages` that are shown of a sample."""

    page_id: str
    source_uri: str
    page_index: int
    text: str
    text_source: str
    engine: str
    language: str
    vision_tokens: int
    text_tokens: int
    compression: float | None
    quality: QualityRow
    blocks: Sequence[BlockRow]
    width: int
    height: int


class RejectLine(TypedDict):
    """The columns of `rejects` that are shown."""

    level: str
    source_uri: str
    page_index: int | None
    stage: str
    reason: str
    detail: str | None
    kept_id: str | None
    similarity: float | None


class VersionLine(TypedDict):
    """A published version. `changes` is None where it was made before that was kept.

    A version that is not `whole` has lost parts to `forget --erase`, and cannot be read any more.
    """

    version: int
    timestamp_ms: int
    counts: Mapping[str, int]
    changes: Counts | None
    whole: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """A version as a reader first wants to see it.

    `versions` are the newest of the `versions_published`, newest first. Counts are by table, by
    reason, by text source, by language and by label; `inventory_pages` are all pages of the
    sources: the rows of `pages` and `conversations` and the rejects of the level `page`. `names`
    are the files of the documents that `reject_rows` name as kept, by id. `tokens` are sums over a
    table, by column, and `trainer_tokens` those of tables in the trainer's own `tokenizer`, which
    is None without one.
    `splits` are the rows of each split, by table, where the version has splits.
    `shares` are the last values in those of the policy `keep`, by table, value and language,
    `lines` the first of those that the policy `lines` found in many documents.
    """

    dataset: str
    version: int
    versions_published: int
    versions: Sequence[VersionLine]
    counts: Mapping[str, int]
    splits: Mapping[str, Mapping[str, int]]
    inventory_pages: int
    rejects: Mapping[str, int]
    rejects_by_level: Rejects
    bytes: Mapping[str, int]
    text_sources: Mapping[str, int]
    languages: Mapping[str, int]
    crop_labels: Mapping[str, int]
    tokens: Mapping[str, int]
    conversation_tokens: Mapping[str, int]
    tokenizer: str | None
    trainer_tokens: Mapping[str, int]
    mix: Mapping[str, Mapping[str, int]]
    funnel: Sequence[FunnelStep]
    by_source: SourcesRecord
    benchmarks: Mapping[str, ItemCounts]
    triggers: Sequence[TriggerRow]
    shares: Mapping[str, Mapping[str, Bounds]]
    lines: Sequence[LineCount]
    columns: Mapping[str, str]
    reject_rows: Sequence[RejectLine]
    names: Mapping[str, str]
    samples: Sequence[SampleLine]


def inspect_dataset(
    dataset: str,
    version: int | None = None,
    samples: int = 3,
    versions: int = 20,
    rejects: int = 20,
) -> Overview:
    """Look at one version, the latest by default, and list the newest `versions`.

    `samples` and `rejects` are how many rows of `pages` and `rejects` it has.

    Raises DatasetError where there is none.
    """
    uri = store.absolute(dataset)
    snapshot = load_snapshot(uri, version)
    if snapshot is None:
        raise DatasetError(f"{dataset} holds no published version; `pagefoundry run` makes one")
    published = _published(snapshot)
    tokenizer = tokenizer_of(snapshot)
    counted = _COUNTED if tokenizer else ()
    sums = {name: _sums_of(snapshot, name, ["trainer_tokens"]) for name in counted}
    reject_rows = first_rows(snapshot.part_uris("rejects"), RejectLine, rejects)
    kept = (row["kept_id"] or "" for row in reject_rows)
    levels = snapshot.metadata.get("rejects_by_level")
    columns_of_pages = schema_with("pages", [column for column, _ in scores_of(snapshot)])
    return Overview(
        dataset=uri,
        version=snapshot.version,
        versions_published=len(published),
        versions=_version_lines(uri, published[:versions]),
        counts=snapshot.metadata["counts"],
        splits=_splits(snapshot),
        inventory_pages=_inventory_pages(snapshot),
        rejects=snapshot.metadata["rejects"],
        rejects_by_level=levels or count_rejects(snapshot.tables["rejects"]),
        bytes={
            name: sum(part.size for part in table.parts) for name, table in snapshot.tables.items()
        },
        text_sources=_counts(snapshot.columns("pages", ["text_source"]), "text_source"),
        languages=snapshot.metadata.get("languages", {}),
        crop_labels=_counts(snapshot.columns("crops", ["label"]), "label"),
        tokens=_sums_of(snapshot, "pages", ["vision_tokens", "text_tokens"]),
        conversation_tokens=_sums_of(snapshot, "conversations", ["tokens_before", "tokens_after"]),
        tokenizer=tokenizer,
        trainer_tokens={name: own["trainer_tokens"] for name, own in sums.items() if own},
        mix=snapshot.metadata.get("mix", {}),
        funnel=snapshot.metadata.get("funnel", []),
        by_source=snapshot.metadata.get("by_source", no_sources()),
        benchmarks=snapshot.metadata.get("benchmarks", {}),
        triggers=triggers_in(snapshot.metadata),
        shares=snapshot.metadata.get("shares", {}),
        lines=snapshot.metadata.get("lines", []),
        reject_rows=reject_rows,
        names=names_in(kept, [snapshot.tables["inventory"]]),
        columns={field.name: str(field.type) for field in columns_of_pages},
        samples=first_rows(snapshot.part_uris("pages"), SampleLine, samples),
    )


_Published = tuple[int, int, VersionRecord]
"""Number, timestamp in ms, and what the commit says."""


def _published(snapshot: Snapshot) -> list[_Published]:
    """All published versions, newest first."""
    history = table_history(snapshot.tables["pages"].uri)
    return [entry for entry in history if "versions" in entry[2]]


def _version_lines(dataset: str, published: Iterable[_Published]) -> list[VersionLine]:
    gone = gone_parts(dataset)
    return [
        {
            "version": number,
            "timestamp_ms": stamp_ms,
            "counts": record["counts"],
            "changes": record.get("changes"),
            "whole": not _have_any({**record["versions"], "pages": number}, dataset, gone),
        }
        for number, stamp_ms, record in published
    ]


def _have_any(versions: Mapping[str, int], dataset: str, paths: frozenset[str]) -> bool:
    """Whether any of these parts is in one of these versions of tables."""
    for name, version in versions.items() if paths else ():
        table = open_table(store.join(dataset, name), version)
        if table and any(f"{name}/{part.path}" in paths for part in table.parts):
            return True
    return False


def _inventory_pages(snapshot: Snapshot) -> int:
    """The pages of all documents; of those that cannot be counted none."""
    counts = snapshot.columns("inventory", ["page_count"])
    return (pc.sum(counts["page_count"]).as_py() or 0) if counts is not None else 0


def _splits(snapshot: Snapshot) -> dict[str, dict[str, int]]:
    """The rows of each split by table; nothing without splits."""
    counts = {}
    for name in snapshot.metadata.get("validation", ()):
        by_split = parts_by_split(name, snapshot.tables)
        counts[name] = {
            split: sum(part.rows for part in by_split.get(split, ())) for split in SPLITS
        }
    return counts


def _sums_of(snapshot: Snapshot, table: str, columns: list[str]) -> dict[str, int]:
    """The sums of some columns; none for a table without a part."""
    rows = snapshot.columns(table, columns)
    return {name: sum(rows[name].to_pylist()) for name in columns} if rows is not None else {}


def _counts(table: pa.Table | None, column: str) -> dict[str, int]:
    counted = table[column].value_counts().to_pylist() if table is not None else []
    return {row["values"]: row["counts"] for row in counted}
