"""Tables as text: a pipe table of Markdown where that can say it all, else HTML. Pure."""

from __future__ import annotations

from html import escape
from itertools import groupby

from schemas.pages import Block, Box, Cell
from workers.layout.tables.grid import Table


def markup(table: Table) -> str:
    """A pipe table where no cell spans or has a line end and the head is one row at most."""
    is_simple = table.head_rows <= 1 and all(
        cell.rows == cell.columns == 1 and "\n" not in cell.text for cell in table.cells
    )
    return pipe_table(table) if is_simple else html(table)


def pipe_table(table: Table) -> str:
    """The table in Markdown; its first row is the head, as the syntax asks."""
    rows = [
        "| " + " | ".join(cell.text.replace("|", "\\|") for cell in row) + " |"
        for _, row in groupby(table.cells, key=lambda cell: cell.row)
    ]
    return "\n".join([rows[0], "|" + "---|" * table.columns, *rows[1:]])


def html(table: Table) -> str:
    """The table as one line of HTML with spans; the head's rows in `thead` as `th`."""
    rows: list[list[Cell]] = [[] for _ in range(table.rows)]
    for cell in table.cells:
        rows[cell.row].append(cell)
    lines = [
        f"<tr>{''.join(_cell(cell, 'th' if at < table.head_rows else 'td') for cell in row)}</tr>"
        for at, row in enumerate(rows)
    ]
    head, body = "".join(lines[: table.head_rows]), "".join(lines[table.head_rows :])
    if not head:
        return f"<table>{body}</table>"
    return f"<table><thead>{head}</thead>" + (f"<tbody>{body}</tbody>" if body else "") + "</table>"


def _cell(cell: Cell, tag: str) -> str:
    spans = f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    spans += f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    text = escape(cell.text, quote=False).replace("\n", "<br>")
    return f"<{tag}{spans}>{text}</{tag}>"


def block(table: Table, width: float, height: float) -> Block:
    """The table as a block of a page of this size, in the unit of the table's boxes."""
    cells = tuple(
        Cell(c.row, c.column, _share(c.bbox, width, height), c.text, c.rows, c.columns)
        for c in table.cells
    )
    return Block("table", _share(table.box, width, height), markup(table), cells=cells)


def _share(box: Box, width: float, height: float) -> Box:
    x0, y0, x1, y1 = (
        min(max(value / extent, 0.0), 1.0)
        for value, extent in zip(box, (width, height) * 2, strict=True)
    )
    return (x0, y0, x1, y1)
