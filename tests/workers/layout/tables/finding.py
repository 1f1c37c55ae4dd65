"""What is found in a drawn page, in the form that the tests of tables compare."""

from __future__ import annotations

import pymupdf

from schemas.pages import Cell
from workers.layout.tables import Table
from workers.textlayer.content import read_page
from workers.textlayer.tables import find_tables, word_reader


def found(page: pymupdf.Page) -> list[Table]:
    """The tables of a page, by rules and alignment."""
    content = read_page(page)
    return find_tables(word_reader(page, content), content, content.lines)


def words_of(cell: Cell) -> tuple[int, int, int, int, str]:
    """A cell's place, its spans, and its text without spaces."""
    return cell.row, cell.column, cell.rows, cell.columns, "".join(cell.text.split())
