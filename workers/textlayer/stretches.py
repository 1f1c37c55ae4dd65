"""Runs of text that show no ink along a stretch of several letters. Pure.

A cheap test for all runs of a page: two columns of pixels for each character. A run of one style
may go over the edge of a banner in whose colour it is not, or be clipped in its middle.
"""

from __future__ import annotations

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
    counts = _COLUMNS_EACH * np.minimum(lengths, _MAX_CHARS)
    # of_run, is_inked: (columns of all runs,)
    of_run = np.repeat(np.arange(len(numbers)), counts)
    starts = np.cumsum(counts) - counts
    along = (np.arange(len(of_run)) - starts[of_run] + 0.5) / counts[of_run]
    is_inked = _are_inked(boxes[numbers] * picture.zoom, of_run, along, picture)
    # inked_before: (columns + 1,)
    inked_before = np.concatenate([[0], np.cumsum(is_inked)])
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
    boxes: Boxes, of_run: NDArray[np.intp], along: NDArray[np.float64], picture: Picture
) -> NDArray[np.bool_]:
    """Which columns of the boxes, which are in pixels, differ within themselves."""
    height, width = picture.grey.shape
    sides = boxes[:, 2:] - boxes[:, :2]
    is_across = (sides[:, 0] >= sides[:, 1])[of_run, None]
    x0, y0 = boxes[of_run, 0, None], boxes[of_run, 1, None]
    w, h = sides[of_run, 0, None], sides[of_run, 1, None]
    # xs, ys: (columns, 5)
    xs = x0 + w * np.where(is_across, along[:, None], _ROWS)
    ys = y0 + h * np.where(is_across, _ROWS, along[:, None])
    columns = np.clip(xs, 0, width - 1).astype(np.intp)
    samples = picture.grey.ravel().take(
        np.clip(ys, 0, height - 1).astype(np.intp) * width + columns
    )
    inked: NDArray[np.bool_] = (
        samples.max(axis=1).astype(np.int16) - samples.min(axis=1) >= MIN_CONTRAST
    )
    return inked


def _longest_blank(is_inked: NDArray[np.bool_]) -> int:
    """The most columns without ink that follow each other."""
    edges = np.flatnonzero(np.concatenate([[True], is_inked, [True]]))
    return int(np.diff(edges).max()) - 1


def _explained(text: str) -> int:
    """How many characters of a run may show no ink: its spaces, which may be wide, and seven."""
    spaces = max(map(len, _SPACES.findall(text)), default=0)
    return _MIN_CHARS - 1 + 2 * max(spaces - 1, 0)
