"""All tables of a page, from its pieces of text, its ruling lines, and what a model calls tables.

Owns which way finds which table, and what is a table: grids by ruling lines first, then what
stands between level lines of one width, then the model's regions, then aligned runs of lines.
Pure. What costs nothing decides first: a page without lines and without rows of several pieces
takes under 0.2 ms.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from schemas.pages import Box
from workers.layout.tables.bands import bands_of, striped
from workers.layout.tables.columns import chunked
from workers.layout.tables.filling import Draft, fill, table_of, without_empty
from workers.layout.tables.grid import (
    Piece,
    Table,
    Words,
    holds,
    rows_of,
    without_further_lines,
)
from workers.layout.tables.levels import between_levels
from workers.layout.tables.lookalikes import is_lookalike
from workers.layout.tables.outside import taken_in
from workers.layout.tables.parting import (
    between_captions,
    between_headings,
    box_between_headings,
    left_of,
)
from workers.layout.tables.ruled import Lattice, Lines, lattices, lines_of
from workers.layout.tables.runs import box_of, set_in_code
from workers.layout.tables.slots import split_rows, with_unruled_columns, with_unruled_rows
from workers.layout.tables.unruled import Around, structure

_MAX_PIECES = 5_000
_MIN_FILLED = 0.25  # of the cells; a plot has words at its edges only, a chart's grid has none
_MAX_CROSSING = 0.1  # words cut by lines, of all pieces: more are labels of a drawing
_MAX_SPANNED = 4.0  # slots a cell covers on the mean; a form has lines that only one field heeds
_MIN_FRAMED_ROWS = 3


EdgesOf = Callable[[Box], tuple[Sequence[float], Sequence[float]]]
"""The inner edges of columns and of rows in a box, in the unit of the pieces."""


def find(
    pieces: Sequence[Piece],
    words: Words,
    rules: Sequence[Box],
    regions: Sequence[Box] = (),
    runs: Sequence[Sequence[int]] = (),
    edges_of: EdgesOf | None = None,
    fills: Sequence[Box] = (),
) -> list[Table]:
    """The tables, from top to bottom.

    Args:
        rules: ruling lines, and boxes whose four edges are drawn.
        regions: boxes of which a model says that they are tables.
        runs: numbers of pieces that follow each other in rows, as `runs_of` finds them.
        fills: shaded areas without a border.
        edges_of: asks a table model for the grid of a region whose rows alignment cannot tell.
    """
    if len(pieces) > _MAX_PIECES:
        return []
    lines = lines_of(rules) if rules else None
    bands = bands_of(fills)
    tables: list[Table] = []
    free = set(range(len(pieces)))

    def take(table: Table | None) -> None:
        if table is not None:
            tables.append(table)
            free.difference_update(table.pieces)

    def open_table(box: Box, is_region: bool) -> Table | None:
        table = _unruled(box, pieces, sorted(free), words, lines, bands, True)
        is_unclear = is_region if table is None else _is_ragged(table)
        if edges_of is not None and is_unclear:
            # without the notes and the text around it, which were left out
            own = box if table is None else table.box
            return _modelled(own, edges_of, pieces, sorted(free), words) or table
        return table

    def take_open(box: Box, is_region: bool = False) -> None:
        for part in box_between_headings(box, pieces, sorted(free)):
            take(open_table(part, is_region))

    if lines is not None:
        grids = sorted(lattices(lines), key=lambda grid: -_area(grid.box))
        frames = [grid.box for grid in grids if len(grid.xs) == 2]
        for grid in grids:
            if len(grid.xs) > 2:
                take(_ruled(grid, pieces, sorted(free), words))
            elif _is_tabular_frame(grid.box, pieces, sorted(free)):
                take_open(grid.box)
        for box in between_levels(lines.levels, pieces, sorted(free), tables, frames):
            take_open(box)
    for box in striped(bands, pieces, sorted(free)):
        take_open(box)
    for region in itertools.chain.from_iterable(between_captions(r, pieces) for r in regions):
        inside = [table.box for table in tables if _share_inside(region, table.box) > 0.3]
        for part in left_of(region, inside):
            take_open(part, is_region=not inside)
    for run in itertools.chain.from_iterable(between_headings(run, pieces) for run in runs):
        own = [i for i in run if i in free]
        if len(own) == len(run):
            around = _around(lines, bands, box_of(pieces, own))
            table = _aligned(pieces, own, words, around, False)
            code = set_in_code(pieces, own, free) if table is not None else []
            with_code = _aligned(pieces, own + code, words, around, False) if code else None
            take(with_code or table)
    return sorted(tables, key=lambda table: (table.box[1], table.box[0]))


def _ruled(
    grid: Lattice, pieces: Sequence[Piece], free: Sequence[int], words: Words
) -> Table | None:
    inside = [i for i in free if holds(grid.box, pieces[i].box)]
    if len(inside) < 2:
        return None
    draft = fill(grid.xs, grid.ys, grid.cells, pieces, inside, words)
    if not is_ruled_table(draft):
        return None
    draft = with_unruled_columns(without_empty(draft))
    draft = split_rows(with_unruled_rows(draft))
    draft, head_rows = taken_in(draft, pieces, free)
    return table_of(draft, head_rows) if draft.rows > 1 and draft.columns > 1 else None


def is_ruled_table(draft: Draft) -> bool:
    """Whether a grid with its texts is a table: not a frame, a plot, a drawing or a form."""
    filled = [
        (span, content)
        for span, content in zip(draft.spans, draft.contents, strict=True)
        if content
    ]
    rows = {row for (row, *_), _ in filled}
    columns = {column for (_, column, *_), _ in filled}
    if len(columns) < 2 or len(filled) < 3:
        return False
    if len(filled) < _MIN_FILLED * len(draft.spans):
        return False
    if draft.crossing > _MAX_CROSSING * len(draft.taken) + 1:
        return False
    slots = sum(height * width for (_, _, height, width), _ in filled)
    if slots > _MAX_SPANNED * len(filled) and len(rows) > 2:
        return False
    return not _is_cramped(draft)


def _is_cramped(draft: Draft) -> bool:
    """Whether most cells are lower than their text: lines through a drawing's labels."""
    low = total = 0
    for (row, _, rows, _), content in zip(draft.spans, draft.contents, strict=True):
        for piece in content[:1]:
            if not piece.quadrant % 2:
                total += 1
                low += draft.ys[row + rows] - draft.ys[row] < 0.7 * piece.em
    return low * 3 > total


def _unruled(
    box: Box,
    pieces: Sequence[Piece],
    free: Sequence[int],
    words: Words,
    lines: Lines | None,
    bands: Sequence[Box],
    is_known: bool,
) -> Table | None:
    inside = [i for i in free if holds(box, pieces[i].box)]
    if len(inside) < 4:
        return None
    return _aligned(pieces, inside, words, _around(lines, bands, box), is_known)


def _is_tabular_frame(box: Box, pieces: Sequence[Piece], free: Sequence[int]) -> bool:
    """Whether a frame without inner lines holds rows of cells, most of them, and no code."""
    own = [pieces[i] for i in free if holds(box, pieces[i].box)]
    rows = without_further_lines(own, rows_of([piece.box for piece in own]))
    if len(rows) < _MIN_FRAMED_ROWS or sum(piece.is_mono for piece in own) * 2 > len(own):
        return False
    return sum(len(row) > 1 for row in rows) * 3 >= 2 * len(rows)


def _is_ragged(table: Table) -> bool:
    """Whether a fifth of the rows begin with an empty cell: lines of one row, or of a group."""
    empty = sum(not cell.text for cell in table.cells if cell.column == 0)
    return empty * 5 >= table.rows


def _modelled(
    box: Box, edges_of: EdgesOf, pieces: Sequence[Piece], free: Sequence[int], words: Words
) -> Table | None:
    """The table in the box by the model's grid; None where that is none either."""
    inside = [i for i in free if holds(box, pieces[i].box)]
    if len(inside) < 4 or is_lookalike(chunked(pieces, inside, words, True)):
        return None
    columns, rows = edges_of(box)
    xs, ys = (box[0], *columns, box[2]), (box[1], *rows, box[3])
    spans = [(r, c, 1, 1) for r in range(len(ys) - 1) for c in range(len(xs) - 1)]
    draft = without_empty(fill(xs, ys, spans, pieces, inside, words))
    if draft.rows < 2 or not is_ruled_table(draft):
        return None
    return table_of(draft)


def _aligned(
    pieces: Sequence[Piece],
    inside: Sequence[int],
    words: Words,
    around: Around,
    is_known: bool,
) -> Table | None:
    found = structure(pieces, inside, words, around, is_known)
    if found is None or found.draft.rows < 2:
        return None
    return table_of(found.draft, found.head_rows)


def _around(lines: Lines | None, bands: Sequence[Box], box: Box) -> Around:
    """The level lines and the bands that are in the box, or at its borders."""
    own = [
        band
        for band in bands
        if band[1] < box[3] and band[3] > box[1] and band[0] < box[2] and band[2] > box[0]
    ]
    return Around(tuple(_levels_in(lines, box)), tuple(own))


def _levels_in(lines: Lines | None, box: Box) -> list[tuple[float, float, float]]:
    """The level lines in the box, or at its borders, as (y, x0, x1) from top to bottom."""
    if lines is None or not len(lines.levels):
        return []
    y, x0, x1 = lines.levels.T
    pad = 6.0
    own = (y > box[1] - pad) & (y < box[3] + pad) & (x0 < box[2]) & (x1 > box[0])
    own &= (x0 > box[0] - 30.0) & (x1 < box[2] + 30.0)
    return sorted((float(a), float(b), float(c)) for a, b, c in lines.levels[own])


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _share_inside(box: Box, other: Box) -> float:
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    return max(width, 0.0) * max(height, 0.0) / max(min(_area(box), _area(other)), 1e-9)
