"""Leaders on a page image: rows of dots that lead from an entry to its page number.

Owns finding them in the pixels between two lines of one row: a detector of text sees no dots. Does
not read text; `entries` says what leaders mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.pages import Box
from workers.layout.stroke_widths import median_shade
from workers.layout.tables.grid import rows_of

Grey = NDArray[np.uint8]
"""uint8 (height, width): the page in grey."""

_MIN_DOTS = 3
_MAX_DOT = 0.22
"""A dot's width and height over the height of the line's box: 0.1 to 0.2 in most fonts."""
_LEAST_DOT_PX = 3
"""A dot of 1 px is spread over four pixels, a quarter of its ink on each."""
_DARKER = 40
"""Grey levels of a dot's pixels below the paper's; a scan's noise is 10 to 20."""
_BELOW = 0.12
"""Of the box's height, at its bottom, where the next row's letters begin."""
_UNEVEN = 0.35
"""How far a step from dot to dot is from the first one; of letters' feet half are further."""
_FAR = 3.0
"""Steps from the line to the first dot: leaders of many lines stand below each other."""


class Leader(NamedTuple):
    """Dots that lead from the line `start` as far as `reach`, and to the line `end` if there is
    one."""

    start: int
    reach: float
    end: int | None


def leaders(grey: Grey, boxes: Sequence[Box]) -> list[Leader]:
    """The leaders after lines at `boxes`, in pixels; the number that one leads to may be missed."""
    found = []
    for row in rows_of(boxes):
        for at, start in enumerate(row):
            end = row[at + 1] if at + 1 < len(row) else None
            limit = boxes[end][0] if end is not None else grey.shape[1]
            dots = _dots(grey, boxes[start], limit)
            if dots is None:
                continue
            last, step = dots
            is_there = end is not None and limit - last <= _FAR * step
            found.append(Leader(start, limit if is_there else last, end if is_there else None))
    return found


def _dots(grey: Grey, box: Box, limit: float) -> tuple[float, float] | None:
    """Where the row of dots after a line ends, and the step from dot to dot; None for no dots."""
    left, right = round(box[2]), round(limit)
    high = box[3] - box[1]
    # Dots stand on the baseline. Letters of the rows above and below reach into the rest.
    top = max(round((box[1] + box[3]) / 2), 0)
    strip = grey[top : round(box[3] - _BELOW * high), left:right]
    if strip.shape[0] == 0 or strip.shape[1] < _MIN_DOTS:
        return None
    limit_shade = median_shade(strip) - _DARKER
    if strip.min() > limit_shade:
        return None
    dark = strip <= limit_shade
    # starts: int (marks,), the first column of each mark; ends: the first column after it
    steps = np.diff(np.concatenate([[0], dark.any(axis=0).astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    largest = max(_MAX_DOT * high, _LEAST_DOT_PX)
    count = 0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        rows = np.flatnonzero(dark[:, start:end].any(axis=1))
        is_dot = end - start <= largest and rows[-1] - rows[0] < largest
        if not is_dot or (count > 1 and not _is_even(starts, count)):
            break
        count += 1
    if count < _MIN_DOTS:
        return None
    step = float(starts[1] - starts[0])
    if starts[0] > _FAR * step:
        return None
    return left + float(ends[count - 1]), step


def _is_even(starts: NDArray[np.intp], at: int) -> bool:
    first = int(starts[1] - starts[0])
    return bool(abs(int(starts[at] - starts[at - 1]) - first) <= max(_UNEVEN * first, 1))
