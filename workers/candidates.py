"""Read what deduplication, coverage and publishing need of each row, wherever it lies.

A page's record is in a staged shard, in a part of `pages`, or in a part of `rejects`; a crop's in
a staged shard or a part of `crops`. This module reads the few small columns of such a file; images
and texts stay where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workers import store
from workers.duplicates import band_keys

Origin = Literal["staged", "pages", "rejects", "crops"]


@dataclass(frozen=True, slots=True)
class RowsFile:
    """A Parquet file with rows of pages or crops, and which table it is of."""

    uri: str
    origin: Origin


RECORDS = pa.schema(
    [
        ("page_id", pa.string()),
        ("doc_id", pa.string()),
        ("page_index", pa.int32()),
        ("reason", pa.string()),
        ("kept_id", pa.string()),
        ("source_uri", pa.string()),
        ("recipe_digest", pa.string()),
        ("score", pa.float64()),
        ("text_tokens", pa.int64()),
        ("text_hash", pa.binary()),
        ("image_hash", pa.binary()),
        ("bytes", pa.int64()),
        ("band_keys", pa.binary()),
    ]
)
"""One row a page. `reason` is null for a sample; `bytes` is about what the row weighs in a part
(null where the row is published already); `band_keys` holds the LSH keys, uint64 each."""

CROP_RECORDS = pa.schema(
    [
        ("crop_id", pa.string()),
        ("page_id", pa.string()),
        ("source_uri", pa.string()),
        ("bytes", pa.int64()),
    ]
)
"""One row a crop. `source_uri` is null for a staged crop, `bytes` for a published one."""

_COLUMNS = {
    "staged": ["page_id", "doc_id", "page_index", "reason", "recipe_digest", "text_tokens",
               "text_hash", "image_hash", "minhash", "quality", "image_bytes", "text"],
    "pages": ["page_id", "doc_id", "page_index", "source_uri", "recipe_digest", "text_tokens",
              "text_hash", "image_hash", "minhash", "quality"],
    "rejects": ["level", "page_id", "doc_id", "page_index", "reason", "kept_id", "source_uri",
                "recipe_digest", "text_tokens", "text_hash", "image_hash", "minhash", "quality"],
}  # fmt: skip
_ROW_OVERHEAD_BYTES = 2048  # signatures, blocks and the small columns
_CROP_OVERHEAD_BYTES = 256  # the small columns


def load_records(file: RowsFile, bands: int) -> pa.Table:
    """The page records of one file, in the shape of `RECORDS`."""
    table = _read(file, _COLUMNS[file.origin])
    if file.origin == "rejects":
        table = table.filter(pc.equal(table["level"], "page"))
    count = table.num_rows
    columns: dict[str, pa.Array | pa.ChunkedArray] = {}
    for field in RECORDS:
        if field.name in table.column_names:
            columns[field.name] = table[field.name].cast(field.type)
        else:
            columns[field.name] = pa.nulls(count, field.type)
    columns["score"] = pc.struct_field(table["quality"], "score").cast(pa.float64())
    if file.origin == "staged":
        columns["bytes"] = _weights(table, _ROW_OVERHEAD_BYTES)
    columns["band_keys"] = _band_column(table["minhash"].combine_chunks(), bands)
    return pa.table(columns, schema=RECORDS)


def _weights(staged: pa.Table, overhead_bytes: int) -> pa.ChunkedArray:
    """About what each row weighs in a part: zstd halves text; images do not shrink."""
    text_bytes = pc.divide(pc.fill_null(pc.binary_length(staged["text"]), 0), 2)
    weight = pc.add(pc.fill_null(staged["image_bytes"], 0), text_bytes.cast(pa.int64()))
    return pc.add(weight, overhead_bytes)


def load_crop_records(file: RowsFile) -> pa.Table:
    """The crop records of one file, in the shape of `CROP_RECORDS`."""
    if file.origin == "crops":
        table = _read(file, ["crop_id", "page_id", "source_uri"])
        return table.append_column("bytes", pa.nulls(table.num_rows, pa.int64())).cast(CROP_RECORDS)
    table = _read(file, ["crop_id", "page_id", "image_bytes", "text"])
    columns = {
        "crop_id": table["crop_id"],
        "page_id": table["page_id"],
        "source_uri": pa.nulls(table.num_rows, pa.string()),
        "bytes": _weights(table, _CROP_OVERHEAD_BYTES),
    }
    return pa.table(columns, schema=CROP_RECORDS)


def _read(file: RowsFile, columns: Sequence[str]) -> pa.Table:
    with store.open_input(file.uri) as handle:
        return pq.ParquetFile(handle).read(columns=list(columns))


def _band_column(minhash: pa.Array, bands: int) -> pa.Array:
    present = minhash.is_valid().to_numpy(zero_copy_only=False)
    keys = np.zeros((len(minhash), bands), np.uint64)
    if present.any():
        keys[present] = band_keys(signature_matrix(minhash.drop_null()), bands)
    packed = [row.tobytes() if valid else None for row, valid in zip(keys, present, strict=True)]
    return pa.array(packed, pa.binary())


def signature_matrix(minhash: pa.Array) -> npt.NDArray[np.uint64]:
    """Stored signatures as uint64 (rows, permutations). No nulls."""
    if len(minhash) == 0:
        return np.zeros((0, 0), np.uint64)
    flat = np.frombuffer(b"".join(minhash.to_pylist()), "<u8").astype(np.uint64, copy=False)
    return flat.reshape(len(minhash), -1)


def load_signatures(
    file: RowsFile, wanted: Sequence[str]
) -> tuple[list[str], npt.NDArray[np.uint64]]:
    """Ids and signatures of those of the `wanted` pages that the file holds."""
    table = _read(file, ["page_id", "minhash"])
    chosen = table.filter(
        pc.and_(
            pc.is_in(table["page_id"], value_set=pa.array(wanted, pa.string())),
            pc.is_valid(table["minhash"]),
        )
    )
    return chosen["page_id"].to_pylist(), signature_matrix(chosen["minhash"].combine_chunks())
