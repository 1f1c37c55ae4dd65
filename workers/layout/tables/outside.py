"""Rows of a ruled table that stand outside its grid: a head above it, a total below it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workers.layout.tables.filling import Draft, Span
from workers.layout.tables.grid import Piece, rows_of, union

_NEAR = 1.2  # em between the grid and the row's text
_MAX_LINES = 3


def taken_in(draft: Draft, pieces: Sequence[Piece], free: Sequence[int]) -> tuple[Draft, int]:
    """The grid with the rows that stand directly above and below it, and how many are its head.

    Such a row has pieces in at least half of the columns (two or more), each within one column or
    over a whole number of them, and nothing beside the grid.
    """
    outside = [i for i in free if i not in draft.taken and not pieces[i].quadrant % 2]
    _, top, _, bottom = draft.box
    above = [i for i in outside if pieces[i].box[3] < top + 0.5 * pieces[i].em]
    below = [i for i in outside if pieces[i].box[1] > bottom - 0.5 * pieces[i].em]
    head = _row(draft, pieces, above, top, up=True)
    total = _row(draft, pieces, below, bottom, up=False)
    if total:
        draft = _with_row(draft, total, at_top=False)
    if head:
        draft = _with_row(draft, head, at_top=True)
    return draft, 1 if head else 0


Row = dict[int, list[tuple[int, Piece]]]
"""Numbers and pieces by column."""


def _row(
    draft: Draft, pieces: Sequence[Piece], candidates: Sequence[int], edge: float, up: bool
) -> Row | None:
    """The lines next to the grid that stand in its columns, as one row."""
    near = [i for i in candidates if _distance(pieces[i], edge, up) < 6 * pieces[i].em]
    lines = rows_of([pieces[i].box for i in near])
    if up:
        lines.reverse()
    row: Row = {}
    for count, line in enumerate(lines):
        own = [(near[i], pieces[near[i]]) for i in line]
        box = union(piece.box for _, piece in own)
        em = own[0][1].em
        gap = edge - box[3] if up else box[1] - edge
        if gap > (_NEAR if not count else 0.4) * em:
            break
        columns = [_column(draft, piece) for _, piece in own]
        if None in columns or count == _MAX_LINES:
            # a line of prose, or too many: what looked like a row was the end of a paragraph
            return row if len(row) >= 2 and count < _MAX_LINES and len(own) == 1 else None
        for column, item in zip(columns, own, strict=True):
            assert column is not None
            row.setdefault(column, []).append(item)
        edge = box[1] if up else box[3]
    return row if len(row) >= max(2, draft.columns / 2) else None


def _distance(piece: Piece, edge: float, up: bool) -> float:
    return edge - piece.box[1] if up else piece.box[3] - edge


def _column(draft: Draft, piece: Piece) -> int | None:
    """The column whose sides the piece keeps to; None for none."""
    slack = 0.4 * piece.em
    for column in range(draft.columns):
        left, right = draft.xs[column], draft.xs[column + 1]
        if piece.box[0] >= left - slack and piece.box[2] <= right + slack:
            return column
    return None


def _with_row(draft: Draft, row: Row, at_top: bool) -> Draft:
    pieces = [piece for items in row.values() for _, piece in items]
    box = union(piece.box for piece in pieces)
    at = 0 if at_top else draft.rows
    new = [(at, column, 1, 1) for column in range(draft.columns)]
    own = [tuple(piece for _, piece in row.get(column, [])) for column in range(draft.columns)]
    taken = draft.taken | {number for items in row.values() for number, _ in items}
    if at_top:
        shifted: list[Span] = [(r + 1, c, h, w) for r, c, h, w in draft.spans]
        ys = (min(box[1], draft.ys[0] - 0.1), *draft.ys)
        return replace(
            draft,
            ys=ys,
            spans=(*new, *shifted),
            contents=(*own, *draft.contents),
            taken=taken,
        )
    return replace(
        draft,
        ys=(*draft.ys, max(box[3], draft.ys[-1] + 0.1)),
        spans=(*draft.spans, *new),
        contents=(*draft.contents, *own),
        taken=taken,
    )
