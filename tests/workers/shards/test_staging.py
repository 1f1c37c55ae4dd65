"""Staging: a shard's rows and images survive their files, and the receipt says what is there."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import IntegrityError
from schemas.pages import PageError
from schemas.tables import STAGED, STAGED_CROPS
from tests.builders import PROSE, make_crop, make_crop_rows, make_row, make_shard
from workers import store
from workers.dataset import read_part
from workers.shards.score import reject_row
from workers.shards.staging import Staging

# A page is a text and its image, or a reject reason; texts too short are rejects with a picture.
staged_pages = st.lists(
    st.one_of(
        st.tuples(st.text(max_size=200), st.binary(max_size=50)),
        st.sampled_from(["timeout", "corrupt"]),
    ),
    min_size=1,
    max_size=4,
)


def stage(folder: Path, pages: list) -> tuple:
    shard = make_shard((1, 0, len(pages)))
    rows, images = [], []
    for index, (page, made) in enumerate(zip(shard.page_ids(), pages, strict=True)):
        if isinstance(made, str):
            rows.append(reject_row(page, "raster", PageError(made, "for the test")))
            images.append(None)
        else:
            rows.append(make_row(1, index, made[0]))
            images.append(made[1])
    staging = Staging(str(folder))
    return staging, shard, rows, images, staging.write(shard, rows, images)


@given(staged_pages)
@settings(max_examples=40)
def test_rows_and_images_survive_their_files(tmp_path_factory, pages) -> None:
    folder = tmp_path_factory.mktemp("staging")
    staging, shard, rows, images, _ = stage(folder, pages)
    table = read_part(staging.rows_uri(shard.shard_id))
    assert table.schema.equals(STAGED)
    for read, row, image in zip(table.to_pylist(), rows, images, strict=True):
        for name in ("page_id", "reason", "text", "minhash", "text_tokens", "blocks", "attempts"):
            assert read[name] == row.get(name)
        assert (read["image_offset"] is None) == (row["reason"] is not None)
        if read["image_offset"] is not None:
            where = read["image_offset"], read["image_bytes"]
            assert store.read_range(staging.images_uri(shard.shard_id), *where) == image
        assert read["recipe_digest"] == shard.recipe_digest


@given(staged_pages)
@settings(max_examples=20)
def test_writing_a_shard_again_gives_the_same_bytes(tmp_path_factory, pages) -> None:
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    receipt = stage(first, pages)[-1]
    assert stage(second, pages)[-1] == receipt
    for name in os.listdir(first):
        assert (first / name).read_bytes() == (second / name).read_bytes()


@given(staged_pages)
@settings(max_examples=20)
def test_the_receipt_accounts_for_files_and_pages(tmp_path_factory, pages) -> None:
    folder = tmp_path_factory.mktemp("staging")
    staging, shard, rows, _, receipt = stage(folder, pages)
    files = {
        suffix: (folder / f"{shard.shard_id}.{suffix}").read_bytes()
        for suffix in ("parquet", "images")
    }
    assert hashlib.sha256(files["parquet"]).hexdigest() == receipt.rows_sha256
    assert hashlib.sha256(files["images"]).hexdigest() == receipt.images_sha256
    assert (len(files["parquet"]), len(files["images"])) == (
        receipt.rows_bytes,
        receipt.images_bytes,
    )
    assert sum(receipt.outcomes.values()) == shard.page_count
    assert receipt.outcomes.get("sample", 0) == sum(row["reason"] is None for row in rows)
    assert receipt.ranges == ((shard.ranges[0].doc_id, 0, len(pages)),)
    assert staging.receipts() == [receipt]


@pytest.mark.parametrize("wrong", ["missing", "twice", "swapped", "of another shard"])
def test_rows_that_are_not_the_shards_pages_are_refused(tmp_path: Path, wrong: str) -> None:
    shard = make_shard((1, 0, 2))
    first, second = make_row(1, 0), make_row(1, 1)
    rows = {
        "missing": [first],
        "twice": [first, first],
        "swapped": [second, first],
        "of another shard": [first, make_row(2, 1)],
    }[wrong]
    with pytest.raises(IntegrityError, match=shard.shard_id):
        Staging(str(tmp_path)).write(shard, rows, [b"image"] * len(rows))
    assert os.listdir(tmp_path) == []


def test_there_are_no_receipts_before_there_is_a_folder(tmp_path: Path) -> None:
    assert Staging(str(tmp_path / "nowhere")).receipts() == []


@pytest.mark.parametrize("data", [b"", b'{"shard_id": "x"', b"\xff\xfe", b"[]"])
def test_a_torn_receipt_is_named_with_the_remedy(tmp_path: Path, data: bytes) -> None:
    staging = stage(tmp_path, [(PROSE, b"image")])[0]
    (tmp_path / "torn.json").write_bytes(data)
    with pytest.raises(IntegrityError, match=r"torn\.json: .*delete it and run again"):
        staging.receipts()


def test_some_columns_are_read_alone(tmp_path: Path) -> None:
    staging, shard, *_ = stage(tmp_path, [(PROSE, b"image"), "timeout"])
    table = read_part(staging.rows_uri(shard.shard_id), ["page_index", "reason"])
    assert table.to_pylist() == [
        {"page_index": 0, "reason": None},
        {"page_index": 1, "reason": "timeout"},
    ]


def test_the_images_lie_beside_the_rows_of_pages_and_of_crops() -> None:
    staging = Staging("s3://bucket/staging/0123")
    assert Staging.images_beside(staging.rows_uri("abc")) == staging.images_uri("abc")
    assert Staging.images_beside(staging.crops_uri("abc")) == staging.images_uri("abc")


# Crops of three pages: for each page the texts of its crops, None for one that was not read.
crop_texts = st.lists(
    st.lists(st.none() | st.text(max_size=50), max_size=3), min_size=3, max_size=3
)


def stage_crops(folder: Path, texts: list[list[str | None]]) -> tuple:
    shard = make_shard((1, 0, 3))
    rows = [make_row(1, index) for index in range(3)]
    crops = []
    for row, of_page in zip(rows, texts, strict=True):
        made = [
            make_crop(row["page_id"], number, text=text or "", error=_error(text))
            for number, text in enumerate(of_page)
        ]
        crops += make_crop_rows(row, made)
    staging = Staging(str(folder))
    receipt = staging.write(shard, rows, [b"one", b"two", b"three"], crops)
    return staging, shard.shard_id, crops, receipt


def _error(text: str | None) -> PageError | None:
    return PageError("no_end", "for the test") if text is None else None


@given(crop_texts)
@settings(max_examples=30)
def test_crops_and_their_images_survive_their_files(tmp_path_factory, texts) -> None:
    folder = tmp_path_factory.mktemp("staging")
    staging, name, crops, receipt = stage_crops(folder, texts)
    pages = read_part(staging.rows_uri(name)).to_pylist()
    uri = staging.images_uri(name)
    images = [store.read_range(uri, p["image_offset"], p["image_bytes"]) for p in pages]
    assert images == [b"one", b"two", b"three"]
    if not crops:
        assert receipt.crops is None
        assert not Path(staging.crops_uri(name)).exists()
        return
    table = read_part(staging.crops_uri(name))
    assert table.schema.equals(STAGED_CROPS)
    for read, (row, image) in zip(table.to_pylist(), crops, strict=True):
        for column in ("crop_id", "page_id", "label", "text", "reason", "vision_tokens", "width"):
            assert read[column] == row[column]
        assert tuple(read["bbox"]) == row["bbox"]
        assert store.read_range(uri, read["image_offset"], read["image_bytes"]) == image
        assert read["recipe_digest"] == receipt.recipe_digest


@given(crop_texts.filter(any))
@settings(max_examples=20)
def test_the_receipt_accounts_for_crops(tmp_path_factory, texts) -> None:
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    staging, name, crops, receipt = stage_crops(first, texts)
    data = Path(staging.crops_uri(name)).read_bytes()
    found = (hashlib.sha256(data).hexdigest(), len(data), len(crops))
    assert found == (receipt.crops.sha256, receipt.crops.bytes, receipt.crops.rows)
    assert hashlib.sha256(Path(staging.images_uri(name)).read_bytes()).hexdigest() == (
        receipt.images_sha256
    )
    assert receipt.outcomes == {"sample": 3}
    assert staging.receipts() == [receipt]
    assert stage_crops(second, texts)[-1] == receipt


@pytest.mark.parametrize("wrong", ["of a reject", "of another shard", "twice"])
def test_crops_that_are_not_the_samples_are_refused(tmp_path: Path, wrong: str) -> None:
    shard = make_shard((1, 0, 2))
    good, other = make_row(1, 0), make_row(2, 0)
    bad = reject_row(make_row(1, 1)["page_id"], "read", PageError("loop", "for the test"))
    crop, stray = (make_crop_rows(row, [make_crop(row["page_id"], 0)]) for row in (good, other))
    crops = {
        "of a reject": [(crop[0][0] | {"page_id": bad["page_id"]}, b"image")],
        "of another shard": stray,
        "twice": crop * 2,
    }[wrong]
    with pytest.raises(IntegrityError, match=shard.shard_id):
        Staging(str(tmp_path)).write(shard, [good, bad], [b"image", None], crops)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("torn", ["rows_uri", "images_uri"])
@pytest.mark.parametrize("is_gone", [False, True])
def test_a_receipt_whose_file_is_cut_short_or_gone_is_not_whole(
    tmp_path: Path, torn: str, is_gone: bool, caplog: pytest.LogCaptureFixture
) -> None:
    staging, shard, _, _, receipt = stage(tmp_path, [(PROSE, b"an image")])
    assert staging.whole_receipts() == [receipt]
    path = Path(getattr(staging, torn)(shard.shard_id))
    if is_gone:
        path.unlink()
    else:
        os.truncate(path, path.stat().st_size - 1)
    assert staging.whole_receipts() == []
    assert staging.receipts() == [receipt]
    assert staging.whole_receipts(delete_others=True) == []
    assert staging.receipts() == []
    assert f"{path} is missing or cut short" in caplog.text
