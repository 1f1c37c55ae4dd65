"""A page's display list: it gives the text and picture of its page; some pages have none."""

from __future__ import annotations

import numpy as np
import pymupdf
import pytest
from PIL import Image

from schemas.recipe import Raster
from tests.builders import PROSE, add_page
from workers.rasterising.drawing import draw_pdf_page
from workers.textlayer.display_list import display_list, read
from workers.textlayer.page_text import TEXT_FLAGS

SMALL, LARGE = (40, 60), (600, 900)


def drawn_page() -> pymupdf.Page:
    document = pymupdf.open()
    add_page(document, PROSE)
    page = document[0]
    page.draw_rect((100, 500, 300, 600), color=(1, 0, 0), fill=(0.9, 0.9, 1))
    page.insert_text((120, 550), "in a box", fontname="cour", color=(0, 0, 1))
    return page


def noise(size: tuple[int, int]) -> pymupdf.Pixmap:
    """A picture whose file is as large as its pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), np.uint8)
    return pymupdf.Pixmap(pymupdf.csRGB, *size, Image.fromarray(pixels).tobytes(), False)


def test_a_list_gives_the_text_and_the_picture_of_its_page() -> None:
    page = drawn_page()
    commands = display_list(page)
    assert commands is not None
    blocks = page.get_textpage(flags=TEXT_FLAGS).extractRAWDICT()["blocks"]
    assert len(blocks) > 2
    assert read(page, TEXT_FLAGS, commands).extractRAWDICT()["blocks"] == blocks
    plain, listed = (draw_pdf_page(page, Raster(), commands=c) for c in (None, commands))
    assert listed.picture.tobytes() == plain.picture.tobytes()


def test_a_rotated_page_has_no_list() -> None:
    page = drawn_page()
    page.set_rotation(90)
    assert display_list(page) is None


@pytest.mark.parametrize(("size", "has_list"), [(SMALL, True), (LARGE, False)])
@pytest.mark.parametrize("is_in_form", [False, True])
def test_a_page_with_a_large_picture_has_no_list(
    size: tuple[int, int], has_list: bool, is_in_form: bool
) -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_image(page.rect, pixmap=noise(size))
    if is_in_form:
        whole = pymupdf.open()
        page = whole.new_page()
        page.show_pdf_page(page.rect, document, 0)
    assert (display_list(page) is not None) == has_list
