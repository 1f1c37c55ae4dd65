"""Small print: how high a page's letters are, and how large it must be drawn to be read.

Owns the choice of a second, larger image for pages whose stored image is too small for their
print. Does not draw: `render` does.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

_SMALL_PX = 5.0
"""Median height of the marks of a page. On 40 manuals at 1,280 px it is 7 to 19; of print of 8
points on a broadsheet it is 5, of which 87 % was read, of 6 points 4, of which 1 % was read."""
_WANTED_PX = 9.0
_MIN_MARKS = 100
"""Fewer marks are a drawing's or a title's."""
_MARK_PX = (3, 80)
"""Least and most height of a mark that may be a letter."""
_MIN_MARK_AREA = 5
_MAX_LONG = 12
"""Width over height of a word whose letters touch."""
_AROUND_PX = 31
_DARKER = 12
_SAMPLE_PX = 2000
"""Of a picture larger than this three parts are measured: 15 ms for 1.3 million pixels."""
MAX_LARGE_PIXELS = 16_000_000
"""About 4 MB as JPEG, and 48 MB decoded."""
_MAX_LARGE_EDGE_PX = 16_000
_LEAST_GAIN = 2**0.5
"""The stored image must have lost half the pixels."""


def letter_height_px(grey: Grey) -> float | None:
    """The median height of the page's marks, in pixels; None where there are too few."""
    heights = np.concatenate([_mark_heights(part) for part in _samples(grey)])
    return float(np.median(heights)) if len(heights) >= _MIN_MARKS else None


def _samples(grey: Grey) -> list[Grey]:
    """The page, or its beginning, middle and end along its longer side."""
    if grey.shape[0] < grey.shape[1]:
        return [part.T for part in _samples(grey.T)]
    height, width = grey.shape
    left = max((width - _SAMPLE_PX) // 2, 0)
    tops = sorted({0, max((height - _SAMPLE_PX) // 2, 0), max(height - _SAMPLE_PX, 0)})
    return [grey[top : top + _SAMPLE_PX, left : left + _SAMPLE_PX] for top in tops]


def _mark_heights(part: Grey) -> NDArray[np.int32]:
    dark = cv2.adaptiveThreshold(
        np.ascontiguousarray(part),
        255,
        cv2.ADAPTIVE_THRESH_MEAN_C,
        cv2.THRESH_BINARY_INV,
        _AROUND_PX,
        _DARKER,
    )
    count, _, stats, _ = cv2.connectedComponentsWithStats(dark)
    wide, high, area = stats[1:count, 2], stats[1:count, 3], stats[1:count, 4]
    is_mark = (high >= _MARK_PX[0]) & (high <= _MARK_PX[1]) & (wide <= _MAX_LONG * high)
    heights: NDArray[np.int32] = high[is_mark & (area >= _MIN_MARK_AREA)]
    return heights


def large_edge_px(
    letter_px: float | None, size: tuple[int, int], most_edge_px: float
) -> int | None:
    """The longest edge at which small print is read; None where a larger image is of no use.

    Args:
        letter_px: the height of the letters in the stored image.
        size: width and height of the stored image.
        most_edge_px: the longest edge at which the source still has more to show.
    """
    if letter_px is None or letter_px > _SMALL_PX:
        return None
    width, height = size
    longest = max(width, height)
    wanted = longest * _WANTED_PX / max(letter_px, 0.1)
    limit = longest * (MAX_LARGE_PIXELS / (width * height)) ** 0.5
    edge = min(wanted, most_edge_px, limit, _MAX_LARGE_EDGE_PX)
    return int(edge) if edge >= _LEAST_GAIN * longest else None
