"""Runs of pieces in rows, one below the other, in the order of a content stream. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from schemas.pages import Box
from workers.layout.captions import is_caption
from workers.layout.tables.grid import Piece, is_beside, rows_of

_NEARBY = 6.0  # em up to the row before which a group's name comes, half its rows
_MIN_FIGURES_ROW = 3
_MIN_FIGURES = 0.3  # of the pieces have a digit
_MAX_FIGURES_CHARS = 20  # a piece on the mean; lines of the narrowest columns of prose have 25
_NEAR_ROWS = 4  # a cell's other lines may come before the next cell of its row


def runs_of(pieces: Sequence[Piece], numbers: Sequence[int]) -> list[list[int]]:
    """Runs of pieces in the order given that stand in rows of several, one below the other.

    Content streams give a table row by row and columns of prose one after the other, so that
    neighbours in a stream are neighbours in a table. A row of one piece may stand between others,
    but no caption: that begins another table.
    """
    rows: list[list[int]] = []
    for i in numbers:
        box = pieces[i].box
        if rows and (box[1] + box[3]) / 2 < pieces[rows[-1][0]].box[3]:
            near = (row for row in rows[: -_NEAR_ROWS - 1 : -1] if _stands_in(box, pieces, row))
            row = next(near, None)
            if row is not None:
                row.append(i)
                continue
        rows.append([i])
    runs: list[list[list[int]]] = [[]]
    alone = 0
    for row in _sorted_nearby(pieces, rows):
        if runs[-1] and not _follows(pieces, runs[-1][-1], row):
            runs.append([])
        if len(row) > 1:
            alone = 0
            runs[-1].append(row)
        elif runs[-1] and alone < 2 and not is_caption(pieces[row[0]].text):
            alone += 1
            runs[-1].append(row)
        else:
            runs.append([])
    return [
        [i for row in run for i in row] for run in runs if sum(len(row) > 1 for row in run) >= 3
    ]


def runs_of_figures(pieces: Sequence[Piece]) -> list[list[int]]:
    """Runs of short pieces in rows of three or more, many of them with figures, in any order given.

    Recognised lines have no stream: on a page of columns the rows of these are one row, too. So
    only what no column of prose has is looked at.
    """
    upright = [i for i, piece in enumerate(pieces) if not piece.quadrant % 2]
    rows = rows_of([pieces[i].box for i in upright])
    found = []
    for run in runs_of(pieces, [upright[at] for row in rows for at in row]):
        sizes = [len(row) for row in rows_of([pieces[i].box for i in run])]
        texts = [pieces[i].text for i in run]
        figures = sum(any(map(str.isdigit, text)) for text in texts)
        is_short = sum(map(len, texts)) <= _MAX_FIGURES_CHARS * len(texts)
        is_full = statistics.median(sizes) >= _MIN_FIGURES_ROW
        if is_full and is_short and figures >= _MIN_FIGURES * len(texts):
            found.append(run)
    return found


def _sorted_nearby(pieces: Sequence[Piece], rows: Sequence[list[int]]) -> list[list[int]]:
    """The rows, those before others that stand a little above them behind these: the name of a
    group stands beside the middle of its rows, but comes first."""
    out: list[list[int]] = []
    for row in rows:
        first = pieces[row[0]]
        at = len(out)
        while (
            at > max(len(out) - _NEAR_ROWS, 0)
            and 0 < pieces[out[at - 1][0]].box[1] - first.box[1] < _NEARBY * first.em
        ):
            at -= 1
        above = out[at - 1] if at else None
        if above is not None and all(_stands_in(pieces[i].box, pieces, above) for i in row):
            out[at - 1] = above + row
        else:
            out.insert(at, row)
    return out


def _stands_in(box: Box, pieces: Sequence[Piece], row: Sequence[int]) -> bool:
    """Whether the box stands beside the pieces of a row, over none of them."""
    if not is_beside(pieces[row[0]].box, box):
        return False
    others = (pieces[i].box for i in row)
    return all(box[0] >= other[2] - 1 or box[2] <= other[0] + 1 for other in others)


def _follows(pieces: Sequence[Piece], above: Sequence[int], row: Sequence[int]) -> bool:
    """Whether the row stands below the one above, no further than two empty lines."""
    last, first = pieces[above[0]], pieces[row[0]]
    # the name of a group stands beside the middle of its rows, so over half of two of them
    up = -0.9 if len(above) == 1 or len(row) == 1 else -0.5
    return up * first.em < first.box[1] - last.box[3] < 2.0 * first.em


def set_in_code(pieces: Sequence[Piece], own: Sequence[int], free: set[int]) -> list[int]:
    """Pieces in a font of one width between or beside those of a run: names in a table of text."""
    box = box_of(pieces, own)
    return [
        i
        for i in sorted(free.difference(own))
        if pieces[i].is_mono
        and box[1] < pieces[i].middle[1] < box[3]
        and any(is_beside(pieces[i].box, pieces[j].box) for j in own)
        and box[0] < pieces[i].middle[0] < box[2]
    ]


def box_of(pieces: Sequence[Piece], numbers: Sequence[int]) -> Box:
    """The box around pieces."""
    x0s, y0s, x1s, y1s = zip(*(pieces[i].box for i in numbers), strict=True)
    return (min(x0s), min(y0s), max(x1s), max(y1s))
