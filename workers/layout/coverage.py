"""How much of a page's print its text accounts for, from the pixels.

Owns what counts as print: small cells with edges both across and down, as letters have and rules,
frames, shades and empty paper have not. Does not read text, or find figures: whoever asks says
where they are. Pure.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.pages import Box

Grey = NDArray[np.uint8]
"""uint8 (height, width): the page in grey."""
Cells = NDArray[np.bool_]
"""bool (rows, columns): cells of `CELL_PX` pixels."""

CELL_PX = 6
"""Half of the smallest line that is read, so that a lost line between two others is seen."""
_CONTRAST = 48
"""Between two pixels side by side; grain and JPEG's rings stay below 40."""
_MIN_EDGES = 2
_MIN_LIKELIHOOD = 0.1
"""Of 0 to 1. A detector gives lines that it takes 0.3 and more, lines too small for it 0.05 to 0.3,
and photographs next to nothing."""
_MIN_CELLS = 12
"""Less print than about three letters tells nothing."""


def coverage(
    grey: Grey,
    read: Iterable[Box],
    without: Iterable[Box] = (),
    text: NDArray[np.floating[Any]] | None = None,
) -> float | None:
    """The share of the page's print that lies in the boxes `read`; None for hardly any print.

    Args:
        grey: the page.
        read: where text was read, in fractions of the page.
        without: figures, whose print does not count.
        text: how likely each place of the page is text, float (height, width) of any size; print
            where it is not likely at all is a photograph's, and does not count.
    """
    counted = print_cells(grey) & ~_inside(grey, without)
    if text is not None:
        counted &= _likely(text, counted.shape)
    total = int(counted.sum())
    if total < _MIN_CELLS:
        return None
    read_cells = int((counted & _inside(grey, read)).sum())
    return read_cells / total


def print_cells(grey: Grey) -> Cells:
    """The cells with print; what does not fill a cell at the right and the bottom is left out."""
    rows, columns = (side // CELL_PX for side in grey.shape)
    if not rows * columns:
        return np.zeros((rows, columns), bool)
    inner = grey[: rows * CELL_PX, : columns * CELL_PX]
    across = np.zeros(inner.shape, np.uint8)
    across[:, 1:] = _edges(inner[:, 1:], inner[:, :-1])
    down = np.zeros(inner.shape, np.uint8)
    down[1:] = _edges(inner[1:], inner[:-1])
    cells: Cells = (_counts(across) >= _MIN_EDGES) & (_counts(down) >= _MIN_EDGES)
    return cells


def _edges(pixels: Grey, others: Grey) -> Grey:
    """1 where the pixels clearly differ, else 0."""
    differences = cv2.absdiff(pixels, others)
    edges: Grey = cv2.threshold(differences, _CONTRAST - 1, 1, cv2.THRESH_BINARY)[1]
    return edges


def _counts(edges: Grey) -> Grey:
    """How many pixels are set in each cell: uint8 (rows, columns)."""
    # rows first, which adds whole rows of the page to each other: uint8 (rows, width)
    sums = functools.reduce(np.add, (edges[start::CELL_PX] for start in range(CELL_PX)))
    counts: Grey = functools.reduce(np.add, (sums[:, at::CELL_PX] for at in range(CELL_PX)))
    return counts


def _likely(text: NDArray[np.floating[Any]], shape: tuple[int, ...]) -> Cells:
    """The cells at whose middle the page is likely text."""
    at = [
        np.minimum(((np.arange(cells) + 0.5) * size / cells).astype(int), size - 1)
        for cells, size in zip(shape, text.shape, strict=True)
    ]
    likely: Cells = text[np.ix_(*at)] >= _MIN_LIKELIHOOD
    return likely


def _inside(grey: Grey, boxes: Iterable[Box]) -> Cells:
    """The cells whose middle lies in a box, or less than half a cell beside it."""
    height, width = grey.shape
    cells = np.zeros((height // CELL_PX, width // CELL_PX), bool)
    for x0, y0, x1, y1 in boxes:
        left, right = (max(round(x * width / CELL_PX), 0) for x in (x0, x1))
        top, bottom = (max(round(y * height / CELL_PX), 0) for y in (y0, y1))
        cells[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1] = True
    return cells
