"""All tables of a page, from its pieces of text, its ruling lines, and what a model calls tables.

Owns which way finds which table, and what is a table: grids by ruling lines first, then what
stands between level lines of one width, then the model's regions, then aligned runs of lines.
Pure. What costs nothing decides first: a page without lines and without rows of several pieces
takes under 0.2 ms.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterator, Sequence

from schemas.pages import Box
from workers.layout.tables.bands import bands_of, striped
from workers.layout.tables.filling import Draft, fill, split_rows, table_of, without_empty
from workers.layout.tables.grid import (
    Piece,
    Table,
    Words,
    holds,
    is_beside,
    rows_of,
    without_further_lines,
)
from workers.layout.tables.outside import taken_in
from workers.layout.tables.ruled import Floats, Lattice, Lines, lattices, lines_of
from workers.layout.tables.slots import with_unruled_columns, with_unruled_rows
from workers.layout.tables.unruled import CAPTION, Around, structure

_MAX_PIECES = 5_000
_MIN_FILLED = 0.25  # of the cells; a plot has words at its edges only, a chart's grid has none
_MAX_CROSSING = 0.1  # words cut by lines, of all pieces: more are labels of a drawing
_MAX_SPANNED = 4.0  # slots a cell covers on the mean; a form has lines that only one field heeds
_MIN_LEVEL = 40.0  # a table between level lines is at least this wide
_SAME_END = 4.0
_MAX_ROW_LINES = 6  # of a row whose longest cell is a short paragraph
_MAX_LONE_ROW = 4.5  # em; a section's head in a table has less room, one line or two
_MAX_HEAD_CHARS = 30  # of a head's cell above the first level line
_USUAL_EM = 10.0
_TEXT_WIDTH = 0.6  # of the width between two level lines
_MIN_FRAMED_ROWS = 3
_NEAR_ROWS = 4  # a cell's other lines may come before the next cell of its row


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
            return _modelled(box, edges_of, pieces, sorted(free), words) or table
        return table

    if lines is not None:
        grids = sorted(lattices(lines), key=lambda grid: -_area(grid.box))
        frames = [grid.box for grid in grids if len(grid.xs) == 2]
        for grid in grids:
            if len(grid.xs) > 2:
                take(_ruled(grid, pieces, sorted(free), words))
            elif _is_tabular_frame(grid.box, pieces, sorted(free)):
                take(open_table(grid.box, False))
        for box in _between_levels(lines.levels, pieces, sorted(free), tables, frames):
            take(open_table(box, False))
    for box in striped(bands, pieces, sorted(free)):
        take(open_table(box, False))
    for region in regions:
        if not any(_share_inside(region, table.box) > 0.3 for table in tables):
            take(open_table(region, True))
    for run in runs:
        own = [i for i in run if i in free]
        if len(own) == len(run):
            around = _around(lines, bands, _box_of(pieces, own))
            table = _aligned(pieces, own, words, around, False)
            code = _set_in_code(pieces, own, free) if table is not None else []
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


def _between_levels(
    levels: Floats,
    pieces: Sequence[Piece],
    free: Sequence[int],
    tables: Sequence[Table],
    frames: Sequence[Box],
) -> Iterator[Box]:
    """Boxes between level lines of one width, with rows of several pieces between them.

    A line above the page's text and one below it are such a pair, too: what stands between two
    lines must be rows of cells, or a single row between two such. Lines of one of the `frames` are
    no pair with others.
    """
    wide = levels[levels[:, 2] - levels[:, 1] >= _MIN_LEVEL]
    left = [
        (y, x0, x1)
        for y, x0, x1 in sorted(wide.tolist())
        if not any(holds(table.box, (x0, y, x1, y)) for table in tables)
    ]

    def frame_of(level: tuple[float, float, float]) -> Box | None:
        y, x0, x1 = level
        return next((f for f in frames if holds(_padded(f), (x0, y, x1, y))), None)

    while left:
        _, x0, x1 = left[0]
        own = [
            line
            for line in left
            if abs(line[1] - x0) < _SAME_END
            and abs(line[2] - x1) < _SAME_END
            and frame_of(line) == frame_of(left[0])
        ]
        left = [line for line in left if line not in own]
        yield from _tabular(own, pieces, free)


def _padded(box: Box) -> Box:
    return (box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1)


def _tabular(
    levels: Sequence[tuple[float, float, float]], pieces: Sequence[Piece], free: Sequence[int]
) -> Iterator[Box]:
    """The boxes of runs of spaces between the lines that hold rows of cells."""

    def with_head(begin: int, end: int) -> Box:
        (top, x0, x1), (bottom, _, _) = levels[begin], levels[end]
        return (x0 - 2, _head_above((x0 - 2, top, x1 + 2, bottom), pieces, free), x1 + 2, bottom)

    begin: int | None = None
    end = 0
    for at, (above, below) in enumerate(itertools.pairwise(levels)):
        box = (above[1] - 2, above[0], above[2] + 2, below[0])
        own = [pieces[i] for i in free if holds(box, pieces[i].box)]
        rows = without_further_lines(own, rows_of([piece.box for piece in own]))
        several = sum(len(row) > 1 for row in rows)
        if _is_text(own, rows, above[2] - above[1]):
            several = 0
        if several * 2 >= len(rows) > 0 or (several and len(rows) <= _MAX_ROW_LINES):
            begin, end = (at if begin is None else begin), at + 1
        elif begin is not None and (len(rows) > 2 or _is_between_tables(own, below[0] - above[0])):
            yield with_head(begin, end)
            begin = None
    if begin is not None:
        yield with_head(begin, end)


def _head_above(box: Box, pieces: Sequence[Piece], free: Sequence[int]) -> float:
    """Where a head begins that stands above the first level line; else the box's own top."""
    x0, top, x1, _ = box
    near = [
        pieces[i]
        for i in free
        if x0 <= pieces[i].middle[0] <= x1 and 0 < top - pieces[i].middle[1] < 2 * pieces[i].em
    ]
    rows = rows_of([piece.box for piece in near])
    is_head = len(rows) == 1 and len(near) > 2 and all(len(p.text) <= _MAX_HEAD_CHARS for p in near)
    return min(piece.box[1] for piece in near) if is_head else top


def _is_text(pieces: Sequence[Piece], rows: Sequence[Sequence[int]], width: float) -> bool:
    """Whether lines of text or headings stand among the rows: the lines above and below are those
    of a page's head and foot."""
    alone = [pieces[row[0]] for row in rows if len(row) == 1]
    wide = sum(piece.box[2] - piece.box[0] > _TEXT_WIDTH * width for piece in alone)
    sizes = [piece.em for piece in pieces]
    large = sum(piece.em > 1.15 * statistics.median(sizes) for piece in alone)
    return len(rows) > _MAX_ROW_LINES and (wide > 2 or large > 1)


def _is_between_tables(pieces: Sequence[Piece], height: float) -> bool:
    """Whether a space between two lines parts two tables: it is high, or holds a caption."""
    em = max((piece.em for piece in pieces), default=_USUAL_EM)
    return height > _MAX_LONE_ROW * em or any(CAPTION.match(piece.text) for piece in pieces)


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
    if len(inside) < 4:
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


def runs_of(pieces: Sequence[Piece], numbers: Sequence[int]) -> list[list[int]]:
    """Runs of pieces in the order given that stand in rows of several, one below the other.

    Content streams give a table row by row and columns of prose one after the other, so that
    neighbours in a stream are neighbours in a table. A row of one piece may stand between others.
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
    for row in rows:
        if runs[-1] and not _follows(pieces, runs[-1][-1], row):
            runs.append([])
        if len(row) > 1:
            alone = 0
            runs[-1].append(row)
        elif runs[-1] and alone < 2:
            alone += 1
            runs[-1].append(row)
        else:
            runs.append([])
    return [
        [i for row in run for i in row] for run in runs if sum(len(row) > 1 for row in run) >= 3
    ]


def _set_in_code(pieces: Sequence[Piece], own: Sequence[int], free: set[int]) -> list[int]:
    """Pieces in a font of one width between or beside those of a run: names in a table of text."""
    box = _box_of(pieces, own)
    return [
        i
        for i in sorted(free.difference(own))
        if pieces[i].is_mono
        and box[1] < pieces[i].middle[1] < box[3]
        and any(is_beside(pieces[i].box, pieces[j].box) for j in own)
        and box[0] < pieces[i].middle[0] < box[2]
    ]


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


def _box_of(pieces: Sequence[Piece], numbers: Sequence[int]) -> Box:
    x0s, y0s, x1s, y1s = zip(*(pieces[i].box for i in numbers), strict=True)
    return (min(x0s), min(y0s), max(x1s), max(y1s))


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _share_inside(box: Box, other: Box) -> float:
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    return max(width, 0.0) * max(height, 0.0) / max(min(_area(box), _area(other)), 1e-9)
