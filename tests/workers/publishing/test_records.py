"""Records are the same wherever a row lies, and so are the keys of what may be duplicates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from schemas.ids import order_key
from schemas.pages import PageError
from schemas.recipe import Dedup
from schemas.tables import SCHEMAS
from tests.builders import PROSE, RECIPE_DIGEST, make_crop, make_crop_rows, make_row, make_shard
from workers import store
from workers.dataset import read_part, write_part
from workers.publishing.buckets import Bucketing, KeysFile, bucket_edges
from workers.publishing.duplicates import band_keys, key_columns, signature_matrix
from workers.publishing.records import (
    ITEMS,
    RECORDS,
    ItemsTask,
    Level,
    RecordsTask,
    RowsFile,
    load_items,
    load_records,
)
from workers.shards import Staging
from workers.shards.score import reject_row

DEDUP = Dedup()
ROWS = [make_row(1, 0), make_row(1, 1, PROSE[::-1]), make_row(1, 2, "Another page. " + PROSE)]


def staged(folder: Path, rows: list[dict[str, Any]]) -> RowsFile:
    shard, staging = make_shard((1, 0, len(rows))), Staging(str(folder))
    staging.write(shard, rows, [b"x" * 100] * len(rows))
    return RowsFile(staging.rows_uri(shard.shard_id), "staged", len(rows))


def published(folder: Path, table: str, rows: list[dict[str, Any]]) -> RowsFile:
    rows = [row | {"recipe_digest": RECIPE_DIGEST} for row in rows]
    known = [{k: v for k, v in row.items() if k in SCHEMAS[table].names} for row in rows]
    part = write_part(str(folder), table, [pa.Table.from_pylist(known, schema=SCHEMAS[table])])
    uri = store.join(str(folder), table, part.path)
    return RowsFile(uri, table, part.rows)  # type: ignore[arg-type]


def every_origin(folder: Path, rows: list[dict[str, Any]]) -> list[RowsFile]:
    pages = [row | {"level": "page"} for row in rows]
    return [
        staged(folder, rows),
        *(published(folder, name, pages) for name in ("pages", "rejects")),
    ]


def task(*files: RowsFile, level: Level = "page", keys: Path | None = None) -> RecordsTask:
    return RecordsTask(files, level, RECIPE_DIGEST, 7, DEDUP, str(keys) if keys else None)


def records(*files: RowsFile, level: Level = "page") -> list[dict[str, Any]]:
    table = load_records(task(*files, level=level))
    assert table.schema.equals(RECORDS)
    return table.to_pylist()  # type: ignore[no-any-return]


def test_a_record_and_its_keys_are_the_same_from_every_origin(tmp_path: Path) -> None:
    files = every_origin(tmp_path, ROWS)
    for number, file in enumerate(files):
        found = records(file)
        assert [(r["doc_id"], r["page_index"], r["row"]) for r in found] == [
            (row["doc_id"], row["page_index"], place) for place, row in enumerate(ROWS)
        ]
        load_records(task(file, keys=tmp_path / f"{number}.parquet"))
    first, *others = (read_part(str(tmp_path / f"{number}.parquet")) for number in range(3))
    assert first.column_names == key_columns(DEDUP, by_picture=True)
    assert all(other.equals(first) for other in others)


def test_band_keys_are_those_of_the_stored_signatures(tmp_path: Path) -> None:
    load_records(task(staged(tmp_path, ROWS), keys=tmp_path / "keys"))
    keys = read_part(str(tmp_path / "keys"))
    assert DEDUP.near is not None
    signatures = signature_matrix(pa.array([row["minhash"] for row in ROWS]))
    expected = band_keys(signatures, DEDUP.near.bands)
    bands = [name for name in keys.column_names if name.startswith("band_")]
    assert np.array_equal(np.stack([keys[name].to_numpy() for name in bands], 1), expected)


def test_a_page_without_a_reading_has_a_record_without_keys(tmp_path: Path) -> None:
    rows = [ROWS[0], reject_row(ROWS[1]["page_id"], "raster", PageError("timeout", "")), ROWS[2]]
    table = load_records(task(staged(tmp_path, rows), keys=tmp_path / "keys"))
    assert table["reason"].to_pylist() == [None, "timeout", None]
    for column in read_part(str(tmp_path / "keys")).columns:
        assert column.is_valid().to_pylist() == [True, False, True]


def test_each_level_of_rejects_has_its_own_records(tmp_path: Path) -> None:
    duplicate = {"reason": "duplicate", "kept_id": "kept", "detail": "near_text", "similarity": 0.5}
    rows = [
        ROWS[0] | duplicate | {"level": "page"},
        {"level": "document", "doc_id": "d", "reason": "corrupt"},
    ]
    file = published(tmp_path, "rejects", rows)
    (page,), (document,) = records(file), records(file, level="document")
    assert (page["row"], page["doc_id"]) == (0, ROWS[0]["doc_id"])
    assert (page["kept_id"], page["kind"], page["similarity"]) == ("kept", "near_text", 0.5)
    assert (document["row"], document["doc_id"], document["reason"]) == (1, "d", "corrupt")


def test_rows_of_other_settings_have_no_records(tmp_path: Path) -> None:
    for file in every_origin(tmp_path, ROWS):
        other = replace(task(file), recipe_digest="another digest")
        assert load_records(other).num_rows == 0


def test_staged_rows_have_a_weight_and_an_order(tmp_path: Path) -> None:
    for record, row in zip(records(staged(tmp_path, ROWS)), ROWS, strict=True):
        assert record["weight"] == 100 + 2 * row["text_tokens"] + 2048
        assert record["order"] == int.from_bytes(order_key(7, row["page_id"])[:8], "big")
    for record in records(published(tmp_path, "pages", ROWS)):
        assert (record["weight"], record["order"]) == (None, None)


def test_an_empty_part_has_no_records(tmp_path: Path) -> None:
    for table in ("pages", "rejects"):
        assert records(published(tmp_path, table, [])) == []


def test_a_crops_record_tells_its_number_and_its_weight(tmp_path: Path) -> None:
    crops = make_crop_rows(ROWS[0], [make_crop(ROWS[0]["page_id"], number) for number in (0, 1)])
    shard, staging = make_shard((1, 0, 1)), Staging(str(tmp_path))
    staging.write(shard, ROWS[:1], [b"x" * 100], crops)
    fresh = records(RowsFile(staging.crops_uri(shard.shard_id), "staged", 2), level="crop")
    rows = [row | {"source_uri": "/a.pdf"} for row, _ in crops]
    old = records(published(tmp_path, "crops", rows), level="crop")
    for found in (fresh, old):
        assert [(r["doc_id"], r["page_index"], r["number"]) for r in found] == [
            (ROWS[0]["doc_id"], 0, number) for number in (0, 1)
        ]
    weights = [len(image) + 2 * row["text_tokens"] + 256 for row, image in crops]
    assert [r["weight"] for r in fresh] == weights
    assert {r["source_uri"] for r in old} == {"/a.pdf"}
    # Crops follow their page: they have its order.
    assert {r["order"] for r in fresh} == {records(staged(tmp_path, ROWS))[0]["order"]}


@pytest.mark.parametrize("wanted", [[], [0], [2, 0], [0, 1, 2]])
def test_items_are_loaded_for_the_wanted_rows_in_their_order(
    tmp_path: Path, wanted: list[int]
) -> None:
    for file in every_origin(tmp_path, ROWS):
        _, items = load_items(ItemsTask(file, np.array(wanted, np.int32)))
        assert items.schema.equals(ITEMS)
        for name in ("text_tokens", "text_hash", "image_hash", "minhash"):
            assert items[name].to_pylist() == [ROWS[place][name] for place in wanted]
        scores = [ROWS[place]["quality"]["score"] for place in wanted]
        assert items["score"].to_pylist() == pytest.approx(scores)


def test_buckets_span_files_and_leave_out_what_is_not_wanted(tmp_path: Path) -> None:
    files = every_origin(tmp_path, ROWS)
    for number, file in enumerate(files):
        load_records(task(file, keys=tmp_path / f"{number}.parquet"))

    def edges(*wanted: list[int]) -> list[list[int]]:
        keys = tuple(
            KeysFile(str(tmp_path / f"{number}.parquet"), 3, np.packbits(np.array(bits, bool)))
            for number, bits in enumerate(wanted)
        )
        return bucket_edges(Bucketing(("text",), keys)).tolist()  # type: ignore[no-any-return]

    # Each page is in each file: its bucket is a star around the first that is wanted.
    assert sorted(edges([1, 1, 1], [1, 1, 1])) == [[0, 3], [1, 4], [2, 5]]
    assert sorted(edges([1, 0, 1], [1, 1, 0], [1, 1, 1])) == [[0, 3], [0, 6], [2, 8], [4, 7]]
    assert edges([0, 0, 0], [1, 1, 1]) == []
