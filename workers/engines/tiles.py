"""Cut a page too large for one look of the detector into tiles, at empty rows where there are any.

Owns where a page is cut, and which tile a line belongs to. Does not find lines. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""uint8 (height, width, 3)."""

MAX_WHOLE_PX = 2500
"""Up to here a page is one tile, reduced to the detector's 2,000 px: it loses a fifth at most."""
_TILE_PIXELS = 2000 * 1500
"""What one look of the detector takes: about 0.4 GB of memory while it computes."""
_MIN_TILE_PX = 640
_MAX_TILE_PX = 2000 - 2 * 64
"""With both overlaps the detector takes it as it is."""
_OVERLAP_PX = 64
"""A line that a cut goes through is whole in one tile, if it is at most twice as high."""
_SEARCHED = 0.25
"""Of a tile's length, from its end: where the emptiest row is looked for."""
_EDGE = 32


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a page: the pixels from `left`, `top` on, and its own range along the page.

    A line whose middle lies in the range from `start` to `end` belongs to this tile. The range is
    one of rows, or, of a page wider than high, one of columns (`is_upright` is False).
    """

    pixels: Pixels
    left: int = 0
    top: int = 0
    start: float = -np.inf
    end: float = np.inf
    is_upright: bool = True

    def owns(self, corners: NDArray[np.float32]) -> bool:
        """Whether a line with these corners, in the tile's pixels, belongs to this tile."""
        axis, offset = (1, self.top) if self.is_upright else (0, self.left)
        middle = float(corners[:, axis].min() + corners[:, axis].max()) / 2 + offset
        return self.start <= middle < self.end

    def on_page(self, corners: NDArray[np.float32]) -> NDArray[np.float32]:
        """The corners in the page's pixels."""
        return corners + np.array([self.left, self.top], np.float32)


def tiles_of(image: Pixels) -> list[Tile]:
    """The tiles of a page, in order; one for a page of usual size."""
    height, width = image.shape[:2]
    if max(height, width) <= MAX_WHOLE_PX:
        return [Tile(image)]
    is_upright = height >= width
    along, across = (height, width) if is_upright else (width, height)
    cuts = _cuts(image if is_upright else image.swapaxes(0, 1), along, across)
    # Lines run along a wide page: they would be doubled where tiles overlap.
    overlap = _OVERLAP_PX if is_upright else 0
    tiles = []
    for start, end in pairwise(cuts):
        low, high = max(start - overlap, 0), min(end + overlap, along)
        span = (
            -np.inf if start == 0 else float(start),
            np.inf if end == along else float(end),
        )
        if is_upright:
            tiles.append(Tile(image[low:high], 0, low, *span, is_upright=True))
        else:
            tiles.append(Tile(image[:, low:high], low, 0, *span, is_upright=False))
    return tiles


def _cuts(image: Pixels, along: int, across: int) -> list[int]:
    """Where to cut, with 0 and `along`: each time at the row with the fewest edges."""
    length = min(max(_TILE_PIXELS // max(across, 1), _MIN_TILE_PX), _MAX_TILE_PX)
    edges = _edges_of_rows(image)
    cuts = [0]
    while along - cuts[-1] > length:
        low, high = cuts[-1] + int(length * (1 - _SEARCHED)), cuts[-1] + length
        part = edges[low:high]
        # of the emptiest rows the middle one of the last run, so that no line is touched
        rows = np.flatnonzero(part == part.min())
        runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
        longest = max(reversed(runs), key=len)
        cuts.append(low + int(longest[len(longest) // 2]))
    return [*cuts, along]


def _edges_of_rows(image: Pixels) -> NDArray[np.intp]:
    """How many pixels of each row differ clearly from their neighbour: int (rows,)."""
    green = image[:, :, 1]
    low, high = np.minimum(green[:, 1:], green[:, :-1]), np.maximum(green[:, 1:], green[:, :-1])
    counts: NDArray[np.intp] = np.count_nonzero((high - low) >= _EDGE, axis=1)
    return counts
