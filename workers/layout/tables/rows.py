"""Rows of an unruled table: which are its head, which lines are one row, what spans. Pure."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence

from schemas.pages import Box
from workers.layout.tables.columns import Chunk, Row, had_no_room, is_number, is_tight, span_of
from workers.layout.tables.heads import Cells, Columns, head_spans, join, overlap

_MAX_HEAD_ROWS = 6
_APART = 1.25
"""Rows of a table with space between its rows stand this much further apart than lines in one."""
_LONE_STEP = 1.1  # em from a head to the lines of those beside it, in whose middle it stands
_HALF_STEP = 0.85  # em from line to line of one text is 1.1 at least
_EVEN = 1.3


def head_count(rows: Sequence[Row], levels: Sequence[tuple[float, float, float]], box: Box) -> int:
    """How many of the rows are the head; 0 where nothing tells.

    They stand above the first ruling line below a row and as wide as the table, are bold while
    others are not, or are the only ones without a number.
    """
    middles = [row[0].piece.middle[1] for row in rows]
    for y, x0, x1 in levels:
        above = sum(middle < y for middle in middles)
        is_wide = min(x1, box[2]) - max(x0, box[0]) > 0.7 * (box[2] - box[0])
        if is_wide and 0 < above < len(rows):
            # a line under each row, or under a total, says nothing of the head
            return above if above <= min(_MAX_HEAD_ROWS, len(rows) // 2) else 0
    bold = list(
        itertools.takewhile(lambda row: all(c.piece.is_bold for c in row), rows[:_MAX_HEAD_ROWS])
    )
    rest = rows[len(bold) :]
    if bold and len(rest) >= len(bold):
        return len(bold) if sum(_is_bold(row) for row in rest) * 2 <= len(rest) else 0
    return _head_by_numbers(rows)


def with_lone_heads(rows: Sequence[Row], head: int) -> tuple[list[Row], int]:
    """The rows with a head that stands beside the middle of two rows in the upper of these, and
    the number of the head's rows then."""
    out: list[Row] = []
    for row in rows[:head]:
        above = out[-1] if out else None
        is_near = above is not None and (
            row[0].piece.middle[1] - above[0].piece.middle[1] < _LONE_STEP * row[0].piece.em
        )
        if above is not None and is_near and 1 in (len(row), len(above)) and _are_apart(above, row):
            out[-1] = sorted([*above, *row], key=lambda chunk: chunk.x0)
        else:
            out.append(list(row))
    return [*out, *rows[head:]], len(out)


def _are_apart(above: Row, row: Row) -> bool:
    return all(a.x1 < b.x0 or b.x1 < a.x0 for a in above for b in row)


def _is_bold(row: Row) -> bool:
    return all(chunk.piece.is_bold for chunk in row)


def _head_by_numbers(rows: Sequence[Row]) -> int:
    numbered = [any(is_number(chunk.piece.text) for chunk in row) for row in rows]
    if True not in numbered:
        return 0
    first = numbered.index(True)
    rest = numbered[first:]
    is_head = 0 < first <= min(3, len(rest) / 2) and sum(rest) >= 0.6 * len(rest)
    is_head &= len(rows[0]) > 1
    return first if is_head and _is_even(rows, first) else 0


def _is_even(rows: Sequence[Row], head: int) -> bool:
    """Whether the first rows stand no further apart than lines of one text, or the other rows."""
    steps = [
        below[0].piece.middle[1] - above[0].piece.middle[1]
        for above, below in itertools.pairwise(rows)
    ]
    usual = statistics.median(steps[head:]) if steps[head:] else 0.0
    return all(
        is_tight(above, below) or step <= _EVEN * usual
        for above, below, step in zip(rows[: head - 1], rows[1:head], steps, strict=False)
    )


def logical_rows(
    rows: Sequence[Row], head: int, columns: Columns, is_row_ruled: bool = False
) -> list[tuple[list[int], Cells]]:
    """The rows of the table, each as the numbers of its lines and its cells.

    Where the table `is_row_ruled`, a ruling line stands between any two rows.
    """
    leading = math.inf if is_row_ruled else _inner_leading(rows[head:])
    out: list[tuple[list[int], Cells]] = []
    for number, row in enumerate(rows):
        cells = _cells(row, rows, number, head, columns)
        if out and (number < head) == (out[-1][0][-1] < head):
            before, above = rows[out[-1][0][-1]], out[-1][1]
            is_apart = _has_level_between(before, row, columns.parting)
            joins = _is_one_head if number < head else _is_one_row
            if not is_apart and joins(above, cells, before, row, leading, columns):
                out[-1][0].append(number)
                join(above, cells)
                continue
        out.append(([number], cells))
    return out


def _cells(row: Row, rows: Sequence[Row], number: int, head: int, columns: Columns) -> Cells:
    cells: Cells = {}
    if len(row) == 1 and number >= head and _is_section(row[0], rows, columns):
        return {(0, len(columns.edges) - 1): [row[0]]}
    spans = [span_of(chunk, columns.edges, columns.gaps) for chunk in row]
    if number < head and number + 1 < len(rows):
        spans = head_spans(row, spans, rows[number + 1], columns, number + 1 < head)
    for chunk, span in zip(row, spans, strict=True):
        join(cells, {span: [chunk]})
    return cells


def _is_section(chunk: Chunk, rows: Sequence[Row], columns: Columns) -> bool:
    """Whether a lone chunk heads the rows below it: it stands in the middle of the table, over a
    column of numbers."""
    middle = (columns.edges[0] + columns.edges[-1]) / 2
    if is_number(chunk.piece.text) or abs(chunk.piece.middle[0] - middle) > 1.5 * chunk.piece.em:
        return False
    at = span_of(chunk, columns.edges, columns.gaps)[0]
    others = [
        other.piece.text
        for row in rows
        if len(row) > 1
        for other in row
        if span_of(other, columns.edges, columns.gaps) == (at, 1)
    ]
    return sum(map(is_number, others)) > 0.6 * len(others)


def _has_level_between(
    above: Row, below: Row, levels: Sequence[tuple[float, float, float]]
) -> bool:
    top = min(chunk.piece.middle[1] for chunk in above)
    bottom = max(chunk.piece.middle[1] for chunk in below)
    x0 = min(chunk.x0 for chunk in below)
    x1 = max(chunk.x1 for chunk in below)
    return any(top < y < bottom and left < x1 and x0 < right for y, left, right in levels)


def _inner_leading(rows: Sequence[Row]) -> float | None:
    """From line to line within a row, where rows are further apart than lines; None if not.

    Told by rows with fewer cells than the one before them, which follow it closely.
    """
    if len(rows) < 3:
        return None
    steps = [
        below[0].piece.box[3] - above[0].piece.box[3] for above, below in itertools.pairwise(rows)
    ]
    least = min(steps)
    tight = [i for i, step in enumerate(steps) if step <= 1.1 * least]
    apart = [step for step in steps if step >= _APART * least]
    if len(apart) < 0.25 * len(steps) or not all(is_tight(rows[i], rows[i + 1]) for i in tight):
        return None
    if sum(len(rows[i + 1]) < len(rows[i]) for i in tight) * 2 < len(tight):
        return None
    return 1.1 * least


def _is_one_head(
    above: Cells, cells: Cells, before: Row, row: Row, leading: float | None, columns: Columns
) -> bool:
    """Whether two lines of the head are one row: nothing spans, and they are close."""
    spans = [width for _, width in (*above, *cells)]
    em = statistics.median(chunk.piece.em for chunk in row)
    step = row[0].piece.box[3] - before[0].piece.box[3]
    if not _share_columns(above, cells) and step < 0.9 * em:
        return True
    return all(width == 1 for width in spans) and is_tight(before, row)


def _is_one_row(
    above: Cells, cells: Cells, before: Row, row: Row, leading: float | None, columns: Columns
) -> bool:
    """Whether a line goes on in the cells of the row above it."""
    step = row[0].piece.box[3] - before[0].piece.box[3]
    is_partial = len(cells) * 2 <= len(above)
    if step < _HALF_STEP * row[0].piece.em and (is_partial or not _share_columns(above, cells)):
        return True  # nearer than two lines can be: a cell's lines stand around those beside it
    if leading is not None:
        # between ruling lines or stripes, a line that is less full is no row
        may_be_row = len(cells) >= len(above) or not math.isinf(leading)
        return step <= leading and not (may_be_row and _have_figures_below(above, cells))
    is_lower = (0, 1) in cells and cells[0, 1][0].piece.text.strip()[:1].islower()
    if set(above) == {(0, 1)} and is_lower and is_tight(before, row):
        return True  # a long label whose figures stand beside its last line
    if not is_tight(before, row) or len(cells) >= len(above):
        return False
    return ((0, 1) not in cells or is_lower) and _goes_on(above, cells, columns)


def _share_columns(above: Cells, cells: Cells) -> bool:
    return any(overlap(a, b) for a in above for b in cells)


def _have_figures_below(above: Cells, cells: Cells) -> bool:
    """Whether a cell has a figure in both lines, which are two rows then."""
    return any(
        is_number(chunks[0].piece.text) and is_number(above[span][-1].piece.text)
        for span, chunks in cells.items()
        if span in above
    )


def _goes_on(above: Cells, cells: Cells, columns: Columns) -> bool:
    """Whether the first word of each cell had no room in the cell above it, and is no number."""
    for (first, width), chunks in cells.items():
        over = next((own for own in above if overlap(own, (first, width))), None)
        if over is None or over[1] != width or is_number(chunks[0].piece.text):
            return False
        if len(cells) == 1 and first > 0 and len(columns.gaps) > 1:
            continue  # a row of a table with three columns would have more than this
        last = max(above[over], key=lambda chunk: (round(chunk.piece.box[3]), chunk.x1))
        right = columns.edges[over[0] + over[1]]
        if over[0] + over[1] - 1 < len(columns.gaps):
            right = columns.gaps[over[0] + over[1] - 1][0]
        if not had_no_room(last.piece, chunks[0].piece, right):
            return False
    return True
