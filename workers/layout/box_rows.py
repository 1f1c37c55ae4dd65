"""Rows of boxes: those side by side, from left to right. Pure NumPy."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""float64 (n, 4): x0, y0, x1, y1 in any one unit, y downwards."""

_CELL_GAP = 1.5
"""Between boxes of one row: wider than any word space, so the row is a row of cells."""


class Row(NamedTuple):
    """Boxes side by side, left to right, and the box around them.

    `kind` is that of its boxes, and `begins` whether its first box begins a paragraph.
    """

    members: list[int]
    x0: float
    y0: float
    x1: float
    y1: float
    is_cells: bool
    kind: int = 0
    begins: bool = False


def rows_of(boxes: Boxes, members: NDArray[np.intp], unit: float) -> list[Row]:
    """Rows: boxes whose middles lie within half a height of the row's first, left to right."""
    middle_array = (boxes[members, 1] + boxes[members, 3]) / 2
    # Python's own numbers from here on: numpy takes a microsecond for each of a few
    middles = middle_array.tolist()
    heights = np.minimum(boxes[members, 3] - boxes[members, 1], 2 * unit).tolist()
    groups: list[list[int]] = []
    first = 0
    for i in np.argsort(middle_array, kind="stable").tolist():
        reach = min(heights[i], heights[first]) / 2
        if groups and middles[i] - middles[first] < reach:
            groups[-1].append(int(members[i]))
        else:
            groups.append([int(members[i])])
            first = i
    return [_row(boxes, group, unit) for group in groups]


def _row(boxes: Boxes, group: list[int], unit: float) -> Row:
    corners = boxes[group].tolist()
    order = sorted(range(len(group)), key=lambda i: corners[i][:3])
    is_cells = any(corners[b][0] - corners[a][2] > _CELL_GAP * unit for a, b in pairwise(order))
    lefts, tops, rights, bottoms = zip(*corners, strict=True)
    ordered = [group[i] for i in order]
    return Row(ordered, min(lefts), min(tops), max(rights), max(bottoms), is_cells)
