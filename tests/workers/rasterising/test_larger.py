"""Small print brings a larger image along; print of usual size and poor scans do not."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.pages import RasteredPage
from schemas.recipe import Raster, TextLayer
from tests.builders import PROSE, make_doc_id
from workers.rasterising.render import render_pages
from workers.rasterising.settings import RasterSettings
from workers.rasterising.small_print import MAX_LARGE_PIXELS, large_edge_px


def broadsheet(size_pt: float) -> pymupdf.Document:
    pdf = pymupdf.open()
    page = pdf.new_page(width=1080, height=1587)
    for column in range(8):
        x0 = 40 + 126 * column
        text = (PROSE + " ") * 60
        while page.insert_textbox((x0, 40, x0 + 114, 1547), text, fontsize=size_pt) < 0:
            text = text[: len(text) * 9 // 10]
    return pdf


def rastered(path: Path, media_type: str, routing: str = "never") -> RasteredPage:
    settings = RasterSettings(Raster(), routing, TextLayer(), 2e-5)
    [page] = render_pages(str(path), media_type, make_doc_id(1), range(1), settings)
    assert page.error is None
    return page


@pytest.mark.parametrize(("size_pt", "is_larger"), [(6, True), (12, False)])
def test_small_print_of_a_large_sheet_is_drawn_larger(
    tmp_path: Path, size_pt: float, is_larger: bool
) -> None:
    broadsheet(size_pt).save(tmp_path / "sheet.pdf")
    page = rastered(tmp_path / "sheet.pdf", "application/pdf")
    assert page.image is not None
    assert max(page.image.width, page.image.height) == 1280
    assert (page.large is not None) == is_larger
    if page.large is not None:
        assert page.large.height > 2 * page.image.height


def test_a_page_whose_text_layer_is_taken_needs_none(tmp_path: Path) -> None:
    broadsheet(6).save(tmp_path / "sheet.pdf")
    assert rastered(tmp_path / "sheet.pdf", "application/pdf", "prefer").large is None


@pytest.mark.parametrize(("zoom", "is_larger"), [(3, True), (0.8, False)])
def test_a_picture_is_as_large_as_its_own_pixels(
    tmp_path: Path, zoom: float, is_larger: bool
) -> None:
    pixmap = broadsheet(6)[0].get_pixmap(matrix=pymupdf.Matrix(zoom, zoom))
    pixmap.save(tmp_path / "sheet.png")
    page = rastered(tmp_path / "sheet.png", "image/png")
    assert (page.large is not None) == is_larger
    if page.large is not None:
        assert page.large.height <= pixmap.height


def test_a_scan_in_a_pdf_is_not_drawn_past_its_pixels(tmp_path: Path) -> None:
    pixmap = broadsheet(6)[0].get_pixmap(matrix=pymupdf.Matrix(0.8, 0.8))
    scan = pymupdf.open()
    scan.new_page(width=1080, height=1587).insert_image((0, 0, 1080, 1587), pixmap=pixmap)
    scan.save(tmp_path / "scan.pdf")
    assert rastered(tmp_path / "scan.pdf", "application/pdf").large is None


def test_a_long_strip_is_measured_in_its_own_pixels(tmp_path: Path) -> None:
    pdf = pymupdf.open()
    page = pdf.new_page(width=450, height=7000)
    assert page.insert_textbox((20, 20, 430, 6980), (PROSE + " ") * 20, fontsize=14) >= 0
    page.get_pixmap(matrix=pymupdf.Matrix(2, 2)).save(tmp_path / "strip.png")  # 900 x 14,000
    strip = rastered(tmp_path / "strip.png", "image/png")
    assert strip.large is not None
    assert strip.large.width >= 400


sides = st.integers(1, 1280)


@given(st.floats(0, 30), st.tuples(sides, sides), st.floats(1, 1e6))
def test_a_larger_image_is_within_its_limits(
    letter_px: float, size: tuple[int, int], most_px: float
) -> None:
    edge = large_edge_px(letter_px, size, most_px)
    if edge is not None:
        assert edge <= most_px
        scale = edge / max(size)
        assert scale >= 1.4
        assert size[0] * size[1] * scale**2 <= MAX_LARGE_PIXELS * 1.001
