"""Reading order of the lines on a page, from their boxes alone, and how lines join to text.

Owns columns, rows and paragraphs (`paragraphs`), and how lines join (`join_lines`). Does not use
words to find the order, read pixels, or know which engine made the boxes.

The order is that of a recursive XY-cut (`xy_cut`) with the remedy of XY-Cut++ (Liu et al.,
arXiv:2504.10258) for its known fault: a heading across the page closes the gutter under it. Boxes
that cross a gutter are set aside as separators, and the columns between them are read one after
another. Pure NumPy, deterministic, and independent of the order in which the boxes come.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workers.layout import xy_cut

Boxes = NDArray[np.float64]
"""float64 (n, 4): x0, y0, x1, y1 in any one unit, y downwards."""

# All lengths below are in line heights: the median short side of the boxes of one flow.
_MIN_GUTTER = 0.5
"""Boxes of a detector reach about 0.2 past the ink on each side of a gutter of one line height."""
_MIN_COLUMN_WIDTH = 6.0
"""About twelve Latin letters. A narrower column is a table cell, a line number or a bullet."""
_MIN_COLUMN_SHARE = 0.2
"""Of the region's width; five columns of equal width still pass."""
_MIN_COLUMN_ROWS = 2
_MIN_COLUMN_FILL = 0.4
"""A column's median row covers this much of its width; cells of a wide table cover less."""
_MAX_DEPTH = 12

_PARAGRAPH_GAP = 0.35
"""A gap larger than the usual one by this much begins a paragraph."""
_HEIGHT_JUMP = 1.4
"""Rows of 10 and 14 points are not one paragraph; ascenders alone change a box by 1.2 or so."""
_INDENT = 0.8
_SHORT_ROW = 6.0
"""A row this much shorter than its neighbours had room for another word: it ends a paragraph."""
_CELL_GAP = 1.5
"""Between boxes of one row: wider than any word space, so the row is a row of cells."""


class _Row(NamedTuple):
    """Boxes side by side, left to right, and the box around them."""

    members: list[int]
    x0: float
    y0: float
    x1: float
    y1: float
    is_cells: bool


def paragraphs(boxes: ArrayLike) -> list[list[list[int]]]:
    """Paragraphs in reading order; a paragraph is a list of rows, a row a list of indices.

    Every index occurs once, whatever the boxes: empty, degenerate, not finite.

    Vertical lines of text (Chinese and Japanese, a stamp in the margin) are a flow of their own,
    read from right to left, after the horizontal lines unless most lines are vertical.
    """
    clean = _cleaned(boxes)
    widths, heights = clean[:, 2] - clean[:, 0], clean[:, 3] - clean[:, 1]
    unit = float(np.median(np.minimum(widths, heights))) if len(clean) else 0.0
    is_tall = (heights > 3 * widths) & (heights > 3 * unit)
    # A quarter turn makes the right-to-left columns into rows from top to bottom.
    turned = np.column_stack([clean[:, 1], -clean[:, 2], clean[:, 3], -clean[:, 0]])
    flat, tall = _flow(clean, np.flatnonzero(~is_tall)), _flow(turned, np.flatnonzero(is_tall))
    return tall + flat if 2 * np.count_nonzero(is_tall) > len(clean) else flat + tall


def join_lines(lines: Sequence[str]) -> str:
    """Join the lines of one paragraph: words cut by a hyphen are made whole, CJK gets no space.

    >>> join_lines(["a hyphen-", "ated word", "and more"])
    'a hyphenated word and more'
    """
    text = ""
    for line in (stripped for stripped in map(str.strip, lines) if stripped):
        if _is_cut_word(text, line):
            text = text[:-1] + line
        elif not text or (_is_unspaced(text[-1]) and _is_unspaced(line[0])):
            text += line
        else:
            text += " " + line
    return text


def _is_cut_word(text: str, line: str) -> bool:
    """Whether a hyphen after a letter and before a lowercase letter comes from the line break."""
    ends_cut = len(text) > 1 and text[-1] in "-\u2010\u00ad" and text[-2].isalpha()
    return ends_cut and line[0].islower()


def _is_unspaced(char: str) -> bool:
    """Han, kana and full-width forms with their punctuation; Hangul puts spaces between words."""
    is_cjk = "\u2e80" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff"
    return is_cjk or "\uf900" <= char <= "\ufaff" or "\uff00" <= char <= "\uffef"


def _cleaned(boxes: ArrayLike) -> Boxes:
    """Finite boxes with x0 <= x1 and y0 <= y1, within 1e9, so that float64 sums stay exact."""
    raw = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    finite = np.clip(np.nan_to_num(raw, posinf=1e9, neginf=-1e9), -1e9, 1e9)
    low, high = finite[:, :2], finite[:, 2:]
    return np.hstack([np.minimum(low, high), np.maximum(low, high)])


def _flow(boxes: Boxes, members: NDArray[np.intp]) -> list[list[list[int]]]:
    """The paragraphs of `members`, all set in one direction."""
    if not len(members):
        return []
    # A canonical order, so that the result does not depend on the order of the input.
    x0, y0, x1, y1 = boxes[members].T
    members = members[np.lexsort((members, x1, y1, x0, y0))]
    unit = float(np.median(y1 - y0)) or 1.0
    columns = xy_cut.regions(members, lambda part: _cut(boxes, part, unit), _MAX_DEPTH)
    return [rows for column in columns for rows in _split_rows(_rows(boxes, column, unit), unit)]


def _cut(boxes: Boxes, members: NDArray[np.intp], unit: float) -> list[NDArray[np.intp]]:
    """The parts beside the gutter that puts most boxes into columns; none where no gutter does."""
    best: list[tuple[bool, NDArray[np.intp]]] = []
    best_size = 0
    for gutter in _gutters(boxes, members, unit):
        parts = _bands(boxes, members, gutter, unit)
        size = sum(len(part) for is_column, part in parts if is_column)
        if size > best_size:
            best, best_size = parts, size
    return [part for _, part in best]


def _gutters(boxes: Boxes, members: NDArray[np.intp], unit: float) -> list[float]:
    """Middles of the x intervals that fewer boxes cross than either neighbouring interval."""
    x0, x1 = boxes[members, 0], boxes[members, 2]
    edges = np.unique(np.concatenate([x0, x1]))
    middles = (edges[:-1] + edges[1:]) / 2
    # crossings: int (intervals,)
    crossings = np.searchsorted(np.sort(x0), middles) - np.searchsorted(np.sort(x1), middles)
    inner = np.arange(1, len(crossings) - 1)
    is_low = (crossings[inner] < crossings[inner - 1]) & (crossings[inner] < crossings[inner + 1])
    is_wide = (edges[inner + 1] - edges[inner]) >= _MIN_GUTTER * unit
    return [float(x) for x in middles[inner[is_low & is_wide]]]


def _bands(
    boxes: Boxes, members: NDArray[np.intp], gutter: float, unit: float
) -> list[tuple[bool, NDArray[np.intp]]]:
    """Cut at the boxes that cross `gutter`: (is a column, members) parts, in reading order.

    A band between two crossing boxes becomes two columns where both sides look like text; else
    it stays together with the crossing boxes around it.
    """
    x0, y0, x1, y1 = boxes[members].T
    middle = (y0 + y1) / 2
    crosses = (x0 < gutter) & (x1 > gutter)
    band_of = np.searchsorted(np.sort(middle[crosses]), middle, side="right")
    parts: list[tuple[bool, NDArray[np.intp]]] = []
    loose: list[NDArray[np.intp]] = []
    extent = float(x1.max() - x0.min())
    for band in range(int(band_of.max()) + 1):
        # a crossing box is the first of its band
        loose.append(members[crosses & (band_of == band)])
        inside = members[~crosses & (band_of == band)]
        is_left = boxes[inside, 2] <= gutter
        sides = [inside[is_left], inside[~is_left]]
        if all(_is_column(boxes, side, extent, unit) for side in sides):
            parts += [(False, np.concatenate(loose)), *((True, side) for side in sides)]
            loose = []
        else:
            loose.append(inside)
    parts.append((False, np.concatenate([*loose, members[:0]])))
    return [(is_column, part) for is_column, part in parts if len(part)]


def _is_column(boxes: Boxes, members: NDArray[np.intp], extent: float, unit: float) -> bool:
    """Whether this is running text, not cells: enough rows, wide enough, and well filled."""
    if len(members) < _MIN_COLUMN_ROWS:
        return False
    width = float(boxes[members, 2].max() - boxes[members, 0].min())
    if width < max(_MIN_COLUMN_WIDTH * unit, _MIN_COLUMN_SHARE * extent):
        return False
    rows = _rows(boxes, members, unit)
    fills = [float((boxes[row.members, 2] - boxes[row.members, 0]).sum()) for row in rows]
    return len(rows) >= _MIN_COLUMN_ROWS and float(np.median(fills)) >= _MIN_COLUMN_FILL * width


def _rows(boxes: Boxes, members: NDArray[np.intp], unit: float) -> list[_Row]:
    """Rows: boxes whose middles lie within half a height of the row's first, left to right."""
    middles = (boxes[members, 1] + boxes[members, 3]) / 2
    heights = np.minimum(boxes[members, 3] - boxes[members, 1], 2 * unit)
    groups: list[list[int]] = []
    first = 0
    for i in np.argsort(middles, kind="stable"):
        reach = min(heights[i], heights[first]) / 2
        if groups and middles[i] - middles[first] < reach:
            groups[-1].append(int(members[i]))
        else:
            groups.append([int(members[i])])
            first = i
    return [_row(boxes, group, unit) for group in groups]


def _row(boxes: Boxes, group: list[int], unit: float) -> _Row:
    ordered = sorted(group, key=lambda i: (boxes[i, 0], boxes[i, 1], boxes[i, 2]))
    gaps = [boxes[b, 0] - boxes[a, 2] for a, b in pairwise(ordered)]
    x0, y0 = boxes[group, :2].min(axis=0)
    x1, y1 = boxes[group, 2:].max(axis=0)
    return _Row(ordered, x0, y0, x1, y1, any(gap > _CELL_GAP * unit for gap in gaps))


def _split_rows(rows: list[_Row], unit: float) -> list[list[list[int]]]:
    """Cut the rows of one column into paragraphs."""
    gaps = [below.y0 - above.y1 for above, below in pairwise(rows)]
    # Text lines lie at most a line apart: gaps around figures say nothing about the leading.
    near = [gap for gap in gaps if gap < unit]
    usual_gap = float(np.median(near)) if near else 0.0
    groups: list[list[_Row]] = []
    for row in rows:
        if groups and not _opens_paragraph(groups[-1], row, usual_gap, unit):
            groups[-1].append(row)
        else:
            groups.append([row])
    return [[row.members for row in group] for group in groups]


def _opens_paragraph(group: list[_Row], row: _Row, usual_gap: float, unit: float) -> bool:
    above = group[-1]
    low, high = sorted((above.y1 - above.y0, row.y1 - row.y0))
    left = min(member.x0 for member in group)
    right = max(row.x1, *(member.x1 for member in group), above.x1)
    is_indented = row.x0 > left + _INDENT * unit and above.x0 <= left + _INDENT * unit / 2
    return (
        row.y0 - above.y1 > usual_gap + _PARAGRAPH_GAP * unit
        or high > _HEIGHT_JUMP * low
        or above.x1 < right - _SHORT_ROW * unit
        or (is_indented and (len(group) > 1 or above.x0 < row.x0 - _INDENT * unit))
        or (above.is_cells and row.is_cells)
    )
