"""How thick the strokes of lines are on a page image, which tells bold type. Pure.

Owns the measure alone; which lines are headings is `page_headings`' to say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.pages import Box

_NOISE = 0.25
"""Of the contrast between print and paper: what differs by less from either is taken for it."""
_INSET = 0.12
"""Of a box's height, above and below: there it may reach into what is next to the line."""
_STEP_PX = 3
"""Between the pixels that tell the ground: a tenth of them is enough."""
_LEAST_CONTRAST = 24.0
"""Of 255: a box with less holds no print."""


def stroke_widths(grey: NDArray[np.uint8], boxes: Sequence[Box]) -> list[float]:
    """The mean stroke width in pixels of the print in each box; 0 where there is none.

    A stroke of width w and length l covers w x l pixels and has an outline of 2 x l: the width is
    twice the area over the outline. Both are summed over shades, so that widths under two pixels
    are told, too. White print on a dark ground counts as print.

    Args:
        grey: uint8 (height, width): the page.
        boxes: in pixels, one a line; most of a box is ground.
    """
    return [_stroke_width(_cut(grey, box)) for box in boxes]


def median_shade(pixels: NDArray[np.uint8]) -> float:
    """The median of `pixels`, of any shape but not empty; `np.median` takes ten times as long."""
    shades = np.sort(pixels, axis=None)
    return (int(shades[(len(shades) - 1) // 2]) + int(shades[len(shades) // 2])) / 2


def _cut(grey: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    inset = _INSET * (box[3] - box[1])
    x0, y0, x1, y1 = (
        max(round(side), 0) for side in (box[0], box[1] + inset, box[2], box[3] - inset)
    )
    return grey[y0:y1, x0:x1]


def _stroke_width(pixels: NDArray[np.uint8]) -> float:
    if not pixels.size:
        return 0.0
    ground = median_shade(pixels[::_STEP_PX, ::_STEP_PX])
    low, high = float(pixels.min()), float(pixels.max())
    print_shade = low if ground - low >= high - ground else high
    contrast = print_shade - ground
    if abs(contrast) < _LEAST_CONTRAST:
        return 0.0
    # (height, width): how much of each pixel is print, 0 to 1
    share = (pixels.astype(np.float32) - ground) / contrast
    share = np.clip((share - _NOISE) / (1 - 2 * _NOISE), 0.0, 1.0)
    outline = np.abs(np.diff(share, axis=0)).sum() + np.abs(np.diff(share, axis=1)).sum()
    return float(2 * share.sum() / outline) if outline else 0.0
