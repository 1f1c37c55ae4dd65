"""Drawing: how much of a picture is marked, and what MuPDF says it could not draw."""

from __future__ import annotations

from collections.abc import Callable

import pymupdf
import pytest
from PIL import Image

from schemas.recipe import Raster
from tests.hostile import pdfs
from workers.rasterising.drawing import PagePicture, draw_pdf_page, ink_share, lost_content

RASTER = Raster(longest_edge_px=320)


def draw_first(data: bytes) -> PagePicture:
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    with pymupdf.open(stream=data, filetype="pdf") as document:
        pymupdf.TOOLS.reset_mupdf_warnings()
        return draw_pdf_page(document.load_page(0), RASTER)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (pdfs.torn_content, "library error: zlib error: invalid block type"),
        (pdfs.missing_content, "content stream is not a stream (8 0 R)"),
        (pdfs.no_operators, "syntax error: unknown keyword: 'kiln'"),
    ],
)
def test_content_that_was_lost_is_named(make: Callable[[], bytes], message: str) -> None:
    drawn = draw_first(make())
    assert ink_share(drawn.picture.convert("L")) == 0
    lost = lost_content(drawn)
    assert lost is not None
    assert message in lost


@pytest.mark.parametrize("make", [pdfs.carelessly_blank, lambda: pdfs.two_pages(b"")])
def test_nothing_is_lost_of_a_blank_page(make: Callable[[], bytes]) -> None:
    drawn = draw_first(make())
    assert ink_share(drawn.picture.convert("L")) == 0
    assert lost_content(drawn) is None


@pytest.mark.parametrize("paper", [255, 128, 0])
def test_marks_are_counted_against_the_background(paper: int) -> None:
    picture = Image.new("L", (90, 90), paper)
    picture.paste(100 if paper == 255 else 255, (0, 0, 90, 18))
    picture.paste(paper + 30 if paper < 200 else paper - 30, (0, 60, 90, 90))  # too faint
    assert ink_share(picture) == pytest.approx(0.2)
