"""What both PP-OCRv6 engines share: here, how a page is turned."""

from __future__ import annotations

import numpy as np
import pytest

from schemas.pages import PageImage
from workers.engines.page_reading import reading_of
from workers.engines.text_lines import Line, choose_side, recognised

PAGE = PageImage("page", b"", 1000, 1000)


def line(index: int, stands: bool, is_upside_down: bool, text: str = "some words here") -> Line:
    x0, y0, width, height = 50, 50 + 60 * index, 600, 30
    corners = np.array([[x0, y0], [x0 + width, y0], [x0 + width, y0 + height], [x0, y0 + height]])
    if stands:
        corners = corners[:, ::-1]
    return Line(corners.astype(np.float32), text, 0.95, is_upside_down)


@pytest.mark.parametrize(
    ("stands", "is_upside_down", "turn"),
    [(False, False, 0), (False, True, 180), (True, False, 270), (True, True, 90)],
)
def test_most_lines_tell_how_a_page_lies(stands: bool, is_upside_down: bool, turn: int) -> None:
    lines = [line(index, stands, is_upside_down) for index in range(8)]
    odd = line(8, stands=not stands, is_upside_down=False)
    assert reading_of(PAGE, [*lines, odd]).turn == turn


def test_a_drawing_lettered_both_ways_is_left_as_it_is() -> None:
    lines = [line(index, stands=index % 2 == 0, is_upside_down=index < 3) for index in range(8)]
    assert reading_of(PAGE, lines).turn == 0


def test_columns_of_han_stand_on_an_upright_page() -> None:
    lines = [
        line(index, stands=True, is_upside_down=False, text="春眠不覺曉") for index in range(8)
    ]
    assert reading_of(PAGE, lines).turn == 0


def test_two_lines_tell_nothing() -> None:
    assert reading_of(PAGE, [line(index, True, True) for index in range(2)]).turn == 0


def test_characters_stand_in_the_middle_of_their_steps() -> None:
    classes = np.array([0, 5, 5, 0, 0, 6, 0, 6, 7, 0])

    line = recognised("abbc", 0.9, classes, 80)

    assert line.places == (0.2, 0.55, 0.75, 0.85)


def test_spaces_at_the_ends_of_a_line_have_no_places() -> None:
    line = recognised(" a ", 0.9, np.array([1, 0, 2, 1]), 32)

    assert (line.text, line.places) == ("a", (0.625,))


def test_a_line_read_upside_down_has_its_places_from_the_other_end() -> None:
    corners = line(0, False, False).corners
    turned = recognised("ab", 0.95, np.array([1, 0, 0, 2]), 32)

    chosen = choose_side(corners, recognised("x", 0.3, np.array([1]), 8), turned)

    assert chosen.places == (0.875, 0.125)
