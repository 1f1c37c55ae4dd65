"""Ruled tables of a born-digital page: PyMuPDF finds the cells, the page's words fill them.

Owns the cheap check for ruling lines before PyMuPDF's `find_tables`, which costs 30 ms a page.
Tables without ruling lines on all sides are not found here: they come out as lines of text.

`Table.to_markdown` is not used: it extracts the whole page again for each cell and orders the
characters of a cell from left to right, which reverses Arabic.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pymupdf

from schemas.pages import Box
from workers.textlayer.lines import MAX_RULES, TEXT_FLAGS, PageContent, clean, place
from workers.textlayer.rtl import mended_word

_MAX_PATHS = 4 * MAX_RULES
"""PyMuPDF reads every path of the page again in Python, about 10 us each; a page with more is a
drawing, and is skipped."""

_MAX_TABLE_RULES = 1_000
"""PyMuPDF intersects each upright rule with each level one: at most 500 x 500."""

_MAX_TABLE_LINES = 2_000
"""PyMuPDF collects styles, quadratic in text (see `workers.textlayer.lines`); a page of small
print has under 300 lines, a dense table 1,000."""

_RULE_PT = 3.0  # thicker is an area
_MIN_RULE_PT = 8.0  # shorter is a stroke of a drawing
_MAX_CELLS = 2_000
_MAX_WORDS = 10_000


@dataclass(frozen=True, slots=True)
class Table:
    """Cell texts by row, None where a wider or taller neighbour covers the cell, and the box."""

    box: Box
    cells: tuple[tuple[str | None, ...], ...]


def find_tables(page: pymupdf.Page, content: PageContent) -> list[Table]:
    """The ruled tables of the page, from top to bottom."""
    clip = _ruled_area(content)
    if clip is None:
        return []
    matrix, rotation = content.matrix, page.rotation
    inverse = ~matrix
    unrotated_clip = place(clip, inverse)
    if rotation:
        page.set_rotation(0)
    try:
        # `lines_strict` leaves out shaded areas without a border, which striped prose has.
        # PyMuPDF returns None after an error of its own.
        finder = page.find_tables(clip=unrotated_clip, strategy="lines_strict", use_layout=False)
        grids = [table.cells for table in finder.tables] if finder is not None else []
        words = page.get_text("words", clip=unrotated_clip, flags=TEXT_FLAGS) if grids else []
    finally:
        if rotation:
            page.set_rotation(rotation)
    placed_words = [
        (place(word[:4], matrix), clean(mended_word(word[4]))) for word in words[:_MAX_WORDS]
    ]
    tables = [fill([place(cell, matrix) for cell in cells], placed_words) for cells in grids]
    return sorted((t for t in tables if t is not None), key=lambda table: table.box[1])


def _ruled_area(content: PageContent) -> Box | None:
    """The box around all ruling lines; None where they cannot form a table of 2 x 2 cells."""
    if content.path_count > _MAX_PATHS or len(content.lines) > _MAX_TABLE_LINES:
        return None
    level: list[Box] = []
    upright: list[Box] = []
    for x0, y0, x1, y1 in content.rules:
        is_level = y1 - y0 <= _RULE_PT and x1 - x0 >= _MIN_RULE_PT
        is_upright = x1 - x0 <= _RULE_PT and y1 - y0 >= _MIN_RULE_PT
        is_cell = min(x1 - x0, y1 - y0) >= _MIN_RULE_PT
        if is_level or is_cell:
            level.append((x0, y0, x1, y1))
        if is_upright or is_cell:
            upright.append((x0, y0, x1, y1))
    if len({round(r[1]) for r in level}) < 2 or len({round(r[0]) for r in upright}) < 2:
        return None
    if len(level) + len(upright) < 5 or len(level) + len(upright) > _MAX_TABLE_RULES:
        return None
    boxes = level + upright
    pad = 2.0
    return (
        max(min(b[0] for b in boxes) - pad, 0.0),
        max(min(b[1] for b in boxes) - pad, 0.0),
        min(max(b[2] for b in boxes) + pad, content.width),
        min(max(b[3] for b in boxes) + pad, content.height),
    )


def fill(cells: Sequence[Box], words: Sequence[tuple[Box, str]]) -> Table | None:
    """Put each word into the cell that contains its middle; None where this is no table of text.

    A grid with one row or column is a frame, one that is mostly empty is a plot.
    """
    if not 4 <= len(cells) <= _MAX_CELLS:
        return None
    tops, lefts = _edges(c[1] for c in cells), _edges(c[0] for c in cells)
    if len(tops) < 2 or len(lefts) < 2:
        return None
    slots = {(_slot(tops, c[1]), _slot(lefts, c[0])): c for c in cells}
    texts: dict[tuple[int, int], list[tuple[Box, str]]] = {slot: [] for slot in slots}
    for box, text in words:
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        row, column = _slot(tops, y), _slot(lefts, x)
        slot = _holder(slots, row, column, x, y)
        if slot is not None:
            texts[slot].append((box, text))
    if sum(map(bool, texts.values())) * 5 < len(slots) * 2:
        return None
    grid = tuple(
        tuple(_cell_text(texts[r, c]) if (r, c) in texts else None for c in range(len(lefts)))
        for r in range(len(tops))
    )
    box = (
        min(c[0] for c in cells),
        min(c[1] for c in cells),
        max(c[2] for c in cells),
        max(c[3] for c in cells),
    )
    return Table(box, grid)


def _edges(values: Iterable[float]) -> list[float]:
    """Distinct edges, those within 2 points of each other as one."""
    edges: list[float] = []
    for value in sorted(values):
        if not edges or value > edges[-1] + 2.0:
            edges.append(value)
    return edges


def _slot(edges: Sequence[float], value: float) -> int:
    return max(bisect_right(edges, value + 1e-3) - 1, 0)


def _holder(
    slots: dict[tuple[int, int], Box], row: int, column: int, x: float, y: float
) -> tuple[int, int] | None:
    """The cell at or before this slot that contains the point: cells may span slots."""
    for r in range(row, max(row - 20, -1), -1):
        for c in range(column, max(column - 20, -1), -1):
            cell = slots.get((r, c))
            if cell and cell[0] <= x <= cell[2] and cell[1] <= y <= cell[3]:
                return (r, c)
    return None


def _cell_text(words: Sequence[tuple[Box, str]]) -> str:
    """Words in the page's own order; a new line where a word lies below the one before."""
    text = ""
    bottom = None
    for box, word in words:
        middle = (box[1] + box[3]) / 2
        text += ("" if bottom is None else "\n" if middle > bottom else " ") + word
        bottom = box[3]
    return text
