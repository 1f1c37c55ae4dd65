"""Formulas and lists of contents stand in columns and are no tables; captions part two tables."""

from __future__ import annotations

import pymupdf
import pytest

from workers.layout.tables.columns import Chunk, Row
from workers.layout.tables.grid import Piece
from workers.layout.tables.lookalikes import are_contents, are_formulas
from workers.textlayer import extract


def rows(*texts: str) -> list[Row]:
    """A row for each text, whose cells are parted by bars."""
    return [
        [
            Chunk(Piece((100.0 * at, 20.0 * n, 100.0 * at + 60, 20.0 * n + 10), cell, 10.0), at)
            for at, cell in enumerate(text.split("|"))
        ]
        for n, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    "texts",
    [
        ("a² = b² + c²|(16.145)", "b² = d²|(16.146)"),
        ("x = 1|(A.1)", "and so|", "y ≤ 2|(A.2)"),
        ("⎛|a|b|⎞", "⎝|c|d|⎠|(4)", "e|f"),
        ("∂f|∂g", "(7)", "∂x|∂y"),
    ],
)
def test_rows_that_end_in_numbers_of_equations_are_formulas(texts: tuple[str, ...]) -> None:
    assert are_formulas(rows(*texts))


@pytest.mark.parametrize(
    "texts",
    [
        ("Bell|1788", "Rope|1790"),
        ("Weight|(12)", "Height|(14)"),  # negative amounts
        ("x = 1|5", "y = 2|7"),
        ("p = 1|(3)", "a|b", "c|d", "e|f", "g|h"),
    ],
)
def test_numbers_in_parentheses_alone_make_no_formulas(texts: tuple[str, ...]) -> None:
    assert not are_formulas(rows(*texts))


def test_numbered_titles_with_pages_that_count_up_are_contents() -> None:
    assert are_contents(rows("1 Ropes|1", "2 Bells and towers|1", "3.1 The end|2"))
    assert are_contents(rows("1|Ropes|4", "1.1|Knots|9"))


@pytest.mark.parametrize(
    "texts",
    [
        ("1 Ropes|9", "2 Bells|1"),
        ("Ropes|1", "Bells|2"),
        ("1 Rope|a", "2 Bell|b"),
        ("1|12|20", "2|14|30"),
    ],
)
def test_other_rows_are_no_contents(texts: tuple[str, ...]) -> None:
    assert not are_contents(rows(*texts))


def test_a_caption_between_two_tables_parts_them() -> None:
    page = pymupdf.open().new_page()
    y = 80.0
    for number in (1, 2):
        page.insert_text((80, y), f"Table {number}. Weights of the bells of the year {number}:")
        for row in range(5):
            y += 15
            for at in range(5):
                word = f"{row}.{at}{number}" if at else f"bell {'abcde'[row]}"
                page.insert_text((90 + 70 * at, y), word)
        y += 22
    tables = [block for block in extract(page).blocks if block.label == "table"]
    assert len(tables) == 2
    assert all("Table" not in block.text and "| 4.4" in block.text for block in tables)
