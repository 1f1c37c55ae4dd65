"""Entries of an index or of a list of contents are told from the cells of a table."""

from __future__ import annotations

import pytest

from schemas.pages import Box
from workers.layout.entries import are_entries, goes_on, is_entry


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("catcode, 367, 1291", True),
        ("parse arguments: 4,* 56.*", True),
        ("Kilns of the North . . . . . . 12", True),
        ("\\fontsize ........ 3–5, 17", True),
        ("Kilns …… 12", True),
        ("12", False),
        ("in 1904 we saw", False),
        ("12.50", False),
        ("the words go on", False),
    ],
)
def test_an_entry_is_words_and_page_numbers(text: str, expected: bool) -> None:
    assert is_entry(text) is expected


def test_numbers_and_single_letters_go_on_with_an_entry() -> None:
    assert [goes_on(text) for text in ("829, 994, 1227", "K", "Kilns")] == [True, True, False]


Rows = list[list[tuple[float, str, bool]]]
"""The left end, the text, and whether dots lead to it, of the lines of each row."""


def decided(rows: Rows) -> bool:
    lines: list[tuple[Box, str, bool]] = [
        ((x, 20.0 * n, x + 60, 20.0 * n + 15), text, led)
        for n, row in enumerate(rows)
        for x, text, led in row
    ]
    boxes, texts, are_led = zip(*lines, strict=True)
    return are_entries(boxes, texts, are_led)


def test_labels_with_led_numbers_in_two_columns_are_entries() -> None:
    rows: Rows = [
        [(0, "kiln", False), (200, "12", True), (300, "lathe", False), (500, "7", True)]
        for _ in range(5)
    ]
    assert decided(rows)


def test_sums_after_leaders_in_two_columns_are_a_table() -> None:
    rows: Rows = [
        [(0, "Sales", False), (200, "1,204", True), (300, "1,150", False), (400, "980", False)]
        for _ in range(5)
    ]
    assert not decided(rows)


def test_cells_without_leaders_are_a_table() -> None:
    assert not decided([[(0, "kiln", False), (200, "12", False)] for _ in range(9)])


def test_a_few_dots_in_a_long_table_are_no_evidence() -> None:
    cells: Rows = [[(0, "kiln", False), (200, "12", False)] for _ in range(20)]
    led: Rows = [[(0, "all", False), (200, "240", True)] for _ in range(3)]
    assert not decided(cells + led)
