"""Gutters between columns of text, from boxes alone, and what stands beside and across them.

Owns where a region of a page is cut into columns, and what is text in columns and what cells of a
table. The order of the parts is that of XY-Cut++ (see `reading_order`). Pure NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workers.layout.box_rows import Boxes, Row, rows_of

# All lengths below are in line heights: the median short side of the boxes of one flow.
_MIN_GUTTER = 0.25
"""Boxes of a detector reach about 0.2 past the ink on each side, and by chance 0.4: a gutter of one
line height is then 0.3 wide."""
_MIN_ENTRY_GUTTER = 0.1
"""Between the columns of an index, whose words tell them apart."""
_MIN_COLUMN_WIDTH = 6.0
"""About twelve Latin letters. A narrower column is a table cell, a line number or a bullet."""
_MIN_COLUMN_SHARE = 0.2
"""Of the region's width; five columns of equal width still pass."""
_MIN_COLUMN_ROWS = 2
_MIN_COLUMN_FILL = 0.4
"""A column's median row covers this much of its width; cells of a wide table cover less."""
_MIN_OFFSET_ROWS = 4
"""With as many rows on each side, whose lines do not stand at the height of the other side's, the
sides are columns of text and not cells, however narrow and ragged."""
_MAX_LEVEL_SHARE = 0.5
"""Of the rows of the side that has fewer; rows of a table are all level with those beside them."""
_LEVEL = 0.2
"""Rows whose middles lie within this are level: a box ends at a line's own descenders."""
_MIN_ENTRY_ROWS = 3
_ENTRY_SHARE = 0.4
"""Of the rows: an entry may go over several, and between entries there are letters as headings."""
_MIN_OFFSET_WIDTH = 4.0
_MIN_OFFSET_FILL = 0.3


def cut(
    boxes: Boxes, members: NDArray[np.intp], unit: float, entries: NDArray[np.int8]
) -> list[NDArray[np.intp]]:
    """The parts beside the gutter that puts most boxes into columns; none where no gutter does.

    Of two that put as many, it is the one whose sides are less level: between the entries of a
    column and their page numbers there is a gutter too.
    """
    best: list[tuple[bool, NDArray[np.intp]]] = []
    best_rank = (0, 0.0)
    for gutter, is_wide in _gutters(boxes, members, unit):
        parts = _bands(boxes, members, gutter, is_wide, unit, entries)
        size = sum(len(part) for is_column, part in parts if is_column)
        if size >= max(best_rank[0], 1):
            rank = (size, -_level_beside(boxes, members, gutter, unit))
            if not best or rank > best_rank:
                best, best_rank = parts, rank
    return [part for _, part in best]


def _level_beside(boxes: Boxes, members: NDArray[np.intp], gutter: float, unit: float) -> float:
    """The `_level_share` of the rows left and right of a gutter."""
    left = members[boxes[members, 2] <= gutter]
    right = members[boxes[members, 0] >= gutter]
    return _level_share(rows_of(boxes, left, unit), rows_of(boxes, right, unit), unit)


def _gutters(boxes: Boxes, members: NDArray[np.intp], unit: float) -> list[tuple[float, bool]]:
    """Middles of the x intervals that fewer boxes cross than either neighbouring interval.

    And whether each is wide enough for columns of other text than entries.
    """
    x0, x1 = boxes[members, 0], boxes[members, 2]
    edges = np.unique(np.concatenate([x0, x1]))
    middles = (edges[:-1] + edges[1:]) / 2
    # crossings: int (intervals,)
    crossings = np.searchsorted(np.sort(x0), middles) - np.searchsorted(np.sort(x1), middles)
    inner = np.arange(1, len(crossings) - 1)
    is_low = (crossings[inner] < crossings[inner - 1]) & (crossings[inner] < crossings[inner + 1])
    widths = edges[inner + 1] - edges[inner]
    chosen = is_low & (widths >= _MIN_ENTRY_GUTTER * unit)
    is_wide = widths >= _MIN_GUTTER * unit
    return [
        (float(x), bool(wide))
        for x, wide in zip(middles[inner[chosen]], is_wide[chosen], strict=True)
    ]


def _bands(
    boxes: Boxes,
    members: NDArray[np.intp],
    gutter: float,
    is_wide: bool,
    unit: float,
    entries: NDArray[np.int8],
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
        if _are_columns(boxes, sides, is_wide, extent, unit, entries):
            below = members[crosses & (band_of == band + 1)]
            left, tail = _without_tail(boxes, sides, below, unit)
            parts += [(False, np.concatenate(loose)), (True, left), (True, sides[1])]
            loose = [tail]
        else:
            loose.append(inside)
    parts.append((False, np.concatenate([*loose, members[:0]])))
    return [(is_column, part) for is_column, part in parts if len(part)]


def _without_tail(
    boxes: Boxes, sides: Sequence[NDArray[np.intp]], below: NDArray[np.intp], unit: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The left column without its last row, and that row, where it heads what is below both.

    It does where a box across both columns follows it more closely than it follows its column, and
    the right column has ended.
    """
    left, right = sides
    rows = rows_of(boxes, left, unit)
    if not len(below) or len(rows) < 2:
        return left, left[:0]
    last, above = rows[-1], rows[-2]
    gap, next_gap = last.y0 - above.y1, float(boxes[below, 1].min()) - last.y1
    if gap > max(unit, next_gap) and last.y0 > boxes[right, 3].max():
        is_tail = np.isin(left, last.members)
        return left[~is_tail], left[is_tail]
    return left, left[:0]


def _are_columns(
    boxes: Boxes,
    sides: Sequence[NDArray[np.intp]],
    is_wide: bool,
    extent: float,
    unit: float,
    entries: NDArray[np.int8],
) -> bool:
    """Whether both sides are running text, not cells.

    They are where both have enough rows, wide and well filled; where they have many rows that are
    not level with those of the other side; or where most rows of both are entries.
    """
    if any(len(side) < _MIN_COLUMN_ROWS for side in sides):
        return False
    rows = [rows_of(boxes, side, unit) for side in sides]
    if any(len(part) < _MIN_COLUMN_ROWS for part in rows):
        return False
    if all(_are_entries(part, entries) for part in rows):
        return True
    if not is_wide:
        return False
    widths = [float(boxes[side, 2].max() - boxes[side, 0].min()) for side in sides]
    fills = [
        float(np.median([(boxes[r.members, 2] - boxes[r.members, 0]).sum() for r in part])) / width
        if width > 0
        else 0.0
        for part, width in zip(rows, widths, strict=True)
    ]
    least = max(_MIN_COLUMN_WIDTH * unit, _MIN_COLUMN_SHARE * extent)
    if min(widths) >= least and min(fills) >= _MIN_COLUMN_FILL:
        return True
    return (
        min(widths) >= _MIN_OFFSET_WIDTH * unit
        and min(fills) >= _MIN_OFFSET_FILL
        and min(map(len, rows)) >= _MIN_OFFSET_ROWS
        and _level_share(rows[0], rows[1], unit) <= _MAX_LEVEL_SHARE
    )


def _are_entries(rows: Sequence[Row], entries: NDArray[np.int8]) -> bool:
    """Whether many rows have an entry, of those that are not only the rest of one."""
    count = sum(bool((entries[row.members] == 1).any()) for row in rows)
    others = sum(bool((entries[row.members] == 0).any()) for row in rows)
    return count >= max(_ENTRY_SHARE * max(others, count), _MIN_ENTRY_ROWS)


def _level_share(left: Sequence[Row], right: Sequence[Row], unit: float) -> float:
    """The share of the rows of the side with fewer that are level with a row of the other side."""
    few, many = sorted((left, right), key=len)
    middles = np.array([(row.y0 + row.y1) / 2 for row in many])
    offsets = [float(np.abs(middles - (row.y0 + row.y1) / 2).min()) for row in few]
    return sum(offset <= _LEVEL * unit for offset in offsets) / len(few)
