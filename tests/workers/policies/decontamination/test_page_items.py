from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from schemas.decontaminate import Benchmark
from schemas.errors import SourceError
from tests.workers.rasterising.rendering import HALVES, LIMITS, settings
from workers.policies.decontamination import Item, read_benchmark
from workers.rasterising import Rasterizer

LINES = ("What did the clerk write of each ship?", "Name, tons and cargo, in that order.")


@pytest.fixture(scope="module")
def rasterizer() -> Iterator[Rasterizer]:
    made = Rasterizer(settings("prefer"), LIMITS)
    yield made
    made.close()


def read(path: Path, rasterizer: Rasterizer) -> list[Item]:
    return list(read_benchmark(Benchmark(name="exam", file=(str(path),)), rasterizer))


def test_each_page_of_a_pdf_is_an_item_with_text_and_picture(
    tmp_path: Path, rasterizer: Rasterizer
) -> None:
    pdf = pymupdf.open()
    for line in LINES:
        pdf.new_page().insert_textbox((50, 50, 500, 700), line, fontsize=11)
    pdf.save(tmp_path / "exam.pdf")
    items = read(tmp_path / "exam.pdf", rasterizer)
    assert [one.item_id for one in items] == ["exam.pdf:1", "exam.pdf:2"]
    assert [one.fields for one in items] == [(("text", line),) for line in LINES]
    assert all(Image.open(io.BytesIO(one.picture or b"")).size[1] == 256 for one in items)


def test_an_image_is_an_item_without_text(tmp_path: Path, rasterizer: Rasterizer) -> None:
    Image.fromarray(HALVES).save(tmp_path / "chart.png")
    (read_item,) = read(tmp_path, rasterizer)
    assert (read_item.item_id, read_item.fields) == ("chart.png:1", ())
    assert read_item.picture is not None


def test_what_cannot_be_drawn_is_named(tmp_path: Path, rasterizer: Rasterizer) -> None:
    (tmp_path / "exam.pdf").write_bytes(b"%PDF-1.7 and no more")
    with pytest.raises(SourceError, match=r"decontaminate exam: .*exam\.pdf cannot be drawn: "):
        read(tmp_path / "exam.pdf", rasterizer)
    (tmp_path / "exam.bin").write_bytes(b"\0" * 2000)
    with pytest.raises(SourceError, match=r"exam\.bin is no table, text, PDF or image; name"):
        read(tmp_path / "exam.bin", rasterizer)
