"""Print that was not read lowers the coverage; rules, shades, figures and photographs do not."""

from __future__ import annotations

import numpy as np
import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.pages import Box
from workers.layout.coverage import Grey, coverage

WIDTH, HEIGHT = 600, 800
UPPER: Box = (0.0, 0.0, 1.0, 0.5)
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


def page(size_pt: float = 10) -> Grey:
    """A page of prose in its upper and its lower half."""
    pdf = pymupdf.open()
    sheet = pdf.new_page(width=WIDTH, height=HEIGHT)
    for top in (40, 440):
        text = "The kilns of the north burn slowly. " * 12
        assert sheet.insert_textbox((50, top, 550, top + 300), text, fontsize=size_pt) >= 0
    return grey_of(sheet)


def grey_of(sheet: pymupdf.Page) -> Grey:
    pixmap = sheet.get_pixmap(colorspace=pymupdf.csGRAY)
    return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width)


@pytest.mark.parametrize("size_pt", [6, 10, 18])
def test_half_of_the_print_is_half(size_pt: float) -> None:
    assert coverage(page(size_pt), [UPPER]) == pytest.approx(0.5, abs=0.05)
    assert coverage(page(size_pt), [WHOLE]) == 1
    assert coverage(page(size_pt), []) == 0


def test_a_lost_line_between_two_is_seen() -> None:
    grey = page()
    rows = np.flatnonzero((grey < 128).any(axis=1))
    lines = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    read = [(0.0, (part[0] - 1) / HEIGHT, 1.0, (part[-1] + 1) / HEIGHT) for part in lines]
    kept = coverage(grey, [box for number, box in enumerate(read) if number != 2])
    assert kept is not None
    assert kept < 1 - 0.5 / len(lines)


def test_rules_frames_and_shades_are_no_print() -> None:
    pdf = pymupdf.open()
    sheet = pdf.new_page(width=WIDTH, height=HEIGHT)
    for y in range(50, 750, 20):
        sheet.draw_line((50, y), (550, y))
    sheet.draw_rect((60, 60, 500, 700), color=(0, 0, 0), fill=(0.8, 0.8, 0.8))
    found = coverage(grey_of(sheet), [])
    assert found is None or pytest.approx(0) == found


def test_figures_and_photographs_do_not_count() -> None:
    grey = page().copy()
    noise = np.random.default_rng(0).integers(0, 256, (380, WIDTH), dtype=np.uint8)
    grey[420:] = np.vstack([noise])
    assert coverage(grey, [UPPER], without=[(0.0, 0.5, 1.0, 1.0)]) == 1
    likely = np.zeros((80, 60), np.float32)
    likely[:40] = 1
    assert coverage(grey, [UPPER], text=likely) == 1
    missed = coverage(grey, [UPPER])
    assert missed is not None
    assert missed < 0.5


def test_an_empty_page_has_none() -> None:
    assert coverage(np.full((50, 40), 255, np.uint8), []) is None
    assert coverage(np.zeros((1, 1), np.uint8), [WHOLE]) is None


shares = st.floats(0, 1)


@given(st.lists(st.tuples(shares, shares, shares, shares), max_size=6))
def test_more_boxes_never_cover_less(boxes: list[Box]) -> None:
    grey = page()
    found = [coverage(grey, boxes[:count]) for count in range(len(boxes) + 1)]
    assert all(share is not None and 0 <= share <= 1 for share in found)
    assert found == sorted(found, key=lambda share: share or 0)
