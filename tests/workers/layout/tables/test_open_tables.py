"""Tables that lines and wide gaps show only in part, and what looks like one of them."""

from __future__ import annotations

from collections.abc import Callable

import pymupdf
import pytest

from tests.workers.layout.tables import drawn_open
from tests.workers.layout.tables.drawn import draw
from tests.workers.layout.tables.drawn_open import KINDS
from tests.workers.layout.tables.finding import found, words_of
from workers.textlayer.content import read_page
from workers.textlayer.layer import extract

Draws = Callable[[pymupdf.Page], None]


def rows_in(draws: Draws) -> list[list[str]]:
    page = pymupdf.open().new_page()
    draws(page)
    (table,) = found(page)
    assert all(cell.rows == cell.columns == 1 for cell in table.cells)
    rows: list[list[str]] = [[] for _ in range(table.rows)]
    for cell in table.cells:
        rows[cell.row].append(cell.text)
    return rows


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawn_table_is_found_with_each_word_in_its_cell(kind: str) -> None:
    rows, how = KINDS[kind]
    drawn = draw(rows, how)
    (table,) = found(drawn.page)

    meant = [words_of(cell) for cell in drawn.cells if cell.text]
    have = [words_of(cell) for cell in table.cells if cell.text]
    assert sorted(have) == sorted(meant)


def test_a_grid_is_cut_where_its_rows_leave_a_gap_free() -> None:
    rows = rows_in(drawn_open.half_ruled)

    assert rows[1] == ["Area 1", "7.5", "3.25"]
    assert len(rows) == 6


def test_two_lines_that_stand_close_do_not_part_the_head_from_its_table() -> None:
    rows = rows_in(drawn_open.double_ruled)

    assert rows[0] == ["Kind", "Days", "Nights"]
    assert rows[5] == ["Kind 5", "5", "45"]


def test_a_head_above_the_first_line_is_the_head_of_all_that_follows() -> None:
    rows = rows_in(drawn_open.head_above_lines)

    assert rows[0] == ["", "left", "middle", "right"]
    assert rows[8] == ["Method 7", "yes", "no", "yes"]


def test_the_names_of_groups_are_a_column() -> None:
    rows = rows_in(drawn_open.named_groups)

    assert rows[0] == ["Class", "Species", "Count"]
    assert [row[0] for row in rows if row[0]] == ["Class", "Birds", "Insects", "Fish"]
    assert len(rows) == 10


def test_cells_in_a_font_of_one_width_stay_in_their_table() -> None:
    rows = rows_in(drawn_open.code_cells)

    assert rows[1] == ["Site A", "http://site0.example", "Notes on boats 0"]


def test_lines_of_a_page_are_no_table_of_all_between_them() -> None:
    page = pymupdf.open().new_page()
    drawn_open.page_rules(page)

    texts = [cell.text for table in found(page) for cell in table.cells]
    assert not any("Probe" in text or "whenever" in text for text in texts)


@pytest.mark.parametrize(
    "draws", [drawn_open.definitions, drawn_open.program, drawn_open.shaded_headings]
)
def test_what_is_no_table_is_left_alone(draws: Draws) -> None:
    page = pymupdf.open().new_page()
    draws(page)

    assert len(read_page(page).lines) >= 8
    assert found(page) == []


def test_a_head_that_each_page_repeats_stays_in_its_table() -> None:
    rows = (("Name", "Depth", "Salt"), *((f"Place {i}", f"{i}.5", f"{2 * i}") for i in range(30)))
    how = drawn_open.look("grid", y=40, before=(), after=())
    page = draw(rows, how).page
    from workers.textlayer.furniture import edge_lines

    edges = edge_lines(read_page(page))
    layer = extract(page, neighbours={-1: edges, 1: edges, 2: edges, -2: edges})

    assert "| Name | Depth | Salt |" in layer.text
