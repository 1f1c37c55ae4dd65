"""Ruling lines at the top and bottom of a page image: they part heads and feet from the text.

Owns finding them in pixels. Does not say what they part: `page_edges` does. The rules of tables
are `workers.layout.tables.pixels`' own.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.pages import Box
from workers.layout.mask_parts import mask_parts

Grey = NDArray[np.uint8]
"""uint8 (height, width): the page in grey."""

_ZONE = 0.2
"""Of the page's height, at either end: heads of four lines end at 0.15."""
_LEAST_WIDTH = 0.25
"""Of the page's width: no underlined word is as long."""
_PIECE = 0.03
"""Of the page's width: a line that leans by 1 degree is level for 57 px a pixel, 0.06 of A4."""
_MAX_THICK_PX = 6
_MAX_LEAN = 0.03
"""Height over width: a scan leans by 1 degree, 0.017."""
_AROUND_PX = 31
_DARKER = 12
"""As for the rules of tables: a hairline is 40 grey levels darker than what is around it."""


def edge_rules(grey: Grey) -> list[Box]:
    """The long level lines in the outer fifths of the page, as boxes in fractions of it."""
    height, width = grey.shape
    zone = round(_ZONE * height)
    if zone < _AROUND_PX or width < _AROUND_PX:
        return []
    return [
        (x0 / width, (y0 + start) / height, x1 / width, (y1 + start) / height)
        for start in (0, height - zone)
        for x0, y0, x1, y1 in _level_lines(grey[start : start + zone])
    ]


def _level_lines(part: Grey) -> list[Box]:
    width = part.shape[1]
    dark = cv2.adaptiveThreshold(
        part, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, _AROUND_PX, _DARKER
    )
    thick = cv2.dilate(dark, np.ones((3, 1), np.uint8))
    level = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, round(_PIECE * width)), np.uint8))
    return [
        (float(x), float(y), float(x + wide), float(y + high))
        for x, y, wide, high in mask_parts(level)
        if wide >= _LEAST_WIDTH * width and high <= _MAX_THICK_PX + _MAX_LEAN * wide
    ]
