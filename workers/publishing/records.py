"""Records: what decisions need to know of each row of pages, documents or crops.

A page's row is in a staged shard, or in a part of `pages`, `conversations` or `rejects`; a
document's in a part of `documents` or `rejects`, or among those just assembled; a crop's in a
staged shard or a part of `crops`. This module reads a few small columns of these files. It also
writes a scratch file of candidate keys: rows that share one may be duplicates of each other.
Images and texts stay where they are.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.dedup import Dedup
from schemas.ids import crop_id, page_id, row_order
from workers import store
from workers.dataset.columns import findings_keys
from workers.publishing.duplicates import candidate_keys
from workers.shards import Staging

Level = Literal["page", "document", "crop"]
Origin = Literal["pages", "conversations", "documents", "crops", "rejects", "staged", "barred"]


_SHARD_ROWS = 1024  # of some 4 KB each: a file of more rows holds whole documents


@dataclass(frozen=True, slots=True)
class RowsFile:
    """A Parquet file, the table that its rows belong to, and how many rows it has.

    Beside a file of `staged` pages lies one of `crops`, if there are any.

    `staged` rows, of a shard or of documents just assembled, are in no table yet; `barred` rows are
    new rejects of policies.
    """

    uri: str
    origin: Origin
    rows: int
    crops: int = 0

    @property
    def crops_file(self) -> RowsFile:
        """The crops of a file of staged pages."""
        return RowsFile(Staging.crops_beside(self.uri), "staged", self.crops)

    def open(self) -> BinaryIO:
        """Open the file. A shard is read at once, in one request in place of three."""
        if self.origin == "staged" and self.rows <= _SHARD_ROWS:
            return io.BytesIO(*store.read_many([self.uri]))
        return store.open_input(self.uri)


@dataclass(frozen=True, slots=True)
class RecordsTask:
    """Files to load records of, for one level and recipe digest.

    Candidate keys are written to `keys_uri`, unless it is None.
    """

    files: tuple[RowsFile, ...]
    level: Level
    recipe_digest: str
    seed: int
    dedup: Dedup
    keys_uri: str | None


_WORDS = pa.dictionary(pa.int32(), pa.string())

RECORDS = pa.schema(
    [
        ("file", pa.int32()),
        ("row", pa.int32()),
        ("doc_id", _WORDS),
        ("page_index", pa.int32()),
        ("number", pa.int32()),
        ("reason", _WORDS),
        ("source_uri", _WORDS),
        ("weight", pa.int64()),
        ("order", pa.uint64()),
        ("kept_id", pa.string()),
        ("kind", _WORDS),
        ("similarity", pa.float32()),
        ("tokens", pa.int64()),
        ("found", pa.uint64()),
        ("trainer_tokens", pa.int64()),
        ("copies", pa.int32()),
        ("split", _WORDS),
    ]
)
"""One row a page, document or crop. `row` is its place in file `file` of the task. `page_index` is
0 for a document, and `number` is 0 unless the row is a crop. `reason` is null unless the row is a
reject. `weight`, the bytes that the row takes in a part, and `order`, the start of its order key,
are null for published rows. `kept_id`, `kind` and `similarity` are those of a published
duplicate. `tokens` are those of the text, null where there is none; `found` is the key of what
policies found (`schemas.findings.findings_key`). `trainer_tokens` are null where they were not
counted; `copies` and `split` are what a published row says, null where it says nothing."""

_KEY_COLUMNS = ["text_tokens", "text_hash", "minhash"]
_LATER_COLUMNS = ("findings", "trainer_tokens", "copies", "split")
_COLUMNS: dict[tuple[Level, Origin], list[str]] = {
    ("page", "staged"): ["doc_id", "page_index", "reason", "image_bytes"],
    ("page", "pages"): ["doc_id", "page_index", "source_uri"],
    ("page", "conversations"): ["doc_id", "page_index", "source_uri"],
    ("page", "rejects"): ["doc_id", "page_index", "source_uri", "reason", "kept_id", "detail",
                          "similarity"],
    ("document", "staged"): ["doc_id"],
    ("document", "documents"): ["doc_id", "source_uri"],
    ("document", "rejects"): ["doc_id", "source_uri", "reason", "kept_id", "detail", "similarity"],
    ("crop", "staged"): ["crop_id", "doc_id", "page_index", "image_bytes"],
    ("crop", "crops"): ["crop_id", "doc_id", "page_index", "source_uri"],
}  # fmt: skip
_ROW_BYTES: dict[Level, int] = {"page": 2048, "document": 2048, "crop": 256}  # but image and text
_TEXT_BYTES_PER_TOKEN = 2  # of about four characters, halved by zstd


def load_records(task: RecordsTask) -> pa.Table:
    """The records of some files in the shape of `RECORDS`. Writes their candidate keys too."""
    tables, keys = [], []
    for number, file in enumerate(task.files):
        rows = _read(file, task)
        tables.append(_records(rows, number, file, task))
        if task.keys_uri is not None:
            keys.append(candidate_keys(rows, task.dedup, by_picture=task.level == "page"))
    if task.keys_uri is not None:
        out = io.BytesIO()
        # Compression does not shrink hashes.
        pq.write_table(pa.concat_tables(keys), out, compression="none", use_dictionary=False)
        store.write_bytes(task.keys_uri, out.getvalue())
    return pa.concat_tables(tables).unify_dictionaries()


def _read(file: RowsFile, task: RecordsTask) -> pa.Table:
    """The needed columns of the rows of the task's level and digest, and the place of each row."""
    columns = [*_COLUMNS[task.level, file.origin], "recipe_digest"]
    if task.level != "crop":
        columns += _KEY_COLUMNS
    elif file.origin == "staged":
        columns.append("text_tokens")
    if file.origin == "rejects":
        columns.append("level")
    with file.open() as handle:
        parquet = pq.ParquetFile(handle)
        # Parts of an earlier release have no such columns.
        columns += [name for name in _LATER_COLUMNS if name in parquet.schema_arrow.names]
        table = parquet.read(columns=columns)
    table = table.append_column("row", pa.array(np.arange(table.num_rows, dtype=np.int32)))
    wanted = pc.equal(table["recipe_digest"], task.recipe_digest)
    if file.origin == "rejects":
        wanted = pc.and_(wanted, pc.equal(table["level"], task.level))
    return table.filter(wanted)


def _records(rows: pa.Table, number: int, file: RowsFile, task: RecordsTask) -> pa.Table:
    count = rows.num_rows
    zeros = pa.array(np.zeros(count, np.int32))
    columns = {field.name: pa.nulls(count, field.type) for field in RECORDS}
    columns |= {"file": pa.array(np.full(count, number, np.int32)), "row": rows["row"]}
    columns |= {"page_index": zeros, "number": zeros}
    for name in ("page_index", "kept_id", "similarity", "trainer_tokens", "copies"):
        if name in rows.column_names:
            columns[name] = rows[name]
    for name, source in (
        ("doc_id", "doc_id"),
        ("reason", "reason"),
        ("source_uri", "source_uri"),
        ("kind", "detail"),
        ("split", "split"),
    ):
        if source in rows.column_names:
            columns[name] = rows[source].cast(_WORDS)
    if "text_tokens" in rows.column_names:
        columns["tokens"] = rows["text_tokens"].cast(pa.int64())
    if "findings" in rows.column_names:
        columns["found"] = pa.array(findings_keys(rows["findings"]))
    else:
        columns["found"] = pa.array(np.zeros(count, np.uint64))
    if task.level == "crop":
        numbers = [int(name.rpartition("-")[2]) for name in rows["crop_id"].to_pylist()]
        columns["number"] = pa.array(numbers, pa.int32())
    if file.origin == "staged":
        columns["weight"] = _weights(rows, task.level)
        columns["order"] = _orders(rows["doc_id"], columns["page_index"], task)
    return pa.table(columns, schema=RECORDS)


def _weights(rows: pa.Table, level: Level) -> pa.Array:
    text_bytes = pc.multiply(
        pc.fill_null(rows["text_tokens"], 0).cast(pa.int64()), _TEXT_BYTES_PER_TOKEN
    )
    weights = pc.add(text_bytes, _ROW_BYTES[level])
    if "image_bytes" in rows.column_names:
        weights = pc.add(weights, pc.fill_null(rows["image_bytes"], 0))
    return weights


def _orders(
    doc_ids: pa.ChunkedArray, indices: pa.Array | pa.ChunkedArray, task: RecordsTask
) -> pa.Array:
    pairs = zip(doc_ids.to_pylist(), indices.to_pylist(), strict=True)
    orders = [
        int.from_bytes(row_order(task.seed, _row_id(task.level, *pair))[0][:8], "big")
        for pair in pairs
    ]
    return pa.array(orders, pa.uint64())


def _row_id(level: Level, doc_id: str, page_index: int) -> str:
    """The id that decides a row's order: a crop has its page's, so that crops follow their page."""
    return doc_id if level == "document" else page_id(doc_id, page_index)


def record_id(level: Level, doc_id: str, page_index: int, number: int) -> str:
    """The id of a record's row."""
    if level == "crop":
        return crop_id(page_id(doc_id, page_index), number)
    return _row_id(level, doc_id, page_index)


# ---- what decisions need of candidates --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ItemsTask:
    """Rows of one file that are compared with others, by place: int32 (rows,)."""

    file: RowsFile
    rows: npt.NDArray[np.int32]


ITEMS = pa.schema(
    [
        ("score", pa.float64()),
        ("text_tokens", pa.int64()),
        ("text_hash", pa.binary()),
        ("image_hash", pa.binary()),
        ("minhash", pa.binary()),
    ]
)


def load_items(task: ItemsTask) -> tuple[ItemsTask, pa.Table]:
    """The columns by which the task's rows are compared, in the shape of `ITEMS`, in their order.

    `image_hash` is null for documents.
    """
    with task.file.open() as handle:
        file = pq.ParquetFile(handle)
        names = file.schema_arrow.names
        score = "quality" if "quality" in names else "quality_score"
        wanted = [name for name in ITEMS.names if name in names]
        table = file.read(columns=[*wanted, score]).take(pa.array(task.rows))
    columns = {name: table[name] for name in wanted}
    scores = table[score] if score != "quality" else pc.struct_field(table[score], "score")
    columns["score"] = scores.cast(pa.float64())
    if "image_hash" not in columns:
        columns["image_hash"] = pa.nulls(table.num_rows, pa.binary())
    return task, pa.table({name: columns[name].cast(t) for name, t in _types(ITEMS)}, schema=ITEMS)


def _types(schema: pa.Schema) -> Sequence[tuple[str, pa.DataType]]:
    return [(field.name, field.type) for field in schema]
