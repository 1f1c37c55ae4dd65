"""The rows of ink in a part of a picture: its lines, where nothing could read them. Pure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.pages import Box

_INK_LEVELS = 48
"""Of 255: how far from the paper a pixel is ink, in either direction."""
_LEAST_ROW_PX = 4
_LEAST_INK_SHARE = 0.004
"""Of a row's pixels; specks have less."""


class InkRow(NamedTuple):
    """The box of a row of ink, in pixels of the picture."""

    left: int
    top: int
    right: int
    bottom: int

    def quad(self) -> NDArray[np.float64]:
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
