"""Rows of ink and gaps between words are found in the pixels."""

from __future__ import annotations

import numpy as np

from tests.workers.policies.personal.pictures import LINE_PX, drawn
from workers.policies.personal.ink import rows_of_ink, snapped

WHOLE = (0.0, 0.0, 1.0, 1.0)


def test_each_line_is_a_row() -> None:
    page = drawn("the first line", "a second one, longer", "third")
    rows = rows_of_ink(WHOLE, np.asarray(page.picture.convert("L")))
    assert len(rows) == 3
    for number, row in enumerate(rows):
        assert 10 + number * LINE_PX <= row.top < row.bottom <= 10 + (number + 1) * LINE_PX
    assert rows[1].right > rows[0].right > rows[2].right


def test_light_letters_on_dark_paper_are_ink() -> None:
    page = drawn("one", "two")
    assert len(rows_of_ink(WHOLE, 255 - np.asarray(page.picture.convert("L")))) == 2


def test_blank_paper_and_an_empty_box_have_none() -> None:
    grey = np.full((100, 100), 240, np.uint8)
    assert rows_of_ink(WHOLE, grey) == []
    assert rows_of_ink((0.5, 0.5, 0.5, 0.5), grey) == []


def test_only_the_box_is_looked_at() -> None:
    page = drawn("one", "two", "three")
    grey = np.asarray(page.picture.convert("L"))
    height = page.picture.height
    assert len(rows_of_ink((0.0, (10 + LINE_PX) / height, 1.0, 1.0), grey)) == 2


def test_sides_move_out_to_the_gaps() -> None:
    # Two words of thin strokes, from 20 to 60 and from 80 to 140.
    grey = np.full((30, 200), 255, np.uint8)
    grey[8:22, 20:60:3] = 0
    grey[8:22, 80:140:3] = 0
    quad = np.array([(90, 0), (130, 0), (130, 30), (90, 30)], float)
    moved = snapped(quad, grey, 12.0, (True, True))
    assert 60 <= moved[0, 0] <= 80
    assert 138 <= moved[1, 0] <= 145
    assert snapped(quad, grey, 12.0, (False, False)).tolist() == quad.tolist()
