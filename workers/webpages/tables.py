"""Tables as HTML: from the cells of a block, and from the HTML that engines write. Pure.

Each text is escaped. Spans are bounded, so that a table of a few bytes cannot make a browser lay
out millions of cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from workers.engines.grammars.html import Tag, pieces, unescaped
from workers.webpages.visible import shown

_MOST_COLUMNS = 200
_MOST_ROWS_SPANNED = 1_000


class CellRow(TypedDict):
    """A cell of a table, over some rows and columns of its grid."""

    row: int
    column: int
    rows: int
    columns: int
    text: str


@dataclass(slots=True)
class _Cell:
    """A cell as it is written, and the pieces of its text."""

    name: str
    rows: int = 1
    columns: int = 1
    text: list[str] = field(default_factory=list)


def table_of_cells(cells: Sequence[CellRow]) -> str:
    """A table of HTML, from cells in row order."""
    rows: dict[int, list[_Cell]] = {}
    for cell in cells:
        made = _Cell("td", cell["rows"], cell["columns"], [cell["text"]])
        rows.setdefault(cell["row"], []).append(made)
    return _table((rows[number] for number in sorted(rows)), shown)


def table_of_html(source: str, inline: Callable[[str], str] = shown) -> str:
    """A table of HTML, from HTML that is not trusted; only its cells, spans and texts are taken.

    Args:
        source: from `<table` on. Forgotten end tags do not matter; an inner table is a part of
            the outer one.
        inline: makes safe HTML of the text in a cell.
    """
    rows: list[list[_Cell]] = []
    loose = _Cell("caption")  # the text outside all cells
    cell = loose
    for piece in pieces(source):
        if isinstance(piece, str):
            cell.text.append(unescaped(piece))
        elif piece.name == "tr" and not piece.is_end:
            rows.append([])
            cell = loose
        elif piece.name in ("td", "th") and not piece.is_end:
            cell = _Cell(piece.name, _span(piece, "rowspan"), _span(piece, "colspan"))
            if not rows:
                rows.append([])
            rows[-1].append(cell)
        elif piece.name in ("td", "th", "table"):
            cell = loose
        else:
            cell.text.append(_within_a_cell(piece))
    return _table(rows, inline, " ".join("".join(loose.text).split()))


def _span(tag: Tag, name: str) -> int:
    value = tag.attribute(name)
    return int(value) if value.isascii() and value.isdigit() and len(value) < 5 else 1


def _within_a_cell(tag: Tag) -> str:
    if tag.name == "br":
        return "\n"
    if tag.name in ("sup", "sub"):
        return f"<{'/' * tag.is_end}{tag.name}>"  # which the text of Markdown knows
    return " " if tag.name in ("p", "div", "li") else ""


def _table(rows: Iterable[Sequence[_Cell]], inline: Callable[[str], str], caption: str = "") -> str:
    lines = "".join(f"<tr>{_row(row, inline)}</tr>" for row in rows)
    heading = f"<caption>{inline(caption)}</caption>" if caption else ""
    return f'<table dir="auto">{heading}{lines}</table>'


def _row(row: Sequence[_Cell], inline: Callable[[str], str]) -> str:
    parts, room = [], _MOST_COLUMNS
    for cell in row:
        columns = max(1, min(cell.columns, room))
        room -= columns
        rows = max(1, min(cell.rows, _MOST_ROWS_SPANNED))
        spans = {"rowspan": rows, "colspan": columns}
        attributes = "".join(f' {name}="{count}"' for name, count in spans.items() if count > 1)
        text = inline("".join(cell.text).strip())
        parts.append(f"<{cell.name}{attributes}>{text}</{cell.name}>")
    return "".join(parts)
