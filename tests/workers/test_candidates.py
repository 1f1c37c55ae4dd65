"""Records for deduplication are the same wherever a page's row lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from schemas.pages import PageError
from schemas.tables import SCHEMAS
from tests.builders import PROSE, make_crop, make_crop_rows, make_row, make_shard
from workers import store
from workers.candidates import (
    CROP_RECORDS,
    RECORDS,
    RowsFile,
    load_crop_records,
    load_records,
    load_signatures,
    signature_matrix,
)
from workers.duplicates import band_keys
from workers.parts import write_part
from workers.score import reject_row
from workers.staging import Staging

BANDS = 16
ROWS = [make_row(1, 0), make_row(1, 1, PROSE[::-1]), make_row(1, 2, "Another page. " + PROSE)]


def staged(folder: Path, rows: list[dict[str, Any]]) -> RowsFile:
    shard, staging = make_shard((1, 0, len(rows))), Staging(str(folder))
    staging.write(shard, rows, [b"x" * 100] * len(rows))
    return RowsFile(staging.rows_uri(shard.shard_id), "staged")


def published(folder: Path, table: str, rows: list[dict[str, Any]]) -> RowsFile:
    known = [{k: v for k, v in row.items() if k in SCHEMAS[table].names} for row in rows]
    part = write_part(str(folder), table, [pa.Table.from_pylist(known, schema=SCHEMAS[table])])
    return RowsFile(store.join(str(folder), table, part.path), table)  # type: ignore[arg-type]


def every_origin(folder: Path, rows: list[dict[str, Any]]) -> list[RowsFile]:
    pages = [row | {"level": "page"} for row in rows]
    return [
        staged(folder, rows),
        *(published(folder, name, pages) for name in ("pages", "rejects")),
    ]


def test_a_record_is_the_same_from_every_origin(tmp_path: Path) -> None:
    same = [
        "page_id",
        "doc_id",
        "page_index",
        "score",
        "text_tokens",
        "text_hash",
        "image_hash",
        "band_keys",
    ]
    tables = [load_records(file, BANDS) for file in every_origin(tmp_path, ROWS)]
    assert all(table.schema.equals(RECORDS) for table in tables)
    first, *others = (table.select(same) for table in tables)
    assert first["page_id"].to_pylist() == [row["page_id"] for row in ROWS]
    assert all(other.equals(first) for other in others)


def test_band_keys_are_those_of_the_stored_signatures(tmp_path: Path) -> None:
    records = load_records(staged(tmp_path, ROWS), BANDS)
    found = np.frombuffer(b"".join(records["band_keys"].to_pylist()), np.uint64).reshape(3, BANDS)
    signatures = signature_matrix(pa.array([row["minhash"] for row in ROWS]))
    assert np.array_equal(found, band_keys(signatures, BANDS))


def test_a_page_without_a_reading_has_a_record_without_keys(tmp_path: Path) -> None:
    page = ROWS[1]["page_id"]
    rows = [ROWS[0], reject_row(page, "raster", PageError("timeout", "")), ROWS[2]]
    records = load_records(staged(tmp_path, rows), BANDS).to_pylist()
    assert [record["reason"] for record in records] == [None, "timeout", None]
    assert [record["band_keys"] is None for record in records] == [False, True, False]
    assert records[1]["score"] is None


def test_rejected_documents_are_no_page_records(tmp_path: Path) -> None:
    rows = [ROWS[0] | {"level": "page", "kept_id": "kept"}, {"level": "document", "doc_id": "d"}]
    records = load_records(published(tmp_path, "rejects", rows), BANDS).to_pylist()
    assert [(r["page_id"], r["kept_id"]) for r in records] == [(ROWS[0]["page_id"], "kept")]


def test_a_staged_row_weighs_its_image_and_text(tmp_path: Path) -> None:
    records = load_records(staged(tmp_path, ROWS), BANDS)
    assert records["bytes"][0].as_py() == 100 + len(PROSE) // 2 + 2048
    assert load_records(published(tmp_path, "pages", ROWS), BANDS)["bytes"].null_count == 3


@pytest.mark.parametrize("wanted", [[], [0], [2, 0], [0, 1, 2]])
def test_signatures_are_loaded_for_the_wanted_pages_only(tmp_path: Path, wanted: list[int]) -> None:
    ids = [ROWS[index]["page_id"] for index in wanted]
    for file in every_origin(tmp_path, ROWS):
        names, signatures = load_signatures(file, [*ids, "of another file"])
        assert sorted(names) == sorted(ids)
        for name, signature in zip(names, signatures, strict=True):
            stored = next(row["minhash"] for row in ROWS if row["page_id"] == name)
            assert signature.astype("<u8").tobytes() == stored


def test_an_empty_part_has_no_records(tmp_path: Path) -> None:
    for table in ("pages", "rejects"):
        assert load_records(published(tmp_path, table, []), BANDS).num_rows == 0


def test_a_crops_record_tells_its_weight_or_where_it_was_published_from(tmp_path: Path) -> None:
    crops = make_crop_rows(ROWS[0], [make_crop(ROWS[0]["page_id"], number) for number in (0, 1)])
    shard, staging = make_shard((1, 0, 1)), Staging(str(tmp_path))
    staging.write(shard, ROWS[:1], [b"x" * 100], crops)
    staged = load_crop_records(RowsFile(staging.crops_uri(shard.shard_id), "staged"))
    rows = [row | {"source_uri": "/a.pdf"} for row, _ in crops]
    file = published(tmp_path, "crops", rows)
    old = load_crop_records(file)
    assert staged.schema.equals(CROP_RECORDS)
    assert old.schema.equals(CROP_RECORDS)
    for column in ("crop_id", "page_id"):
        assert staged[column].to_pylist() == old[column].to_pylist() == [r[column] for r in rows]
    weights = [len(image) + len(row["text"]) // 2 + 256 for row, image in crops]
    assert (staged["bytes"].to_pylist(), old["bytes"].null_count) == (weights, 2)
    assert (staged["source_uri"].null_count, old["source_uri"].to_pylist()) == (2, ["/a.pdf"] * 2)
