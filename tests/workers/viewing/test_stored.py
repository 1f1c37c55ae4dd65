"""Whole rows and pictures, of each table, and pictures made small."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from schemas.errors import RequestError
from schemas.tables import PAGES
from workers.dataset import open_table, read_part
from workers.viewing import Filters, Picture, Viewed
from workers.viewing.filters import TABLES, Table
from workers.viewing.parts import look_into
from workers.viewing.stored import StoredRows, thumbnail

LEFT_OUT = {"image", "images", "minhash", "image_hash", "text_hash"}


@pytest.mark.parametrize("table", TABLES)
def test_a_row_is_whole_but_for_pictures_and_signatures(viewed: Viewed, table: Table) -> None:
    stored = open_table(f"{viewed.dataset}/{table}")
    assert stored is not None
    rows = [row for part in stored.parts for row in read_part(stored.part_uri(part)).to_pylist()]
    keys = [row.key for row in viewed.select(Filters(table=table)).page(0, 1_000)]
    for key, row in list(zip(keys, rows, strict=True))[::7]:
        assert viewed.row(table, key) == {k: v for k, v in row.items() if k not in LEFT_OUT}
        images = row.get("images") or ([row["image"]] if "image" in row else [])
        for number, image in enumerate(images):
            assert viewed.picture(table, key, number) == Picture(image["bytes"], "image/jpeg")
        assert viewed.picture(table, key, len(images)) is None
        assert viewed.thumbnail(table, key, 20, len(images)) is None


def test_a_part_of_an_earlier_release_is_read_by_arrow(tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    image = {"bytes": b"GIF89a", "path": "a"}
    pq.write_table(pa.table({"text": ["a", None] * 600, "image": [None, image] * 600}), path)
    part, _ = look_into(str(path), path.stat().st_size)
    rows = StoredRows("pages", [part])
    assert (rows.text(0, 1_198), rows.text(0, 1_199)) == ("a", "")
    row = rows.row(0, 1_198)
    assert set(row) == set(PAGES.names) - LEFT_OUT
    assert {name: value for name, value in row.items() if value is not None} == {"text": "a"}
    assert rows.picture(0, 1_198) is None
    assert rows.picture(0, 1_199) == Picture(b"GIF89a", "application/octet-stream")


def encoded(form: str, mode: str = "RGB", size: tuple[int, int] = (400, 300)) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 120).save(out, form)
    return out.getvalue()


@pytest.mark.parametrize(
    ("form", "mode", "media_type"),
    [("JPEG", "L", "image/jpeg"), ("PNG", "P", "image/png"), ("WEBP", "RGB", "image/webp")],
)
def test_a_picture_is_made_small(form: str, mode: str, media_type: str) -> None:
    picture = Picture.of(encoded(form, mode))
    assert picture.media_type == media_type
    small = thumbnail(picture, 100)
    assert small.media_type == "image/jpeg"
    with Image.open(io.BytesIO(small.data)) as opened:
        assert (opened.format, opened.size) == ("JPEG", (100, 75))
    with Image.open(io.BytesIO(thumbnail(picture, 1_000).data)) as opened:
        assert opened.size == (400, 300)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "cannot be decoded"),
        (b"<svg onload='alert(1)'/>", "cannot be decoded"),
        (encoded("GIF", "P"), "cannot be decoded"),
        (encoded("JPEG")[:-900], "cannot be decoded"),
        (encoded("PNG", "1", (8_100, 8_000)), "8100 x 8000 pixels, too many to show"),
    ],
    ids=["nothing", "svg", "gif", "cut off", "large"],
)
def test_a_picture_that_cannot_be_shown_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        thumbnail(Picture.of(data), 100)
