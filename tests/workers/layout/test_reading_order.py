"""The order is a permutation for any boxes, independent of input order, right on known layouts."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.layout.reading_order import join_lines, paragraphs

LINE = 10.0
LEADING = 12.0

# Few distinct values make ties, touching and coinciding boxes likely.
_grid = st.integers(0, 12).map(lambda n: n * 5.0)
_wild = st.floats() | st.sampled_from([math.inf, -math.inf, math.nan, 1e300, 0.0])
_boxes = st.lists(st.tuples(*[_grid] * 4), max_size=40) | st.lists(
    st.tuples(*[_wild] * 4), max_size=12
)
_upright = st.tuples(_grid, _grid, _grid, _grid).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)


def order_boxes(boxes: object) -> list[list[int]]:
    """Paragraphs without their rows."""
    return [[i for row in rows for i in row] for rows in paragraphs(boxes)]


def column(x0: float, x1: float, y: float, rows: int) -> list[tuple[float, float, float, float]]:
    return [(x0, y + i * LEADING, x1, y + i * LEADING + LINE) for i in range(rows)]


def flat(boxes: object) -> list[int]:
    return [i for group in order_boxes(np.asarray(boxes)) for i in group]


@given(_boxes)
def test_every_box_occurs_once(boxes: list[tuple[float, ...]]) -> None:
    groups = order_boxes(np.array(boxes).reshape(-1, 4))
    assert all(groups)
    assert sorted(i for group in groups for i in group) == list(range(len(boxes)))


@given(st.lists(_upright, max_size=30, unique=True), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_the_input(
    boxes: list[tuple[float, ...]], random: Random
) -> None:
    """Boxes that all differ: only equal boxes may depend on the order of the input."""
    shuffled = random.sample(boxes, len(boxes))

    def by_box(names: list[tuple[float, ...]]) -> list[list[list[tuple[float, ...]]]]:
        return [[[names[i] for i in row] for row in rows] for rows in paragraphs(names)]

    assert by_box(boxes) == by_box(shuffled)


def test_columns_of_ragged_entries_that_stand_close_are_read_one_after_the_other() -> None:
    """Entries with indents, whose page numbers end near the next column's beginning."""
    boxes = [
        box
        for x0, leading in ((0, 17.3), (280, 17.9))
        for i in range(30)
        for box in [
            (x0 + 25 * (i % 3), i * leading, x0 + 150 + 30 * (i % 2), i * leading + 16),
            (x0 + 258, i * leading, x0 + 272, i * leading + 16),
        ]
    ]
    order = flat(boxes)
    assert set(order[:60]) == set(range(60))


def test_boxes_of_two_kinds_are_never_in_one_paragraph() -> None:
    boxes = column(0, 300, 0, 4)
    assert paragraphs(boxes, kinds=[0, 0, 1, 1]) == [[[0], [1]], [[2], [3]]]


def test_a_list_item_begins_a_paragraph_and_keeps_its_indented_rows() -> None:
    boxes = [(0, 0, 300, 10), (20, 12, 300, 22), (0, 24, 300, 34), (20, 36, 300, 46)]
    found = paragraphs(boxes, begins=[True, False, True, False])
    assert found == [[[0], [1]], [[2], [3]]]


@pytest.mark.parametrize("empty", [[], np.empty((0, 4)), np.empty(0)])
def test_no_boxes_is_no_paragraphs(empty: object) -> None:
    assert order_boxes(empty) == []


def test_lines_of_one_column_are_one_paragraph_from_the_top() -> None:
    assert order_boxes(column(0, 300, 0, 6)[::-1]) == [[5, 4, 3, 2, 1, 0]]


def test_left_column_comes_whole_before_the_right() -> None:
    boxes = column(0, 140, 0, 8) + column(160, 300, 3, 8)
    assert order_boxes(boxes) == [list(range(8)), list(range(8, 16))]


def test_headings_across_the_page_divide_the_columns() -> None:
    """Above and between them: each is read before the columns under it."""
    boxes = [
        (40, 0, 260, 16),
        *column(0, 140, 30, 5),
        *column(160, 300, 30, 5),
        (20, 96, 280, 112),
        *column(0, 140, 120, 5),
        *column(160, 300, 120, 5),
        (145, 300, 155, 310),
    ]
    assert flat(boxes) == list(range(len(boxes)))


def test_a_figure_over_the_left_column_does_not_bring_the_right_one_first() -> None:
    boxes = column(0, 140, 60, 5) + column(160, 300, 0, 10)
    assert flat(boxes) == list(range(15))


def test_three_columns() -> None:
    boxes = column(0, 90, 0, 6) + column(110, 200, 0, 6) + column(220, 310, 0, 6)
    assert flat(boxes) == list(range(18))


def test_a_table_is_read_by_rows() -> None:
    cells = [(x, y, x + 30, y + LINE) for y in (0, 20, 40) for x in (0, 100, 200)]
    assert order_boxes(cells) == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_a_contents_page_keeps_its_page_numbers_with_their_lines() -> None:
    entries = [
        box
        for i in range(6)
        for box in [(0, i * 12, 150, i * 12 + 10), (280, i * 12, 290, i * 12 + 10)]
    ]
    assert flat(entries) == list(range(12))


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (column(0, 300, 48 + 10, 3), "a wider gap"),
        ([(20, 48, 300, 58), *column(0, 300, 60, 2)], "an indent"),
        ([(0, 48, 300, 66)], "larger letters"),
    ],
)
def test_a_new_paragraph_opens_at(second: list[tuple[float, ...]], why: str) -> None:
    groups = order_boxes(column(0, 300, 0, 4) + second)
    assert groups == [[0, 1, 2, 3], list(range(4, 4 + len(second)))], why


def test_a_short_row_ends_its_paragraph() -> None:
    boxes = [*column(0, 300, 0, 2), (0, 24, 120, 34), *column(0, 300, 36, 2)]
    assert order_boxes(boxes) == [[0, 1, 2], [3, 4]]


def test_upright_columns_are_read_from_right_to_left() -> None:
    boxes = [(x, 0.0, x + 10, 200.0) for x in (0, 14, 28)]
    assert flat(boxes) == [2, 1, 0]


def test_a_stamp_in_the_margin_comes_last() -> None:
    boxes = [(-30.0, 0.0, -20.0, 90.0), *column(0, 300, 0, 8)]
    assert flat(boxes) == [*range(1, 9), 0]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["plain", "lines"], "plain lines"),
        (["exam-", "ple"], "example"),
        (["soft\u00ad", "hyphen"], "softhyphen"),
        (["Anglo-", "Saxon"], "Anglo-Saxon"),
        (["pages 3-", "5"], "pages 3-5"),
        (["state-of-the-", "art"], "state-of-the-art"),
        (["-", "a"], "- a"),
        (["中文没有", "空格。"], "中文没有空格。"),
        (["中文与", "Latin"], "中文与 Latin"),
        (["한국어", "단어"], "한국어 단어"),
        (["", "  a ", ""], "a"),
        ([], ""),
    ],
)
def test_lines_join_as_their_script_does(lines: list[str], text: str) -> None:
    assert join_lines(lines) == text


@given(st.lists(st.text()))
def test_joining_loses_only_hyphens_and_space(lines: list[str]) -> None:
    def bare(text: str) -> str:
        return "".join(c for c in text if not c.isspace() and c not in "-\u2010\u00ad")

    assert bare(join_lines(lines)) == bare("".join(lines))


def in_order(found: list[list[list[int]]]) -> list[int]:
    return [i for rows in found for row in rows for i in row]


def test_level_columns_of_entries_are_read_one_after_the_other() -> None:
    """Narrow, ragged and level as cells are: only the words tell."""
    left = [(0.0, 12.0 * n, 40.0 + 7 * (n % 4), 12.0 * n + 10) for n in range(8)]
    right = [(100.0, 12.0 * n, 130.0 + 9 * (n % 3), 12.0 * n + 10) for n in range(6)]
    by_column = list(range(14))
    assert in_order(paragraphs(left + right, entries=[1] * 14)) == by_column
    # where an entry goes over two rows, the rest of it does not count against it
    assert in_order(paragraphs(left + right, entries=[1, -1] * 7)) == by_column
    for cells in (None, [1] * 8 + [0] * 6, [-1] * 14):
        assert in_order(paragraphs(left + right, entries=cells))[:2] == [0, 8]


def test_a_heading_between_columns_and_text_across_them_comes_after_both() -> None:
    columns = column(0, 100, 0, 4) + column(130, 230, 0, 4)
    bottom = columns[-1][3]
    heading = (0.0, bottom + 20, 60.0, bottom + 30)
    across = (0.0, bottom + 35, 230.0, bottom + 45)
    assert flat([*columns, heading, across]) == list(range(10))
    # as near to its column as to what is below, it is the column's last row
    near = (0.0, bottom + 4, 60.0, bottom + 14)
    assert flat([*columns, near, across]) == [0, 1, 2, 3, 8, 4, 5, 6, 7, 9]
