"""A table as a grid of cells with spans, and its HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

Align = Literal["left", "center", "right"]
CellKind = Literal["header", "stub", "body", "section", "total"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell at a row and a column from 0, which covers `rows` x `columns` places of the grid."""

    row: int
    column: int
    text: str
    rows: int = 1
    columns: int = 1
    kind: CellKind = "body"
    align: Align = "left"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its size, how many rows are its head, and cells that cover it, in reading order."""

    rows: int
    columns: int
    head_rows: int
    cells: tuple[Cell, ...]
    caption: str = ""


def html(grid: Grid) -> str:
    """The table as one line of HTML, without its caption: `thead` with `th`, `tbody` with `td`."""
    head = _rows(grid.cells, range(grid.head_rows))
    body = _rows(grid.cells, range(grid.head_rows, grid.rows))
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"


def _rows(cells: Sequence[Cell], rows: range) -> str:
    return "".join(
        f"<tr>{''.join(_cell(cell) for cell in cells if cell.row == row)}</tr>" for row in rows
    )


def _cell(cell: Cell) -> str:
    tag = "th" if cell.kind == "header" else "td"
    spans = f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    spans += f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    return f"<{tag}{spans}>{escape(cell.text, quote=False)}</{tag}>"
