"""The heads of a table: which columns each covers. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workers.layout.tables.columns import Chunk, Row, span_of

_OFF_MIDDLE = (
    1.5  # em between the middle of a head and that of the heads below, which are set right
)

Span = tuple[int, int]
"""The first column and how many."""

Cells = dict[Span, list[Chunk]]
"""Chunks by the first column of their cell and how many columns it covers."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Edges of the columns, the empty gaps between them, and ruling lines as (y, x0, x1).

    `parting` are the ruling lines and all else that parts two rows, such as edges of stripes.
    """

    edges: tuple[float, ...]
    gaps: tuple[tuple[float, float], ...]
    levels: tuple[tuple[float, float, float], ...]
    parting: tuple[tuple[float, float, float], ...]


def head_spans(
    row: Row, spans: Sequence[Span], below: Row, columns: Columns, is_over_heads: bool = True
) -> list[Span]:
    """The columns that each chunk of a head's row covers, which are `spans` at least.

    Those of the short line under it; those of the heads in the row below that it stands in the
    middle of; else those on both sides of the gap that it stands over. A head over no others
    (`is_over_heads`) covers several columns only by its line.
    """
    ruled = [_ruled_span(chunk, row, below, columns) for chunk in row]
    if not is_over_heads:
        return [line or span for line, span in zip(ruled, spans, strict=True)]
    middled = _middled_spans(row, spans, below, columns)
    out = []
    for chunk, span, line, middle in zip(row, spans, ruled, middled, strict=True):
        out.append(line or middle or _over_gap(chunk, span, below, columns) or span)
    return out


def _ruled_span(chunk: Chunk, row: Row, below: Row, columns: Columns) -> Span | None:
    """The columns of the short line under a head, if that is under no other."""
    x, y = chunk.piece.middle
    deep = min(other.piece.middle[1] for other in below)
    for at, x0, x1 in columns.levels:
        whole = columns.edges[-1] - columns.edges[0]
        if y < at < deep + 1 and x0 <= x <= x1 and x1 - x0 < 0.9 * whole:
            inner = [
                i
                for i, (left, right) in enumerate(itertools.pairwise(columns.edges))
                if min(right, x1) - max(left, x0) > 0.5 * (right - left)
            ]
            is_alone = all(other is chunk or not x0 <= other.piece.middle[0] <= x1 for other in row)
            if inner and is_alone:
                return inner[0], len(inner)
    return None


def _over_gap(chunk: Chunk, span: Span, below: Row, columns: Columns) -> Span | None:
    x = chunk.piece.middle[0]
    for i, (left, right) in enumerate(columns.gaps):
        # in the middle half of a gap
        if span[1] == 1 and abs(x - (left + right) / 2) < 0.25 * (right - left):
            is_alone = all(other is chunk or other.x1 < left or other.x0 > right for other in below)
            if is_alone:
                return i, 2
    return None


def _middled_spans(
    row: Row, spans: Sequence[Span], below: Row, columns: Columns
) -> list[Span | None]:
    """The runs of heads below that the chunks stand in the middle of; all None unless these runs
    cover each head below but those of a first column."""
    under: dict[int, Chunk] = {}
    for chunk in below:
        column, width = span_of(chunk, columns.edges, columns.gaps)
        if width > 1 or column in under:
            return [None] * len(row)
        under[column] = chunk

    def off(chunk: Chunk, first: int, last: int) -> float:
        return _off_middle(chunk, under, first, last, columns.edges)

    found: list[Span | None] = []
    # the first column names the rows, and no head stands over it and others
    free = min(under, default=0) + (0 in under and spans[0][0] > 0)
    for number, chunk in enumerate(row):
        if all(column not in under for column in _columns_of(spans[number])):
            found.append(None)  # a head of both rows
            continue
        end = spans[number + 1][0] + spans[number + 1][1] if number + 1 < len(row) else None
        runs = [
            (first, last)
            for first, last in _runs(sorted(under), free, end)
            if off(chunk, first, last) < _OFF_MIDDLE * chunk.piece.em
        ]
        if not runs:
            return [None] * len(row)
        # the nearest to where the last head's columns end
        first = min(runs)[0]
        _, last = min((off(chunk, first, last), -last) for begin, last in runs if begin == first)
        last = -last
        found.append((first, last - first + 1))
        free = last + 1
    covered = sum(span[1] for span in found if span)
    return found if covered >= len(under) - (0 in under) else [None] * len(row)


def _columns_of(span: Span) -> range:
    return range(span[0], span[0] + span[1])


def _runs(columns: Sequence[int], begin: int, end: int | None) -> Iterator[tuple[int, int]]:
    """Runs of columns without a hole from `begin` on, before `end`, as first and last."""
    own = [column for column in columns if column >= begin and (end is None or column < end)]
    for at, first in enumerate(own):
        for step, last in enumerate(own[at:]):
            if last - first != step:
                break
            yield first, last


def _off_middle(
    chunk: Chunk, under: Mapping[int, Chunk], first: int, last: int, edges: Sequence[float]
) -> float:
    """How far a head is from the middle of the heads below, or of their columns."""
    x = chunk.piece.middle[0]
    texts, columns = under[first].x0 + under[last].x1, edges[first] + edges[last + 1]
    return min(abs(x - texts / 2), abs(x - columns / 2))


def join(cells: Cells, more: Cells) -> None:
    """Put `more` into `cells`; spans that overlap become one."""
    for (first, width), chunks in more.items():
        begin, end = first, first + width
        own: list[Chunk] = []
        for key in sorted(cells):
            if key[0] < end and begin < key[0] + key[1]:
                begin, end = min(begin, key[0]), max(end, key[0] + key[1])
                own += cells.pop(key)
        cells[begin, end - begin] = own + chunks


def overlap(a: Span, b: Span) -> bool:
    """Whether two runs of columns share one."""
    return a[0] < b[0] + b[1] and b[0] < a[0] + a[1]
