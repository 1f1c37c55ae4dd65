"""A layer of no language is doubted, so that the page is read; one of any language is taken."""

from __future__ import annotations

import random
import string
from pathlib import Path

import pymupdf
import pytest

from schemas.pages import RasteredPage
from schemas.recipe import Raster, TextLayer
from workers.rasterising import RasterSettings
from workers.rasterising.doubtful import is_doubtful
from workers.rasterising.render import render_pages
from workers.textlayer import extract

PROSE = (
    "The founders poured the bronze at night, when the moulds had dried and the wind had dropped. "
    "Each bell was tuned by ear, and each was given a name that the parish had chosen for it. "
    "A bell that sounded false was broken up and cast again, which cost the foundry a whole week. "
    "In the spring the wagons came, and the bells were carried over the hills to their towers. "
)
PARTS = "\n".join(
    f"Bx{n} Kondrel GMBH Vantor Qizz Mirpel Xand Tolpe {n * 37}" for n in range(11, 40)
)
SHUFFLED = list(string.ascii_lowercase)
random.Random(4).shuffle(SHUFFLED)
PERMUTED = str.maketrans(
    string.ascii_lowercase + string.ascii_uppercase,
    "".join(SHUFFLED) + "".join(SHUFFLED).upper(),
)


def page_of(text: str) -> pymupdf.Page:
    page = pymupdf.open().new_page()
    page.insert_textbox((60, 60, 540, 780), text, fontsize=10)
    return page


def rendered(text: str, tmp_path: Path, routing: str) -> RasteredPage:
    path = tmp_path / "page.pdf"
    page_of(text).parent.save(path)
    settings = RasterSettings(Raster(), routing, TextLayer(), 0.0)
    (page,) = render_pages(str(path), "application/pdf", "d", range(1), settings)
    return page


def test_letters_that_are_permuted_are_doubted() -> None:
    assert not is_doubtful(extract(page_of(PROSE * 2)))
    assert is_doubtful(extract(page_of((PROSE * 2).translate(PERMUTED))))


def test_a_few_words_are_not_doubted() -> None:
    assert not is_doubtful(extract(page_of(PROSE[:90].translate(PERMUTED))))


@pytest.mark.parametrize("routing", ["prefer", "only", "never"])
def test_a_doubted_layer_waits_for_a_reading_where_there_is_one(
    routing: str, tmp_path: Path
) -> None:
    page = rendered(PARTS, tmp_path, routing)
    layer = page.layer or page.doubted
    assert (page.layer is not None) == (routing == "only")
    assert (page.doubted is not None) == (routing == "prefer")
    assert page.layer_reason == ("doubtful" if routing == "prefer" else None)
    assert (layer is not None and "Kondrel" in layer.text) == (routing != "never")


def test_prose_is_taken(tmp_path: Path) -> None:
    page = rendered(PROSE * 2, tmp_path, "prefer")
    assert page.layer is not None
    assert page.doubted is None
