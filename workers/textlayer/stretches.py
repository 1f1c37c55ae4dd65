"""Runs of text that show no ink along a stretch of several letters. Pure.

A cheap test for all runs of a page: two columns of pixels for each character. A run of one style
may go over the edge of a banner in whose colour it is not, or be clipped in its middle.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workers.textlayer.picture import MIN_CONTRAST, Boxes, Picture

_ROWS = np.array([0.34, 0.44, 0.52, 0.6, 0.68])
_COLUMNS_EACH = 2
_MIN_CHARS = 8
"""Of a stretch. Of 3,000 characters of prose, the chance that one such stretch misses all ink is
one in a hundred; then its words are looked at one by one."""
_MAX_CHARS = 400
_SPACES = re.compile(r"\s+")


def with_blank_stretch(
    texts: Sequence[str], boxes: Boxes, numbers: NDArray[np.intp], picture: Picture
) -> list[int]:
    """Those of the runs `numbers` of which a stretch shows no ink; `boxes` are in points."""
    lengths = np.array([len(texts[number]) for number in numbers.tolist()], np.intp)
    numbers, lengths = numbers[lengths >= _MIN_CHARS], lengths[lengths >= _MIN_CHARS]
    if not len(numbers):
        return []
    counts = (_COLUMNS_EACH * np.minimum(lengths, _MAX_CHARS)).astype(np.int32)
    # of_run, is_inked: (columns of all runs,)
    of_run = np.repeat(np.arange(len(numbers), dtype=np.int32), counts)
    starts = (np.cumsum(counts) - counts).astype(np.int32)
    is_inked = _are_inked(boxes[numbers] * picture.zoom, counts, starts, of_run, picture)
    # inked_before: (columns + 1,)
    inked_before = np.zeros(len(is_inked) + 1, np.int32)
    np.cumsum(is_inked, out=inked_before[1:])
    width = _COLUMNS_EACH * _MIN_CHARS
    is_blank = inked_before[width:] == inked_before[:-width]
    is_blank &= of_run[: len(is_blank)] == of_run[width - 1 :]
    found: list[int] = []
    for run in np.unique(of_run[: len(is_blank)][is_blank]).tolist():
        columns = is_inked[starts[run] : starts[run] + counts[run]]
        number = int(numbers[run])
        if _longest_blank(columns) / _COLUMNS_EACH > _explained(texts[number]):
            found.append(number)
    return found


def _are_inked(
    boxes: Boxes,
    counts: NDArray[np.int32],
    starts: NDArray[np.int32],
    of_run: NDArray[np.int32],
    picture: Picture,
) -> NDArray[np.bool_]:
    """Which columns of the boxes, which are in pixels, differ within themselves.

    The columns of a run are numbered from its start. Those of a run that reads down the page are
    rows of pixels.
    """
    height, width = picture.grey.shape
    limits, strides = np.array([width - 1, height - 1]), np.array([1, width], np.int32)
    sides = boxes[:, 2:] - boxes[:, :2]
    runs, axis = np.arange(len(boxes)), (sides[:, 0] < sides[:, 1]).astype(np.intp)
    # first, step: (runs,), where the first column is, and how far apart columns are
    step = sides[runs, axis] / counts
    first = boxes[runs, axis] + step / 2
    column = np.arange(len(of_run), dtype=np.int32) - starts[of_run]
    along = first[of_run] + column * step[of_run]
    along = np.clip(along, 0, limits[axis][of_run]).astype(np.int32) * strides[axis][of_run]
    # across: (5, runs), then (5, columns)
    across = boxes[runs, 1 - axis] + sides[runs, 1 - axis] * _ROWS[:, None]
    rows = np.clip(across, 0, limits[1 - axis]).astype(np.int32) * strides[1 - axis]
    samples = picture.grey.ravel().take(rows[:, of_run] + along)
    inked: NDArray[np.bool_] = samples.max(axis=0) - samples.min(axis=0) >= MIN_CONTRAST
    return inked


def _longest_blank(is_inked: NDArray[np.bool_]) -> int:
    """The most columns without ink that follow each other."""
    edges = np.flatnonzero(np.concatenate([[True], is_inked, [True]]))
    return int(np.diff(edges).max()) - 1


def _explained(text: str) -> float:
    """How many characters of a run may show no ink: its spaces, which may be wide, and seven.

    Dots and rules are thin, so a run of few letters says nothing.
    """
    if sum(map(str.isalnum, text)) < _MIN_CHARS:
        return math.inf
    spaces = max(map(len, _SPACES.findall(text)), default=0)
    return _MIN_CHARS - 1 + 2 * max(spaces - 1, 0)
