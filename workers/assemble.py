"""Assemble the rows of a version from where they were read: pages, crops, documents, rejects.

Each function builds one part, or the rows for some, from values that name where rows lie. Which
rows a version has is decided in `pipelines.publish`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.pages import image_path
from schemas.tables import DOCUMENTS, KEYS, REJECTS, SCHEMAS
from workers.candidates import RowsFile, signature_matrix
from workers.delta import PartFile
from workers.parts import filtered_groups, read_part, write_part
from workers.signatures import text_hash
from workers.staging import Staging

PAGE_SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True)
class RowPlace:
    """A staged row that goes to `pages` or `crops`, and the source URI that it will name."""

    row_id: str
    shard_id: str
    source_uri: str


@dataclass(frozen=True, slots=True)
class NewImagesPart:
    """A new part of `pages` or `crops`: its rows in order, one tuple a row group."""

    dataset: str
    table: str
    staging: Staging
    groups: tuple[tuple[RowPlace, ...], ...]


@dataclass(frozen=True, slots=True)
class RewrittenPart:
    """A part that loses or changes rows: the ids that stay, and new source URIs by id."""

    dataset: str
    table: str
    uri: str
    key: str
    keep: tuple[str, ...]
    source_uris: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """A document to assemble: its readable pages in order, each with the file its row lies in."""

    doc_id: str
    source_uri: str
    page_count: int
    recipe_digest: str
    pages: tuple[tuple[int, str, RowsFile], ...]


@dataclass(frozen=True, slots=True)
class NewDocumentsPart:
    """A new part of `documents`: its documents in order, and documents a row group."""

    dataset: str
    plans: tuple[DocumentPlan, ...]
    rows_per_group: int


def write_images_part(part: NewImagesPart) -> PartFile:
    """Write a part from staged shards; the images of one row group are in memory at a time."""
    return write_part(part.dataset, part.table, _image_groups(part))


def _image_groups(part: NewImagesPart) -> Iterator[pa.Table]:
    key = KEYS[part.table]
    read = part.staging.read_rows if part.table == "pages" else part.staging.read_crops
    by_shard: dict[str, list[str]] = {}
    for group in part.groups:
        for place in group:
            by_shard.setdefault(place.shard_id, []).append(place.row_id)
    tables = []
    for shard_id, row_ids in by_shard.items():
        rows = read(shard_id)
        tables.append(rows.filter(pc.is_in(rows[key], value_set=pa.array(row_ids))))
    rows = pa.concat_tables(tables).combine_chunks()
    row_of = {row_id: row for row, row_id in enumerate(rows[key].to_pylist())}
    for group in part.groups:
        chosen = rows.take(pa.array([row_of[place.row_id] for place in group]))
        yield _with_images(chosen, group, part)


def _with_images(rows: pa.Table, group: Sequence[RowPlace], part: NewImagesPart) -> pa.Table:
    schema = SCHEMAS[part.table]
    offsets, lengths = rows["image_offset"].to_pylist(), rows["image_bytes"].to_pylist()
    images = []
    for place, offset, length in zip(group, offsets, lengths, strict=True):
        data = part.staging.read_image(place.shard_id, offset, length)
        images.append({"bytes": data, "path": image_path(place.row_id, data)})
    columns = {
        "source_uri": pa.array([place.source_uri for place in group]),
        "image": pa.array(images, schema.field("image").type),
    }
    return pa.table(
        {name: columns[name] if name in columns else rows[name] for name in schema.names},
        schema=schema,
    )


def rewrite_part(part: RewrittenPart) -> PartFile | None:
    """Write a part again without the rows that left; None where none stays."""
    if not part.keep:
        return None
    groups = filtered_groups(part.uri, part.key, pa.array(part.keep, pa.string()))
    return write_part(part.dataset, part.table, (_renamed(group, part) for group in groups))


def _renamed(group: pa.Table, part: RewrittenPart) -> pa.Table:
    if not part.source_uris:
        return group
    ids, uris = group[part.key].to_pylist(), group["source_uri"].to_pylist()
    names = [part.source_uris.get(row_id, uri) for row_id, uri in zip(ids, uris, strict=True)]
    place = group.column_names.index("source_uri")
    return group.set_column(place, "source_uri", pa.array(names, pa.string()))


def document_rows(plans: Sequence[DocumentPlan]) -> pa.Table:
    """Assemble documents: texts of all readable pages, joined by a blank line."""
    wanted: dict[RowsFile, list[str]] = {}
    for plan in plans:
        for _, page_id, file in plan.pages:
            wanted.setdefault(file, []).append(page_id)
    columns = ["page_id", "text", "text_tokens", "language", "quality", "text_hash", "minhash"]
    rows: dict[str, dict[str, Any]] = {}
    for file, page_ids in wanted.items():
        table = read_part(file.uri, columns)
        table = table.filter(pc.is_in(table["page_id"], value_set=pa.array(page_ids)))
        rows.update((row["page_id"], row) for row in table.to_pylist())
    return pa.Table.from_pylist([_document_row(plan, rows) for plan in plans], schema=DOCUMENTS)


def _document_row(plan: DocumentPlan, rows: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    pages = [rows[page_id] for _, page_id, _ in plan.pages]
    offsets, at = [], 0
    for page in pages:
        offsets.append(at)
        at += len(page["text"]) + len(PAGE_SEPARATOR)
    tokens = [page["text_tokens"] for page in pages]
    by_language: Counter[str] = Counter()
    for page, count in zip(pages, tokens, strict=True):
        by_language[page["language"]] += count
    scores = [page["quality"]["score"] for page in pages]
    signatures = signature_matrix(pa.array([page["minhash"] for page in pages]))
    return {
        "doc_id": plan.doc_id,
        "source_uri": plan.source_uri,
        "page_count": plan.page_count,
        "text": PAGE_SEPARATOR.join(page["text"] for page in pages),
        "page_indices": [index for index, _, _ in plan.pages],
        "page_offsets": offsets,
        "text_tokens": sum(tokens),
        "language": min(by_language, key=lambda code: (-by_language[code], code)),
        "quality_score": round(float(np.average(scores, weights=tokens)), 4),
        "text_hash": text_hash([page["text_hash"].hex() for page in pages]),
        # The signature of a union of shingle sets is the minimum of their signatures.
        "minhash": signatures.min(axis=0).astype("<u8").tobytes(),
        "recipe_digest": plan.recipe_digest,
    }


def summarise_documents(plans: Sequence[DocumentPlan]) -> pa.Table:
    """Document rows without their texts: what deduplication needs."""
    return document_rows(plans).drop_columns(["text", "page_indices", "page_offsets"])


def write_documents_part(part: NewDocumentsPart) -> PartFile:
    """Write a part of `documents`."""
    step = part.rows_per_group
    starts = range(0, len(part.plans), step)
    groups = (document_rows(part.plans[start : start + step]) for start in starts)
    return write_part(part.dataset, "documents", groups)


def page_reject_rows(task: tuple[RowsFile, Sequence[str]]) -> list[dict[str, Any]]:
    """Rows in the shape of `REJECTS` of some pages of one file, without `source_uri`."""
    file, page_ids = task
    columns = ["page_id", "doc_id", "page_index", "quality", "attempts", "text_tokens",
               "text_hash", "minhash", "image_hash", "recipe_digest"]  # fmt: skip
    if file.origin != "pages":
        columns += ["stage", "reason", "detail"]
    if file.origin == "rejects":
        columns += ["kept_id", "similarity"]
    table = read_part(file.uri, columns)
    table = table.filter(pc.is_in(table["page_id"], value_set=pa.array(page_ids)))
    empty = dict.fromkeys(REJECTS.names)
    return [empty | {"level": "page"} | row for row in table.to_pylist()]


def write_rows(
    dataset: str, table: str, rows: Iterable[Mapping[str, Any]], schema: pa.Schema
) -> list[PartFile]:
    """Write a small table whole, in the order given: one part, or none for no rows."""
    data = pa.Table.from_pylist(list(rows), schema=schema)
    if data.num_rows == 0:
        return []
    step = 50_000
    groups = (data.slice(start, step) for start in range(0, data.num_rows, step))
    return [write_part(dataset, table, groups)]
