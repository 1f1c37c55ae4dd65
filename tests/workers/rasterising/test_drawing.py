"""Drawing: how much of a picture is marked, and what MuPDF says it could not draw."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
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


@given(
    st.binary(min_size=1, max_size=400),
    st.integers(1, 40),
    st.sampled_from([None, 0, 128, 255]),
    st.integers(1, 4),
)
def test_marks_are_those_of_a_histogram(
    levels: bytes, width: int, paper: int | None, kept: int
) -> None:
    """White paper is counted in a quicker way, with the same result as any other paper."""
    pixels = np.resize(np.frombuffer(levels, np.uint8), (len(levels) // width + 1, width)).copy()
    if paper is not None:
        pixels.flat[np.arange(pixels.size) % 5 >= kept] = paper
    grey = Image.fromarray(pixels)
    sample = grey.resize(
        (max(1, grey.width // 3), max(1, grey.height // 3)), Image.Resampling.NEAREST
    )
    counts = np.asarray(sample.histogram())
    is_marked = abs(np.arange(256) - counts.argmax()) > 40
    assert ink_share(grey) == counts[is_marked].sum() / counts.sum()
