"""Columns that stand as close to each other as words do. Pure.

Owns gaps that are seen only in the words of many rows, and heads that are one chunk over several
columns. `columns` owns gaps between chunks.
"""

from __future__ import annotations

import itertools
import re
import statistics
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence

from workers.layout.tables.columns import (
    COLUMN_GAP,
    CROSSED_SHARE,
    Chunk,
    Row,
    free_between,
    is_number,
    span_of,
)
from workers.layout.tables.filling import joined
from workers.layout.tables.grid import Piece, Words

_CLOSE_GAP = 0.2  # em; between numbers, which are set right with 2 pt on either side of a column
_MIN_CLOSE_ROWS = 3  # that have words on both sides of a gap
_MIN_CLOSE_TEXTS = 5  # words of three justified lines stand one below the other by chance
_SPACE = 0.45  # em at most, in print and between the ink of recognised words
_EVEN_SPACES = 0.25
_MOST = 0.8
_WELL_INSIDE = 0.5  # em from the sides of a chunk
_TWO_FIGURES = re.compile(r"\d\S*\s+\S*\d")
_THOUSANDS = re.compile(r"^\d{3}\D*\d*$")


def close_gaps(rows: Sequence[Row], words: Words) -> list[tuple[float, float]]:
    """The gaps between columns that stand so close that a row is found as one piece.

    Spaces between words do not stand one below the other in rows of text, but those between
    columns do: nearly all rows leave the gap free, and several have words on both of its sides.
    A gap as narrow as a space parts numbers only, and none that are grouped in thousands.
    """
    if not _may_be_several(rows):
        return []
    lines = [[word for chunk in row for word in _words_of(chunk, words)] for row in rows]
    if not any(len(line) > len(row) for line, row in zip(lines, rows, strict=True)):
        return []
    em = statistics.median(chunk.piece.em for row in rows for chunk in row)
    allowed = int(CROSSED_SHARE * len(rows))
    pairs = [pair for line in lines for pair in itertools.pairwise(line)]
    gaps: list[tuple[float, float]] = []
    extents = [(word.box[0], word.box[2]) for line in lines for word in line]
    for left, right in free_between(extents, allowed):
        if right - left < _CLOSE_GAP * em:
            continue
        own = [(a, b) for a, b in pairs if a.box[2] <= left + 0.5 and b.box[0] >= right - 0.5]
        near = sum(min(left - a.box[2], b.box[0] - right) < em for a, b in own)
        if len(own) < _MIN_CLOSE_ROWS or near * 2 < len(own):
            continue  # a space in a long text of a column that is short else
        if _is_text(own) or _are_spaces(own, em):
            continue
        is_wide = right - left >= COLUMN_GAP * em and len(own) >= _MIN_CLOSE_TEXTS
        if is_wide or _are_numbers(own):
            gaps.append((left, right))
    return gaps


def _may_be_several(rows: Sequence[Row]) -> bool:
    """Whether a chunk may hold several cells: it has two figures, or reaches over places where
    cells of other rows begin. Words are asked for only then, since that costs 2 ms a page."""
    starts = sorted(chunk.x0 for row in rows for chunk in row[1:])
    for row in rows:
        for chunk in row:
            text, em = chunk.piece.text, chunk.piece.em
            if " " not in text.strip() or chunk.piece.is_mono:
                continue
            begin = bisect_right(starts, chunk.x0 + _WELL_INSIDE * em)
            if bisect_left(starts, chunk.x1 - _WELL_INSIDE * em) - begin >= 2:
                return True
            if _TWO_FIGURES.search(text):
                return True
    return False


def _words_of(chunk: Chunk, words: Words) -> list[Piece]:
    """The words of a chunk; the chunk itself where it is one word or stands across the page.

    In a font of one width all spaces stand one below the other.
    """
    if chunk.piece.quadrant % 2 or chunk.piece.is_mono or " " not in chunk.piece.text.strip():
        return [chunk.piece]
    x0, _, x1, _ = chunk.piece.box
    own = [word for word in words(chunk.number) if x0 <= word.middle[0] <= x1]
    return sorted(own, key=lambda word: word.box[0]) or [chunk.piece]


def _is_text(pairs: Sequence[tuple[Piece, Piece]]) -> bool:
    """Whether the first words are one, as in definitions of a program, or end in a comma."""
    firsts = Counter(a.text for a, _ in pairs)
    commas = sum(count for text, count in firsts.items() if text.endswith((",", ";")))
    return firsts.most_common(1)[0][1] > _MOST * len(pairs) or commas * 2 > len(pairs)


def _are_spaces(pairs: Sequence[tuple[Piece, Piece]], em: float) -> bool:
    """Whether the gaps are spaces in one kind of text, such as telephone numbers: all are equal."""
    widths = [b.box[0] - a.box[2] for a, b in pairs]
    return max(widths) - min(widths) < _EVEN_SPACES * em and statistics.mean(widths) < _SPACE * em


def _are_numbers(pairs: Sequence[tuple[Piece, Piece]]) -> bool:
    """Whether most pairs of words are two numbers each, and not the parts of one."""
    both = [b.text for a, b in pairs if is_number(a.text) and is_number(b.text)]
    return len(both) * 4 >= 3 * len(pairs) and not all(map(_THOUSANDS.match, both))


def cut_heads(
    rows: Sequence[Row], head: int, gaps: Sequence[tuple[float, float]], words: Words
) -> list[Row]:
    """The rows with heads cut that stand so close over their columns that they are one chunk.

    Such parts begin, end or have their middle where their columns do; a head over several columns
    does not.
    """
    columns = _extents(rows[head:], gaps)
    out: list[Row] = []
    for row in rows[:head]:
        new: Row = []
        for chunk in row:
            crossed = [i for i, (a, b) in enumerate(gaps) if chunk.x0 < a - 1 and chunk.x1 > b + 1]
            new += (_cut_head(chunk, crossed, columns, gaps, words) if crossed else None) or [chunk]
        out.append(new)
    return [*out, *rows[head:]]


def _extents(
    rows: Sequence[Row], gaps: Sequence[tuple[float, float]]
) -> dict[int, tuple[float, float]]:
    """Where the texts of each column begin and end."""
    own: dict[int, list[Chunk]] = {}
    edges = [float("-inf"), *((a + b) / 2 for a, b in gaps), float("inf")]
    for row in rows:
        for chunk in row:
            column, width = span_of(chunk, edges, gaps)
            if width == 1:
                own.setdefault(column, []).append(chunk)
    return {i: (min(c.x0 for c in cs), max(c.x1 for c in cs)) for i, cs in own.items()}


def _cut_head(
    chunk: Chunk,
    crossed: Sequence[int],
    columns: Mapping[int, tuple[float, float]],
    gaps: Sequence[tuple[float, float]],
    words: Words,
) -> list[Chunk] | None:
    own = _words_of(chunk, words)
    runs: list[list[Piece]] = [[own[0]]]
    for last, word in itertools.pairwise(own):
        middle = (last.box[2] + word.box[0]) / 2
        # of the spaces near a gap, the one that leaves both parts over their columns
        if len(runs) <= len(crossed) and middle > gaps[crossed[len(runs) - 1]][0] - word.em:
            runs.append([word])
        else:
            runs[-1].append(word)
    if len(runs) != len(crossed) + 1:
        return None
    parts = [Chunk(joined(run), chunk.number) for run in runs]
    places = range(crossed[0], crossed[-1] + 2)
    if all(_is_over(part, columns.get(i)) for part, i in zip(parts, places, strict=False)):
        return parts
    return None


def _is_over(part: Chunk, column: tuple[float, float] | None) -> bool:
    """Whether a head begins, ends or has its middle where its column has it."""
    if column is None:
        return False
    slack = 0.3 * part.piece.em
    pairs = zip(
        (part.x0, part.x1, (part.x0 + part.x1) / 2), (*column, sum(column) / 2), strict=True
    )
    return any(abs(a - b) < slack for a, b in pairs)
