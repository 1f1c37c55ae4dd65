"""Boxes of tables that stand between level ruling lines of one width. Pure."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator, Sequence

from schemas.pages import Box
from workers.layout.tables.ends import head_above, with_ruled_ends
from workers.layout.tables.grid import Piece, Table, holds, rows_of, without_further_lines
from workers.layout.tables.ruled import Floats
from workers.layout.tables.unruled import CAPTION

_MIN_LEVEL = 40.0  # a table between level lines is at least this wide
_SAME_END = 4.0
_MAX_ROW_LINES = 6  # of a row whose longest cell is a short paragraph
_MAX_LONE_ROW = 4.5  # em; a section's head in a table has less room, one line or two
_USUAL_EM = 10.0
_TEXT_WIDTH = 0.6  # of the width between two level lines


def between_levels(
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
        yield from _tabular(own, pieces, free, tables)


def _padded(box: Box) -> Box:
    return (box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1)


def _tabular(
    levels: Sequence[tuple[float, float, float]],
    pieces: Sequence[Piece],
    free: Sequence[int],
    tables: Sequence[Table],
) -> Iterator[Box]:
    """The boxes of runs of spaces between the lines that hold rows of cells."""

    def with_head(begin: int, end: int) -> Box:
        (top, x0, x1), (bottom, _, _) = levels[begin], levels[end]
        box = with_ruled_ends((x0 - 2, top, x1 + 2, bottom), levels[begin : end + 1], pieces, free)
        return (box[0], head_above(box, pieces, free), box[2], box[3])

    begin: int | None = None
    end = 0
    for at, (above, below) in enumerate(itertools.pairwise(levels)):
        box = (above[1] - 2, above[0], above[2] + 2, below[0])
        own = [pieces[i] for i in free if holds(box, pieces[i].box)]
        rows = without_further_lines(own, rows_of([piece.box for piece in own]))
        several = sum(len(row) > 1 for row in rows)
        around_others = any(holds(box, table.box) for table in tables)
        if around_others or _is_text(own, rows, above[2] - above[1]):
            several = 0
        if several * 2 >= len(rows) > 0 or (several and len(rows) <= _MAX_ROW_LINES):
            begin, end = (at if begin is None else begin), at + 1
        elif begin is not None and (len(rows) > 2 or _is_between_tables(own, below[0] - above[0])):
            yield with_head(begin, end)
            begin = None
    if begin is not None:
        yield with_head(begin, end)


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
