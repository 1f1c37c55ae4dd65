"""Turns tables in OTSL, which granite-docling and PaddleOCR-VL write, into HTML.

OTSL has one token a cell of the grid (arXiv 2305.03393, section 3; docling-core, `TableToken`), and
the text of a cell follows its token:

- `fcel` is a cell with text, `ecel` an empty one;
- `lcel`, `ucel` and `xcel` continue the cell to their left, above, and both;
- `ched`, `rhed` and `srow` are heads of columns, rows and sections;
- `nl` ends a row.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

OTSL_TOKENS = ("fcel", "ecel", "lcel", "ucel", "xcel", "ched", "rhed", "srow", "nl")

_TOKEN = re.compile(f"<({'|'.join(OTSL_TOKENS)})>")
_HEADS = frozenset({"ched", "rhed", "srow"})
_CONTINUED = frozenset({"lcel", "ucel", "xcel"})


@dataclass(slots=True)
class _Cell:
    kind: str
    text: str
    is_covered: bool = False


def otsl_to_html(text: str) -> str:
    """`text` with each OTSL table in it as HTML, between blank lines.

    Text between the end of a row and the next cell's token is outside the table.
    """
    parts: list[str] = []
    rows: list[list[_Cell]] = [[]]
    before, *tokens = _TOKEN.split(text)
    parts.append(before)
    for kind, content in zip(tokens[::2], tokens[1::2], strict=True):
        if kind != "nl":
            rows[-1].append(_Cell(kind, " ".join(content.split())))
            continue
        rows.append([])
        if content.strip():
            parts += [_table(rows), content]
            rows = [[]]
    parts.append(_table(rows))
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _table(rows: list[list[_Cell]]) -> str:
    rows = [row for row in rows if row]
    if not rows:
        return ""
    parts = ["<table>"]
    for y, row in enumerate(rows):
        parts.append("<tr>")
        # A cell covers the cells that continue it, which all come later in this order.
        parts += [_cell(rows, y, x) for x, cell in enumerate(row) if not cell.is_covered]
        parts.append("</tr>")
    return "".join([*parts, "</table>"])


def _cell(rows: list[list[_Cell]], y: int, x: int) -> str:
    """HTML of the cell at row `y` and column `x`; it covers the cells that continue it.

    A continuation token that continues nothing, or has text of its own, is a cell itself.
    """
    cell = rows[y][x]
    width = height = 1
    if cell.kind not in _CONTINUED:
        width += _run(rows[y], x + 1, len(rows[y]), {"lcel", "xcel"})
        _cover(rows[y], x, width)
        while y + height < len(rows) and _continues(rows[y + height], x, width):
            _cover(rows[y + height], x, width)
            height += 1
    name = "th" if cell.kind in _HEADS else "td"
    spans = f' rowspan="{height}"' * (height > 1) + f' colspan="{width}"' * (width > 1)
    return f"<{name}{spans}>{html.escape(cell.text, quote=False)}</{name}>"


def _continues(row: list[_Cell], x: int, width: int) -> bool:
    """Whether `row` continues the cell above it, which starts at `x` and has `width` columns."""
    if _run(row, x, x + 1, {"ucel", "xcel"}) == 0:
        return False
    end = min(x + width, len(row))
    return _run(row, x + 1, end, _CONTINUED) == end - x - 1


def _run(row: list[_Cell], start: int, end: int, kinds: set[str] | frozenset[str]) -> int:
    """How many cells from `start` to `end` are continuations of `kinds` that no cell covers yet."""
    for x in range(start, min(end, len(row))):
        cell = row[x]
        if cell.kind not in kinds or cell.is_covered or cell.text:
            return x - start
    return max(min(end, len(row)) - start, 0)


def _cover(row: list[_Cell], x: int, width: int) -> None:
    for cell in row[x : x + width]:
        cell.is_covered = True
