"""Lay a table out: widths of columns, heights of rows, lines of cells. Lengths are in points.

Cells wrap at spaces. Columns are at least as wide as their longest word, and rows as high as their
cells, so that no text leaves its cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

from workers.synthetic.sheets import font
from workers.synthetic.tables.grid import Cell, Grid
from workers.synthetic.tables.look import Look

_ASCENT = 0.95  # ems from a line's top to its baseline, with room for accents
_DEPTH = 0.3
_MIN_WIDTH = 160.0  # between the margins, so that a caption has some two words a line


class Line(NamedTuple):
    """A line of text, its face, and where its baseline starts."""

    x: float
    baseline: float
    text: str
    face: str


class Area(NamedTuple):
    """A rectangle."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything goes on a page of `width` x `height` points.

    `areas` and `lines` have one entry for each of the grid's cells, in their order; `columns` and
    `rows` are the edges of the grid, one more than there are columns and rows.
    """

    width: float
    height: float
    columns: tuple[float, ...]
    rows: tuple[float, ...]
    areas: tuple[Area, ...]
    lines: tuple[tuple[Line, ...], ...]
    caption: tuple[Line, ...]

    @property
    def table(self) -> Area:
        """The rectangle around the cells."""
        return Area(self.columns[0], self.rows[0], self.columns[-1], self.rows[-1])


def lay_out(grid: Grid, look: Look) -> Layout:
    """Measure and place a table and its caption."""
    widths = _column_widths(grid, look)
    wrapped = [
        _wrapped(cell.text, look.face(cell), look.size, _inside(widths, cell, look))
        for cell in grid.cells
    ]
    heights = _row_heights(grid, look, [len(lines) for lines in wrapped])
    width = max(sum(widths), _MIN_WIDTH) + 2 * look.margin
    caption = _wrapped(grid.caption, look.caption_face, look.size, width - 2 * look.margin)
    caption_height = (len(caption) * look.leading + 0.7) * look.size if caption else 0.0
    above = caption_height if look.is_caption_above else 0.0
    left = (width - sum(widths)) / 2
    columns = tuple(accumulate(widths, initial=left))
    rows = tuple(accumulate(heights, initial=look.margin + above))
    areas = tuple(
        Area(
            columns[cell.column],
            rows[cell.row],
            columns[cell.column + cell.columns],
            rows[cell.row + cell.rows],
        )
        for cell in grid.cells
    )
    lines = tuple(
        tuple(_set(cell, texts, area, look))
        for cell, texts, area in zip(grid.cells, wrapped, areas, strict=True)
    )
    first = look.margin if look.is_caption_above else rows[-1] + 0.7 * look.size
    captioned = tuple(
        Line(
            look.margin,
            first + (place * look.leading + _ASCENT) * look.size,
            text,
            look.caption_face,
        )
        for place, text in enumerate(caption)
    )
    height = 2 * look.margin + sum(heights) + caption_height
    return Layout(width, height, columns, rows, areas, lines, captioned)


def text_width(text: str, face: str, size: float) -> float:
    """The width of a line."""
    return float(font(face).text_length(text, fontsize=size))


def _inside(widths: Sequence[float], cell: Cell, look: Look) -> float:
    """The width for text in a cell."""
    return sum(widths[cell.column : cell.column + cell.columns]) - 2 * look.pad_x


def _wrapped(text: str, face: str, size: float, width: float) -> list[str]:
    """Lines no wider than `width`, broken at spaces; a wider word has a line of its own."""
    lines: list[str] = []
    for word in text.split():
        # Some slack, because widths are sums of floats.
        if lines and text_width(f"{lines[-1]} {word}", face, size) <= width + 1e-6:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _column_widths(grid: Grid, look: Look) -> list[float]:
    widths = [look.size * 2.0 + 2 * look.pad_x] * grid.columns
    # Cells over many columns come last: the width that others need may be enough for them.
    for cell in sorted(grid.cells, key=lambda cell: cell.columns):
        face = look.face(cell)
        words = max((text_width(word, face, look.size) for word in cell.text.split()), default=0)
        whole = text_width(cell.text, face, look.size)
        needed = max(words, min(whole, look.wrap)) if cell.columns == 1 else words
        missing = needed - _inside(widths, cell, look)
        if missing > 0:
            for place in range(cell.column, cell.column + cell.columns):
                widths[place] += missing / cell.columns
    return widths


def _row_heights(grid: Grid, look: Look, lines: Iterable[int]) -> list[float]:
    heights = [look.leading * look.size + 2 * look.pad_y] * grid.rows
    for cell, count in sorted(zip(grid.cells, lines, strict=True), key=lambda each: each[0].rows):
        needed = _text_height(count, look) + 2 * look.pad_y
        spanned = slice(cell.row, cell.row + cell.rows)
        missing = needed - sum(heights[spanned])
        if missing > 0:
            heights[spanned] = [height + missing / cell.rows for height in heights[spanned]]
    return heights


def _text_height(lines: int, look: Look) -> float:
    return max(0.0, (lines - 1) * look.leading + _ASCENT + _DEPTH) * look.size


def _set(cell: Cell, texts: Sequence[str], area: Area, look: Look) -> Iterable[Line]:
    free = area.y1 - area.y0 - _text_height(len(texts), look)
    top = area.y0 + (look.pad_y if look.is_top_aligned and cell.kind != "header" else free / 2)
    face = look.face(cell)
    for place, text in enumerate(texts):
        room = area.x1 - area.x0 - 2 * look.pad_x - text_width(text, face, look.size)
        share = {"left": 0.0, "center": 0.5, "right": 1.0}[cell.align]
        baseline = top + (place * look.leading + _ASCENT) * look.size
        yield Line(area.x0 + look.pad_x + room * share, baseline, text, face)


def stripes(layout: Layout, head_rows: int) -> list[Area]:
    """The areas of every second row of the body, beginning with its second."""
    table = layout.table
    bands = list(pairwise(layout.rows))[head_rows + 1 :: 2]
    return [Area(table.x0, top, table.x1, bottom) for top, bottom in bands]
