"""The order of a page's boxes: columns, cards, captions, margins; always a permutation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.pages import Box
from tests.workers.textlayer.drawn import boxes
from workers.textlayer.column_cut import reading_order
from workers.textlayer.order import framed_order, page_order


@given(st.lists(boxes, max_size=40), st.booleans())
def test_reading_order_is_a_permutation(page_boxes: list[Box], right_to_left: bool) -> None:
    indices = list(range(len(page_boxes)))
    assert sorted(reading_order(page_boxes, 10.0, right_to_left)) == indices
    drawn = len(page_boxes) // 2
    assert sorted(page_order(page_boxes, drawn, 10.0, right_to_left)) == indices


@given(st.lists(boxes, max_size=30), st.lists(boxes, max_size=8), st.booleans())
def test_framed_order_is_a_permutation(
    page_boxes: list[Box], frames: list[Box], right_to_left: bool
) -> None:
    drawn = len(page_boxes) // 2
    order = framed_order(page_boxes, frames, drawn, 9.0, right_to_left)
    assert sorted(order) == list(range(len(page_boxes)))


def test_cards_are_read_one_after_the_other_though_no_gutter_parts_their_text() -> None:
    page_boxes = [(x, y, x + 236, y + 12) for y in (100, 130) for x in (60.0, 300.0)]
    frames = [(50.0, 80.0, 298.0, 160.0), (299.0, 80.0, 540.0, 160.0)]
    assert page_order(page_boxes, 4, 7.5) == [0, 1, 2, 3]
    assert framed_order(page_boxes, frames, 4, 7.5) == [0, 2, 1, 3]
    across = (40.0, 90.0, 420.0, 150.0)
    assert framed_order(page_boxes, [across], 4, 7.5) == [0, 1, 2, 3], "it cuts through boxes"


def test_columns_that_run_into_each_other_follow_the_stream() -> None:
    page_boxes: list[Box] = [(0, 20.0 * i, 90 + 40.0 * (i == 2), 20.0 * i + 12) for i in range(5)]
    page_boxes += [(100, 20.0 * i + 7, 190, 20.0 * i + 19) for i in range(5)]
    assert page_order(page_boxes, 10, 10.0) == list(range(10))


def test_a_column_is_cut_by_itself_where_the_stream_tells_it() -> None:
    left: list[Box] = [(0, 20.0 * i, 90 + 40.0 * (i == 2), 20.0 * i + 12) for i in range(5)]
    formula: list[Box] = [(130, 27, 190, 39), (100, 27, 125, 39)]  # drawn from its end
    right: list[Box] = [(100, 20.0 * i + 7, 190, 20.0 * i + 19) for i in range(2, 6)]
    order = page_order([*left, (100, 7, 190, 19), *formula, *right], 12, 10.0)
    assert order == [0, 1, 2, 3, 4, 5, 7, 6, 8, 9, 10, 11]


def test_a_caption_drawn_last_stays_with_its_figure() -> None:
    text: list[Box] = [(70, 70, 525, 110), (70, 600, 160, 610), (70, 624, 525, 665)]
    caption: Box = (222, 560, 376, 571)
    figure: Box = (170, 130, 420, 550)
    assert page_order([*text, caption, figure], 4, 9.0) == [0, 4, 3, 1, 2]


def test_notes_in_a_margin_are_read_beside_their_text() -> None:
    text: list[Box] = [(100, 60.0 * i, 400, 60.0 * i + 50) for i in range(5)]
    left: Box = (40, 122, 90, 134)
    right: Box = (410, 182, 460, 194)
    assert page_order([left, *text, right], 7, 9.0) == [1, 2, 0, 3, 4, 6, 5]
    column: list[Box] = [(10, 60.0 * i, 90, 60.0 * i + 50) for i in range(5)]
    assert page_order([*column, *text], 10, 9.0) == list(range(10)), "a column beside the text"


def test_terms_and_their_definitions_are_read_row_by_row() -> None:
    page_boxes: list[Box] = []
    for y in (0.0, 30.0, 60.0, 90.0):
        page_boxes += [(0, y, 80, y + 12), (120, y, 400, y + 12)]
    assert reading_order(page_boxes, 10.0) == list(range(8))


def test_a_line_to_the_right_above_one_to_the_left_is_read_first() -> None:
    across: list[Box] = [(0, 0, 400, 12), (0, 90, 400, 140)]
    staggered: list[Box] = [across[0], (250, 30, 400, 42), (0, 50, 150, 62), across[1]]
    assert page_order(staggered, 4, 9.0) == [0, 1, 2, 3]
    beside: list[Box] = [across[0], (250, 30, 400, 56), (0, 36, 150, 62), across[1]]
    assert page_order(beside, 4, 9.0) == [0, 2, 1, 3]
