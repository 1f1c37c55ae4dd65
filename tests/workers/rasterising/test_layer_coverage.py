"""A layer must account for the print outside of drawings; what the page draws besides is none."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image, ImageDraw

from schemas.pages import Block
from schemas.recipe import Raster, TextLayer
from workers.rasterising import RasterSettings
from workers.rasterising.drawing import draw_pdf_page
from workers.rasterising.layer_coverage import layer_coverage
from workers.rasterising.render import render_pages

FLOOR = 0.5
WORDS = "the founders sang while the bronze ran so as to keep an even pour"


def write(page: pymupdf.Page, y0: int, y1: int) -> None:
    for y in range(y0, y1, 14):
        page.insert_text((60, y), WORDS, fontsize=10)


def measured(
    page: pymupdf.Page, *boxes: tuple[float, float, float, float], floor: float = FLOOR
) -> float | None:
    grey = np.asarray(draw_pdf_page(page, Raster()).picture.convert("L"))
    return layer_coverage(page, grey, [Block("paragraph", box, "words") for box in boxes], floor)


@pytest.fixture
def page() -> pymupdf.Page:
    return pymupdf.open().new_page(width=595, height=842)


def test_a_page_whose_blocks_hold_all_print_is_covered(page: pymupdf.Page) -> None:
    write(page, 60, 400)
    share = measured(page, (0.08, 0.05, 0.95, 0.5))
    assert share is not None
    assert share > 0.99  # a cell at a corner is left out


def test_print_without_a_block_is_missed(page: pymupdf.Page) -> None:
    write(page, 60, 800)
    share = measured(page, (0.08, 0.05, 0.95, 0.2))
    assert share is not None
    assert share < 0.25


def test_an_empty_page_has_no_coverage(page: pymupdf.Page) -> None:
    assert measured(page) is None


def test_a_drawing_is_no_print(page: pymupdf.Page) -> None:
    write(page, 60, 90)
    for n in range(300):
        page.draw_line((60 + n, 200), (500 - n, 700))
    words = (0.08, 0.05, 0.95, 0.12)
    with_floor, without = (measured(page, words, floor=floor) for floor in (0.9, 0.0))
    assert with_floor is not None
    assert without is not None
    assert with_floor > 0.97 > without


def draw_letters(page: pymupdf.Page) -> None:
    """Rows of strokes as small as letters."""
    shape = page.new_shape()
    for y in range(100, 780, 14):
        for x in range(60, 520, 8):
            shape.draw_line((x, y), (x + 5, y + 7))
            shape.draw_line((x, y + 7), (x + 5, y))
            shape.draw_line((x, y), (x, y + 7))
            shape.finish(width=0.8)
    shape.commit()


def test_a_layer_that_lacks_what_is_drawn_as_letters_is_not_taken(
    page: pymupdf.Page, tmp_path: Path
) -> None:
    draw_letters(page)
    write(page, 40, 60)
    path = tmp_path / "outlines.pdf"
    page.parent.save(path)
    made = {
        floor: render_pages(
            str(path),
            "application/pdf",
            "0" * 64,
            range(1),
            RasterSettings(Raster(), "prefer", TextLayer(), 0.0, "never", floor),
        )[0]
        for floor in (0.0, FLOOR)
    }
    taken = made[0.0].layer
    assert taken is not None
    assert taken.coverage is not None
    assert taken.coverage < FLOOR
    assert made[FLOOR].layer is None
    assert made[FLOOR].layer_reason == "incomplete"


def test_a_logo_is_no_print(page: pymupdf.Page) -> None:
    logo = Image.new("L", (200, 80), 255)
    ImageDraw.Draw(logo).text((5, 5), WORDS, fill=0)
    data = io.BytesIO()
    logo.save(data, "png")
    page.insert_image(pymupdf.Rect(60, 500, 460, 700), stream=data.getvalue())
    write(page, 40, 60)
    share = measured(page, (0.08, 0.02, 0.95, 0.08), floor=0.99)
    assert share is not None
    assert share > 0.97
