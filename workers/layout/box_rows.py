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


def _row(boxes: Boxes, group: list[int], unit: float) -> Row:
    ordered = sorted(group, key=lambda i: (boxes[i, 0], boxes[i, 1], boxes[i, 2]))
    gaps = [boxes[b, 0] - boxes[a, 2] for a, b in pairwise(ordered)]
    x0, y0 = boxes[group, :2].min(axis=0)
    x1, y1 = boxes[group, 2:].max(axis=0)
    return Row(ordered, x0, y0, x1, y1, any(gap > _CELL_GAP * unit for gap in gaps))
