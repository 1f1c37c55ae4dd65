"""Every kind of table that `drawn` draws is found with its words where they were put."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pymupdf
import pytest

from tests.workers.layout.tables.drawn import KINDS, Drawn, Look, draw, look
from tests.workers.layout.tables.finding import found, words_of
from workers.layout.tables import Table, markup
from workers.textlayer.content import read_page
from workers.textlayer.tables import find_tables, word_reader


@functools.cache
def table_of(kind: str) -> tuple[Drawn, Table]:
    drawn = draw(*KINDS[kind])
    (table,) = found(drawn.page)
    return drawn, table


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawn_table_is_found_with_each_word_in_its_cell(kind: str) -> None:
    drawn, table = table_of(kind)

    meant = [words_of(cell) for cell in drawn.cells if cell.text]
    have = [words_of(cell) for cell in table.cells if cell.text]
    assert sorted(have) == sorted(meant)
    assert all("figures were" not in cell.text for cell in table.cells)
    assert all("What was measured" not in cell.text for cell in table.cells)


@pytest.mark.parametrize("kind", KINDS)
def test_the_cells_cover_each_slot_once(kind: str) -> None:
    _, table = table_of(kind)

    slots = [
        (row, column)
        for cell in table.cells
        for row in range(cell.row, cell.row + cell.rows)
        for column in range(cell.column, cell.column + cell.columns)
    ]
    assert sorted(slots) == [(r, c) for r in range(table.rows) for c in range(table.columns)]


def test_a_page_of_1400_rules_is_one_table() -> None:
    rows = [[f"{r}.{c}" for c in range(12)] for r in range(29)]
    how = look("grid", split_rules=True, size=6, pad=1, side=3, x=30, y=60, before=(), after=())
    page = draw(rows, how).page

    assert len(read_page(page).rules) >= 1_374
    (table,) = found(page)
    assert (table.rows, table.columns) == (29, 12)


def test_spans_make_html_and_a_plain_table_makes_pipes() -> None:
    (_, spanned), (_, plain) = table_of("spanned"), table_of("booktabs")

    assert '<td rowspan="2">Region</td><td colspan="2">Sales</td>' in markup(spanned)
    assert markup(plain).startswith(
        "| Station | Depth (m) | Salinity | Remarks |\n|---|---|---|---|\n"
    )


def two_columns(page: pymupdf.Page) -> None:
    lines = [
        "The ferry left the quay before the sun",
        "had risen, and nobody who stood on the",
        "pier that day saw who was at the helm.",
        "The old crane was taken down in March,",
        "and its parts were sold to a scrapyard",
    ]
    for i in range(30):
        page.insert_text((60, 80 + 12 * i), lines[i % 5], fontsize=9)
        page.insert_text((310, 80 + 12 * i), lines[(i + 2) % 5], fontsize=9)


def framed_prose(page: pymupdf.Page) -> None:
    page.draw_rect((50, 60, 300, 200))
    for i in range(8):
        page.insert_text((60, 80 + 12 * i), "Notes on the harbour and its many boats", fontsize=9)


def plot(page: pymupdf.Page) -> None:
    for i in range(6):
        page.draw_line((100 + 40 * i, 100), (100 + 40 * i, 300))
        page.draw_line((100, 100 + 40 * i), (300, 100 + 40 * i))
        page.insert_text((98 + 40 * i, 314), str(i), fontsize=8)
        page.insert_text((84, 103 + 40 * i), str(10 - i), fontsize=8)
    page.draw_polyline([(100, 290), (150, 200), (200, 240), (290, 110)])


def contents(page: pymupdf.Page) -> None:
    for i in range(12):
        page.insert_text((60, 80 + 14 * i), f"{i + 1} On the tides" + " ." * 40, fontsize=9)
        page.insert_text((400, 80 + 14 * i), str(3 * i + 1), fontsize=9)


def numbered_list(page: pymupdf.Page) -> None:
    for i in range(9):
        page.insert_text((60, 80 + 14 * i), f"{i + 1}.", fontsize=9)
        page.insert_text((90, 80 + 14 * i), "Fasten the rope to the ring", fontsize=9)


def head_and_foot(page: pymupdf.Page) -> None:
    page.draw_line((60, 60), (500, 60))
    page.draw_line((60, 700), (500, 700))
    for i in range(40):
        text = "It was late in the year when the last of the ships came home to the harbour."
        page.insert_text((60, 80 + 14 * i), text, fontsize=10)


@pytest.mark.parametrize(
    "draws", [two_columns, framed_prose, plot, contents, numbered_list, head_and_foot]
)
def test_what_is_no_table_is_left_alone(draws: Callable[[pymupdf.Page], None]) -> None:
    page = pymupdf.open().new_page()
    draws(page)

    assert len(read_page(page).lines) >= 8
    assert found(page) == []


def test_a_region_of_a_model_makes_a_table_of_two_rows() -> None:
    rows = (("Boat", "Length", "Built"), ("Anna", "12 m", "1931"))
    page = draw(rows, Look(frozenset(), side=9)).page
    content = read_page(page)
    words = word_reader(page, content)

    assert find_tables(words, content, content.lines) == []
    (table,) = find_tables(words, content, content.lines, [(60, 145, 300, 195)])
    assert [cell.text for cell in table.cells] == [*rows[0], *rows[1]]
