"""Shaded bands behind the rows of a table: stripes, and the shade of a head. Pure.

Owns bands out of shaded areas, which writers draw cell by cell, and which bands stripe a table.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from schemas.pages import Box
from workers.layout.tables.grid import Piece, holds, rows_of

_SAME = 2.0  # between the sides of shaded cells of one row, and of the bands of one table
_MIN_WIDTH = 40.0
_MAX_HEIGHT = 90.0  # of a band: a row whose longest cell is a paragraph of seven lines
_MAX_APART = 90.0  # from band to band, over the row that is not shaded
_MIN_TOUCHING = 4  # bands in two shades; fewer are the head's
_MAX_AREAS = 500  # more are a picture in squares


def bands_of(fills: Sequence[Box]) -> list[Box]:
    """Shaded areas that stand side by side, joined; from top to bottom."""
    if len(fills) > _MAX_AREAS:
        return []
    low = [box for box in fills if box[3] - box[1] <= _MAX_HEIGHT]
    bands: list[Box] = []
    for box in sorted(low, key=lambda box: (round(box[1]), round(box[3]), box[0])):
        last = bands[-1] if bands else None
        if (
            last is not None
            and abs(last[1] - box[1]) < _SAME
            and abs(last[3] - box[3]) < _SAME
            and box[0] < last[2] + _SAME
        ):
            bands[-1] = (last[0], last[1], max(last[2], box[2]), last[3])
        else:
            bands.append(box)
    return sorted(band for band in bands if band[2] - band[0] >= _MIN_WIDTH)


def striped(bands: Sequence[Box], pieces: Sequence[Piece], free: Sequence[int]) -> Iterator[Box]:
    """The boxes of tables with striped rows, with the rows above and below the stripes.

    Two bands or more of one width stand one below the other, with several pieces in most.
    """
    left = sorted(bands, key=lambda band: band[1])
    while left:
        own = [left[0]]
        for band in left[1:]:
            is_same = abs(band[0] - own[0][0]) < _SAME and abs(band[2] - own[0][2]) < _SAME
            if is_same and -_SAME < band[1] - own[-1][3] < _MAX_APART:
                own.append(band)
        left = [band for band in left if band not in own]
        inside = [[pieces[i] for i in free if holds(band, pieces[i].box)] for band in own]
        cells = [row for row in inside if _has_row(row)]
        apart = sum(b[1] - a[3] > _SAME for a, b in itertools.pairwise(own))
        if (
            (apart or len(own) >= _MIN_TOUCHING)
            and len(cells) * 3 > 2 * len(own)
            and not _is_code(inside)
        ):
            yield _with_neighbours(own, pieces, free)


def _has_row(pieces: Sequence[Piece]) -> bool:
    return any(len(row) > 1 for row in rows_of([piece.box for piece in pieces]))


def _is_code(inside: Sequence[Sequence[Piece]]) -> bool:
    own = list(itertools.chain.from_iterable(inside))
    return sum(piece.is_mono for piece in own) * 2 > len(own)


def _with_neighbours(bands: Sequence[Box], pieces: Sequence[Piece], free: Sequence[int]) -> Box:
    """The box around the bands and the rows of several pieces just above and below them."""
    x0, x1 = bands[0][0], bands[0][2]
    steps = [below[1] - above[3] for above, below in itertools.pairwise(bands)]
    apart = max(*steps, 0.0) if len(steps) > 1 else steps[0]
    top, bottom = bands[0][1], bands[-1][3]
    wide = (x0 - _SAME, top - 2 * apart - _SAME, x1 + _SAME, bottom + apart + _SAME)
    own = [i for i in free if holds(wide, pieces[i].box)]
    rows = [[own[i] for i in row] for row in rows_of([pieces[i].box for i in own])]
    above = [row for row in rows if pieces[row[0]].middle[1] < top]
    below = [row for row in rows if pieces[row[0]].middle[1] > bottom]
    left = min((pieces[i].box[0] for i in own), default=x0)

    def is_cells(row: Sequence[int]) -> bool:
        # a lone piece to the right of the first column is a further line of a cell
        return len(row) > 1 or pieces[row[0]].box[0] > left + pieces[row[0]].em

    for row in itertools.takewhile(is_cells, reversed(above)):
        top = min(pieces[i].box[1] for i in row)
    for row in itertools.takewhile(is_cells, below):
        bottom = max(pieces[i].box[3] for i in row)
    return (x0 - _SAME, top, x1 + _SAME, bottom)
