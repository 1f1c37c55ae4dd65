"""Rows of a grid that no ruling line parts: columns are ruled there, and rows are not. Pure.

Owns where such a slot is cut, and the judgement that its lines are rows, not one text that wraps.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

from workers.layout.tables.columns import Chunk, Row, column_gaps, is_number
from workers.layout.tables.filling import Draft, Span
from workers.layout.tables.grid import Piece, rows_of, union
from workers.layout.tables.heads import Columns
from workers.layout.tables.rows import logical_rows

_MIN_ROWS = 3  # that a slot is cut into
_MIN_NUMBERS = 0.75  # of the lines of a column of figures
_APART = 1.9  # em from line to line, most of them
_MOST = 0.7
_WALL = 1.0  # half the room that a ruling line takes between two columns


def with_unruled_rows(draft: Draft) -> Draft:
    """The grid with its tall rows cut into rows of text, where one column of them shows rows."""
    cuts = [list(_cuts(draft, row)) for row in range(draft.rows)]
    return cut_rows(draft, cuts) if any(cuts) else draft


def with_unruled_columns(draft: Draft) -> Draft:
    """The grid with its columns cut where most of their rows leave one gap free."""
    cuts = [_column_cuts(draft, column) for column in range(draft.columns)]
    if not any(cuts):
        return draft
    turned = _turned(draft)
    return _turned(cut_rows(turned, cuts, axis=0))


def _turned(draft: Draft) -> Draft:
    """The grid with rows for columns; what its cells hold stays as it is."""
    spans = tuple((column, row, width, height) for row, column, height, width in draft.spans)
    return replace(draft, xs=draft.ys, ys=draft.xs, spans=spans)


def _column_cuts(draft: Draft, column: int) -> list[float]:
    """The middles of the gaps that at least three rows, and most, leave free in the column."""
    lines: list[Row] = []
    for span, content in zip(draft.spans, draft.contents, strict=True):
        if span[1] == column and span[3] == 1 and not any(p.quadrant % 2 for p in content):
            boxes = [piece.box for piece in content]
            lines += [[Chunk(content[i], i) for i in line] for line in rows_of(boxes)]
    several = sum(len(line) > 1 for line in lines)
    if several < _MIN_ROWS or several < _MOST * len(lines):
        return []
    em = lines[0][0].piece.em
    gaps = column_gaps(lines, 0, em)
    crossing = sum(c.x0 < a and c.x1 > b for line in lines for c in line for a, b in gaps)
    return [(a + b) / 2 for a, b in gaps] if crossing <= 1 else []


def cut_rows(draft: Draft, cuts: Sequence[Sequence[float]], axis: int = 1) -> Draft:
    """The grid with each row cut at these heights. A cell of several rows keeps them all.

    `axis` of the pieces' middles decides on which side of a cut they are: 0 in a turned grid, in
    which a piece that reaches over a cut keeps its cell whole.
    """
    first = [0]
    for cut in cuts:
        first.append(first[-1] + len(cut) + 1)
    ys = [draft.ys[0]]
    for bottom, cut in zip(draft.ys[1:], cuts, strict=True):
        ys += [*cut, bottom]
    spans: list[Span] = []
    contents: list[tuple[Piece, ...]] = []
    for (row, column, height, width), content in zip(draft.spans, draft.contents, strict=True):
        is_crossed = axis == 0 and any(
            piece.box[0] < cut < piece.box[2] for piece in content for cut in cuts[row]
        )
        if height > 1 or not cuts[row] or is_crossed:
            spans.append((first[row], column, first[row + height] - first[row], width))
            contents.append(content)
            continue
        parts: list[list[Piece]] = [[] for _ in range(len(cuts[row]) + 1)]
        for piece in content:
            parts[bisect_right(cuts[row], piece.middle[axis])].append(piece)
        for i, part in enumerate(parts):
            spans.append((first[row] + i, column, 1, width))
            contents.append(tuple(part))
    return replace(draft, ys=tuple(ys), spans=tuple(spans), contents=tuple(contents))


def _cuts(draft: Draft, row: int) -> Iterator[float]:
    own = [
        (span, content)
        for span, content in zip(draft.spans, draft.contents, strict=True)
        if span[0] == row and span[2] == 1 and content
    ]
    pieces = [piece for _, content in own for piece in content]
    if len(own) < 2 or any(piece.quadrant % 2 for piece in pieces):
        return
    if not any(span[3] == 1 and _is_of_rows(content) for span, content in own):
        return
    lines: list[Row] = [
        [Chunk(pieces[i], i) for i in line] for line in rows_of([piece.box for piece in pieces])
    ]
    walls = tuple((x - _WALL, x + _WALL) for x in draft.xs[1:-1])
    groups = logical_rows(lines, 0, Columns(draft.xs, walls, (), ()))
    if len(groups) < _MIN_ROWS:
        return
    boxes = [union(c.piece.box for i in numbers for c in lines[i]) for numbers, _ in groups]
    for above, below in itertools.pairwise(boxes):
        yield (above[3] + below[1]) / 2


def _is_of_rows(content: Sequence[Piece]) -> bool:
    """Whether the cell's lines are those of many rows: figures, one a line, or lines far apart.

    Lines of one text stand as close as the font asks.
    """
    lines = [[content[i] for i in line] for line in rows_of([piece.box for piece in content])]
    texts = [" ".join(piece.text for piece in line) for line in lines]
    if len(lines) >= _MIN_ROWS and sum(map(is_number, texts)) >= _MIN_NUMBERS * len(lines):
        return True
    steps = [b[0].middle[1] - a[0].middle[1] for a, b in itertools.pairwise(lines)]
    return len(lines) >= _MIN_ROWS and sum(
        step > _APART * line[0].em for step, line in zip(steps, lines, strict=False)
    ) * 2 > len(steps)
