"""Inspect: versions, counts, columns and a few samples of a dataset. Reads only what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipelines.dataset.state import Snapshot, load_snapshot
from schemas.errors import DatasetError
from schemas.tables import PAGES
from workers import store
from workers.dataset import first_rows, table_history

_SAMPLE_COLUMNS = [
    "page_id", "source_uri", "page_index", "text", "text_source", "engine", "language",
    "vision_tokens", "text_tokens", "compression", "quality", "width", "height",
]  # fmt: skip


_REJECT_COLUMNS = [
    "level", "source_uri", "page_index", "stage", "reason", "detail", "kept_id", "similarity",
]  # fmt: skip
_MOST_REJECTS = 20


@dataclass(frozen=True, slots=True)
class Inspection:
    """A version as a reader first wants to see it.

    `versions` are the newest of the `versions_published`, newest first; `changes` of one is the
    summary of `pipelines.dataset.diff`, None where it was made before that was kept.
    """

    dataset: str
    version: int
    versions_published: int
    versions: list[dict[str, Any]]
    counts: Mapping[str, int]
    rejects: Mapping[str, int]
    bytes: Mapping[str, int]
    text_sources: Mapping[str, int]
    crop_labels: Mapping[str, int]
    tokens: Mapping[str, int]
    conversation_tokens: Mapping[str, int]
    mix: Mapping[str, Mapping[str, int]]
    columns: Mapping[str, str]
    reject_rows: list[dict[str, Any]]
    samples: list[dict[str, Any]]


def inspect(
    dataset: str, version: int | None = None, samples: int = 3, versions: int = 20
) -> Inspection:
    """Look at one version, the latest by default, and at the story of the newest `versions`.

    Raises DatasetError where there is none.
    """
    uri = store.absolute(dataset)
    snapshot = load_snapshot(uri, version)
    if snapshot is None:
        raise DatasetError(f"{dataset} holds no published version; `pagefoundry run` makes one")
    pages = snapshot.tables["pages"]
    published = [row for row in table_history(pages.uri) if "versions" in row[2]]
    return Inspection(
        dataset=uri,
        version=snapshot.version,
        versions_published=len(published),
        versions=[
            {
                "version": number,
                "timestamp_ms": stamp,
                "counts": metadata["counts"],
                "changes": metadata.get("changes"),
            }
            for number, stamp, metadata in published[:versions]
        ],
        counts=snapshot.metadata["counts"],
        rejects=snapshot.metadata["rejects"],
        bytes={
            name: sum(part.size for part in table.parts) for name, table in snapshot.tables.items()
        },
        text_sources=_counts(snapshot.columns("pages", ["text_source"]), "text_source"),
        crop_labels=_counts(snapshot.columns("crops", ["label"]), "label"),
        tokens=_sums_of(snapshot, "pages", ["vision_tokens", "text_tokens"]),
        conversation_tokens=_sums_of(snapshot, "conversations", ["tokens_before", "tokens_after"]),
        mix=snapshot.metadata.get("mix", {}),
        reject_rows=first_rows(_uris(snapshot, "rejects"), _REJECT_COLUMNS, _MOST_REJECTS),
        columns={field.name: str(field.type) for field in PAGES},
        samples=first_rows(_uris(snapshot, "pages"), _SAMPLE_COLUMNS, samples),
    )


def _uris(snapshot: Snapshot, name: str) -> list[str]:
    table = snapshot.tables[name]
    return [table.part_uri(part) for part in table.parts]


def _sums_of(snapshot: Snapshot, table: str, columns: list[str]) -> dict[str, int]:
    """The sums of some columns; none for a table without a part."""
    found = snapshot.columns(table, columns)
    return {name: sum(found[name].to_pylist()) for name in columns} if found is not None else {}


def _counts(table: pa.Table | None, column: str) -> dict[str, int]:
    counted = table[column].value_counts().to_pylist() if table is not None else []
    return {row["values"]: row["counts"] for row in counted}
