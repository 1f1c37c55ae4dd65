"""Where ink is in a part of a picture: in its rows, where nothing could read them, and between the
gaps of its words. Pure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.pages import Box

_INK_LEVELS = 48
"""Of 255: how far from the paper a pixel is ink, in either direction."""
_REACH_CHARS = 1.5
"""How far outwards a gap is sought: the recogniser's places are wrong by less."""
_GAP_CHARS = 0.3
"""The least gap between words; between letters there is less."""
_LEAST_ROW_PX = 4
_LEAST_INK_SHARE = 0.004
"""Of a row's pixels; specks have less."""


Quad = NDArray[np.float64]
"""float64 (4, 2): the corners in pixels, clockwise from the upper left of the text."""


class InkRow(NamedTuple):
    """The box of a row of ink, in pixels of the picture."""

    left: int
    top: int
    right: int
    bottom: int

    def quad(self) -> Quad:
        """Its corners, a pixel larger: float64 (4, 2)."""
        x0, y0, x1, y1 = self.left - 1, self.top - 1, self.right + 1, self.bottom + 1
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float)


def rows_of_ink(box: Box, grey: NDArray[np.uint8]) -> list[InkRow]:
    """The rows within the box, from the top.

    Args:
        box: in fractions of the picture.
        grey: the picture, uint8 (height, width).
    """
    height, width = grey.shape
    x0, y0 = int(box[0] * width), int(box[1] * height)
    x1, y1 = int(np.ceil(box[2] * width)), int(np.ceil(box[3] * height))
    part = grey[y0:y1, x0:x1].astype(np.int16)
    if not part.size:
        return []
    # ink: bool (rows, columns)
    ink = np.abs(part - np.median(part)) > _INK_LEVELS
    is_inked = ink.mean(axis=1) > _LEAST_INK_SHARE
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_inked, [False]])))
    rows = []
    for top, bottom in edges.reshape(-1, 2):
        columns = np.flatnonzero(ink[top:bottom].any(axis=0))
        if bottom - top >= _LEAST_ROW_PX:
            left, right = x0 + int(columns[0]), x0 + int(columns[-1]) + 1
            rows.append(InkRow(left, y0 + int(top), right, y0 + int(bottom)))
    return rows


def snapped(
    quad: Quad, grey: NDArray[np.uint8], char_px: float, is_free: tuple[bool, bool]
) -> Quad:
    """The quad with its left and right sides moved to the gaps beside its ink.

    Args:
        quad: float64 (4, 2), corners clockwise from the upper left.
        grey: the picture, uint8 (height, width).
        char_px: the mean width of a character.
        is_free: whether a space or the line's end is at the left, and at the right.
    """
    reach = int(_REACH_CHARS * char_px) + 1
    y0, y1 = int(max(quad[:, 1].min(), 0)), int(quad[:, 1].max()) + 1
    x0 = int(max(quad[:, 0].min() - reach, 0))
    part = grey[y0:y1, x0 : int(quad[:, 0].max()) + reach].astype(np.int16)
    if part.shape[0] < _LEAST_ROW_PX or part.shape[1] < 3:
        return quad
    # blank: bool (columns,), in the middle of the height: neighbouring lines may reach into it.
    edge = part.shape[0] // 6
    middle = part[edge : part.shape[0] - edge]
    blank = np.all(np.abs(middle - np.median(middle)) <= _INK_LEVELS, axis=0)
    moved = quad.copy()
    for side, corners, way in ((0, (0, 3), -1), (1, (1, 2), 1)):
        if is_free[side]:
            at = round(float(quad[corners, 0].mean())) - x0
            moved[corners, 0] += _to_gap(blank, at, way, reach, max(int(char_px * _GAP_CHARS), 2))
    return moved


def _to_gap(blank: NDArray[np.bool_], at: int, way: int, reach: int, wide: int) -> int:
    """How far the nearest gap of at least `wide` columns is, outwards; 0 where none is near."""
    for step in range(reach):
        columns = [at + way * (step + more) for more in range(wide)]
        inside = [column for column in columns if 0 <= column < len(blank)]
        if not inside or blank[inside].all():
            return way * step
    return 0
