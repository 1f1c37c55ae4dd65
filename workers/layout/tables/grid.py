"""The values of the table room: pieces of text, words, tables; and rows of pieces. Pure.

Boxes are in any unit, points for a text layer. Distances here and in the other modules are in
points of a page whose text is 8 to 12 points high; `pixels` scales what it gives to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from schemas.pages import Box, Cell

_LINE_HEIGHT = 1.3
"""A line's box over its font size, where the size is not known."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of text, or a part of one, as it was found.

    Args:
        size: the font size; 0 where it is not known.
        quadrant: the writing direction in quarter turns clockwise, 0 across the page.
        places: the middles of the characters across the page, of lines that were recognised.
        stroke: the mean width of the strokes; 0 where it is not known.
    """

    box: Box
    text: str
    size: float = 0.0
    quadrant: int = 0
    is_bold: bool = False
    is_mono: bool = False
    places: tuple[float, ...] = ()
    stroke: float = 0.0

    @property
    def em(self) -> float:
        """The font size, by the box's height where it is not known."""
        across = self.quadrant % 2
        height = self.box[2] - self.box[0] if across else self.box[3] - self.box[1]
        return self.size or max(height / _LINE_HEIGHT, 1.0)

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of the box."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


Words = Callable[[int], Sequence[Piece]]
"""The words of the piece of this number, from the text layer or in proportion. Asked only for
pieces that reach over the border of a cell, since a text layer needs 2 ms to give them."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose cells cover each slot of its grid once.

    Args:
        cells: in row order; their boxes are in the unit of the pieces.
        head_rows: how many of the first rows are its head; 0 where that is not known.
        pieces: the numbers of the pieces whose words are in the cells.
    """

    box: Box
    rows: int
    columns: int
    cells: tuple[Cell, ...]
    head_rows: int = 0
    pieces: frozenset[int] = frozenset()


def union(boxes: Iterable[Box]) -> Box:
    """The least box around `boxes`."""
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    return (min(x0s), min(y0s), max(x1s), max(y1s))


def holds(outer: Box, inner: Box) -> bool:
    """Whether the middle of `inner` lies in `outer`."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def is_beside(a: Box, b: Box) -> bool:
    """Whether over half of the lower box's height is beside the other."""
    overlap = min(a[3], b[3]) - max(a[1], b[1])
    return overlap > 0.5 * min(a[3] - a[1], b[3] - b[1])


def rows_of(boxes: Sequence[Box]) -> list[list[int]]:
    """The numbers of the boxes as rows from top to bottom, each from left to right."""
    rows: list[list[int]] = []
    bands: list[tuple[float, float]] = []
    for i in sorted(range(len(boxes)), key=lambda i: boxes[i][1] + boxes[i][3]):
        box = boxes[i]
        if bands and is_beside((0, bands[-1][0], 0, bands[-1][1]), box):
            rows[-1].append(i)
            # the mean keeps a tall box from joining the rows below it
            n = len(rows[-1])
            top, bottom = bands[-1]
            bands[-1] = (top + (box[1] - top) / n, bottom + (box[3] - bottom) / n)
        else:
            rows.append([i])
            bands.append((box[1], box[3]))
    return [sorted(row, key=lambda i: boxes[i][0]) for row in rows]


def without_further_lines(pieces: Sequence[Piece], rows: Sequence[list[int]]) -> list[list[int]]:
    """The rows without lone pieces that stand right of where most second pieces begin: these are
    further lines of a cell."""
    seconds = sorted(pieces[row[1]].box[0] for row in rows if len(row) > 1)
    if not seconds:
        return list(rows)
    second = seconds[len(seconds) // 2]
    return [
        row
        for row in rows
        if len(row) > 1 or pieces[row[0]].box[0] < second - 0.5 * pieces[row[0]].em
    ]
