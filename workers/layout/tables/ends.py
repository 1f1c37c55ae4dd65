"""Rows of a table between level lines that stand above the first or below the last. Pure."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence

from schemas.pages import Box
from workers.layout.tables.grid import Piece, holds, rows_of

_MAX_HEAD_CHARS = 30  # of a line of a head's cell above the first level line
_MAX_HEAD_LINES = 4.0  # em from the first level line up to the middle of the head's first line
_TOUCHING = 0.3  # em at most between two lines of one head
_MIN_STEPS = 3  # spaces that hold one row each
_EVEN = 1.35  # the widest of these spaces over the narrowest
_ALIGNED = 0.5  # em between the sides of cells of one column


def head_above(box: Box, pieces: Sequence[Piece], free: Sequence[int]) -> float:
    """Where a head begins that stands above the first level line; else the box's own top.

    It has three cells or more in one line; cells of several lines reach above and below that.
    """
    x0, top, x1, _ = box
    near = [
        pieces[i]
        for i in free
        if x0 <= pieces[i].middle[0] <= x1
        and 0 < top - pieces[i].middle[1] < _MAX_HEAD_LINES * pieces[i].em
    ]
    head: list[Piece] = []
    edge = top
    for numbers in reversed(rows_of([piece.box for piece in near])):
        row = [near[i] for i in numbers]
        room = 1.4 if not head else _TOUCHING
        if edge - max(piece.box[3] for piece in row) > room * row[0].em:
            break
        head += row
        edge = min(edge, *(piece.box[1] for piece in row))
    widest = max((len(row) for row in rows_of([piece.box for piece in head])), default=0)
    is_head = widest > 2 and all(len(piece.text) <= _MAX_HEAD_CHARS for piece in head)
    return edge if is_head else top


def with_ruled_ends(
    box: Box,
    levels: Sequence[tuple[float, float, float]],
    pieces: Sequence[Piece],
    free: Sequence[int],
) -> Box:
    """The box with the row above its first line and the one below its last, where lines stand
    between rows only: each space holds one row, and these rows stand as near and in its columns.

    Args:
        levels: the level lines of the box as (y, x0, x1), from top to bottom.
    """
    x0, top, x1, bottom = box
    first = _next_row(levels[: _MIN_STEPS + 1], box, pieces, free, up=True)
    last = _next_row(levels[-_MIN_STEPS - 1 :], box, pieces, free, up=False)
    top = min([top, *(piece.box[1] for piece in first)])
    bottom = max([bottom, *(piece.box[3] for piece in last)])
    return (x0, top, x1, bottom)


def _next_row(
    levels: Sequence[tuple[float, float, float]],
    box: Box,
    pieces: Sequence[Piece],
    free: Sequence[int],
    up: bool,
) -> list[Piece]:
    """The row above the first of the lines, or below the last; empty where that is no row."""
    spaces = [(above[0], below[0]) for above, below in itertools.pairwise(levels)]
    heights = [bottom - top for top, bottom in spaces]
    if len(spaces) < _MIN_STEPS or max(heights) > _EVEN * min(heights):
        return []
    rows = [_pieces_between(*space, box, pieces, free) for space in spaces]
    if not all(map(_is_row, rows)):
        return []
    step = statistics.median(heights)
    top, bottom = (
        (levels[0][0] - step, levels[0][0]) if up else (levels[-1][0], levels[-1][0] + step)
    )
    row = _pieces_between(top, bottom, box, pieces, free)
    return row if _is_in_columns(row, rows[0 if up else -1]) else []


def _pieces_between(
    top: float, bottom: float, box: Box, pieces: Sequence[Piece], free: Sequence[int]
) -> list[Piece]:
    space = (box[0], top, box[2], bottom)
    return [pieces[i] for i in free if holds(space, pieces[i].box)]


def _is_in_columns(row: Sequence[Piece], other: Sequence[Piece]) -> bool:
    """Whether a row has two cells or more, each with a side where one of the other row has it."""

    def is_aligned(piece: Piece) -> bool:
        (a, _, b, _), slack = piece.box, _ALIGNED * piece.em
        return any(abs(a - o.box[0]) < slack or abs(b - o.box[2]) < slack for o in other)

    return _is_row(row) and all(map(is_aligned, row))


def _is_row(pieces: Sequence[Piece]) -> bool:
    """Whether pieces are one row of two cells or more."""
    return len(pieces) > 1 and len(rows_of([piece.box for piece in pieces])) == 1
