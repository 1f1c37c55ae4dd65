"""Tables whose columns no line shows: booktabs, open and aligned ones. Pure.

Owns the step from pieces to a grid and the judgement whether this is a table, or prose in columns,
a list, entries with leaders. `columns` finds the columns, `rows` which lines are one row.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from schemas.pages import Box
from workers.layout.tables.close import close_gaps, cut_heads
from workers.layout.tables.columns import (
    Row,
    chunked,
    column_gaps,
    cut_at,
    is_number,
    is_tight,
)
from workers.layout.tables.filling import Draft, Span, with_tall_heads
from workers.layout.tables.grid import Piece, Words, union
from workers.layout.tables.heads import Cells, Columns
from workers.layout.tables.lookalikes import is_lookalike
from workers.layout.tables.rows import head_count, logical_rows, with_lone_heads
from workers.layout.tables.slots import split_rows

_WORDLIKE = re.compile(r"[^\W\d_]{2}|\d")
_LETTER = re.compile(r"[^\W_]")
_LEADERS = re.compile(r"(?:\s?[.·]){4,}|(?:\s[.·]){2,}")
_BULLET = re.compile(
    r"^\s*(?:[•◦▪▫‣●○■□➢➤✓∙⁃·–—*-]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\[\d{1,3}\])\s*$"
)
CAPTION = re.compile(
    r"^\W{0,2}(?:table|tab\.|tabelle|tableau|tabla|tabela|tabella|taulukko|табл\w*|表|figure|fig\.|"
    r"abbildung|abb\.|рис\w*|图|図)\s*[\dIVX.]",
    re.I,
)
_SAME_LEVEL = 2.0
_MAX_COLUMNS = 30
_MAX_SECTIONS = 0.34  # of a known table's rows go over its columns; of prose with dates, more
_MAX_RULE_GAP = 3.0  # em
_MIN_LINE_CHARS = 60  # of a line of text under a table
_MAX_UNCUT_CHARS = 60  # of a chunk, before close columns are told apart
_MAX_MEAN_CHARS = 40  # of a cell; longer parts side by side are columns of prose


@dataclass(frozen=True, slots=True)
class Found:
    """A grid with its pieces, and how many of its rows are the head."""

    draft: Draft
    head_rows: int


@dataclass(frozen=True, slots=True)
class Around:
    """What is drawn in a table's box: level lines as (y, x0, x1) from top to bottom, and bands."""

    levels: tuple[tuple[float, float, float], ...] = ()
    bands: tuple[Box, ...] = ()

    def between_rows(self) -> tuple[tuple[float, float, float], ...]:
        """What parts two rows: the level lines, and the edges of bands that no line is drawn on."""
        edges = {
            (y, x0, x1)
            for x0, y0, x1, y1 in self.bands
            for y in (y0, y1)
            if not any(abs(y - level) < _SAME_LEVEL for level, _, _ in self.levels)
        }
        kept: list[tuple[float, float, float]] = []
        for edge in sorted(edges):
            if not kept or edge[0] - kept[-1][0] >= _SAME_LEVEL:
                kept.append(edge)
        return tuple(sorted((*self.levels, *kept)))


def structure(
    pieces: Sequence[Piece],
    inside: Sequence[int],
    words: Words,
    around: Around = Around(),
    is_known: bool = False,
) -> Found | None:
    """The grid of the pieces `inside`; None where they are no table.

    Args:
        is_known: whether a model or ruling lines already say that this is a table.
    """
    levels = around.levels
    rows = _trimmed(chunked(pieces, inside, words, is_known), levels)
    bands = [band for band in around.bands if _shades_cells(band, rows)]
    parting = replace(around, bands=tuple(bands)).between_rows()
    if len(rows) < (2 if is_known else 3) or is_lookalike(rows):
        return None
    em = statistics.median(chunk.piece.em for row in rows for chunk in row)
    box = union(chunk.piece.box for row in rows for chunk in row)
    head = head_count(rows, levels, box) or _shaded_head(rows, bands)
    if not is_known and _is_hopeless(rows):
        return None  # before words are asked for
    rows, head = with_lone_heads(rows, head)
    rows = cut_at(rows, close_gaps(rows[head:], words), words)
    gaps = column_gaps(rows, head, em)
    if not 1 <= len(gaps) < _MAX_COLUMNS:
        return None
    rows = cut_heads(cut_at(rows, gaps, words), head, gaps, words)
    if not is_table(rows, gaps, is_known):
        return None
    edges = [box[0], *((left + right) / 2 for left, right in gaps), box[2]]
    grid = Columns(tuple(edges), tuple(gaps), tuple(levels), parting)
    is_row_ruled = _is_row_ruled(rows, parting, box)
    groups = logical_rows(rows, head, grid, is_row_ruled)
    head = sum(group[0] < head for group, _ in groups)
    cells = [cells for _, cells in groups]
    draft = with_tall_heads(_draft(cells, edges, box), head)
    return Found(split_rows(draft) if is_row_ruled else draft, head)


def _shades_cells(band: Box, rows: Sequence[Row]) -> bool:
    """Whether a row of several chunks stands on the band; others are heads between rows."""
    return any(len(row) > 1 and band[1] < row[0].piece.middle[1] < band[3] for row in rows)


def _shaded_head(rows: Sequence[Row], bands: Sequence[Box]) -> int:
    """How many of the first rows are the head by their shade: it has a band of its own, or is not
    shaded and stands over a row that is not, where every second row is."""
    if len(bands) > 1 and sum(row[0].piece.middle[1] < bands[0][1] for row in rows) > 1:
        return 1
    for _, top, _, bottom in bands[:1]:
        inside = [top < row[0].piece.middle[1] < bottom for row in rows]
        head = inside.index(False) if False in inside else 0
        if head == sum(inside) and head < len(rows) / 2:
            return head
    return 0


def _is_hopeless(rows: Sequence[Row]) -> bool:
    """Whether rows are no table however their chunks are cut: entries with leaders, long texts."""
    texts = [chunk.piece.text.strip() for row in rows for chunk in row]
    leaders = sum(bool(_LEADERS.search(text)) for text in texts)
    several = sum(len(row) > 1 for row in rows)
    is_long = sum(map(len, texts)) > _MAX_UNCUT_CHARS * len(texts)
    return leaders * 4 > len(rows) or several * 2 < len(rows) or is_long


def _is_row_ruled(
    rows: Sequence[Row], levels: Sequence[tuple[float, float, float]], box: Box
) -> bool:
    """Whether ruling lines as wide as the table part its lines into rows of three or fewer."""
    wide = [y for y, x0, x1 in levels if x1 - x0 > 0.7 * (box[2] - box[0])]
    middles = [row[0].piece.middle[1] for row in rows]
    lines = [sum(a < y < b for y in middles) for a, b in itertools.pairwise(wide)]
    lines = [count for count in lines if count]
    return len(lines) >= 4 and max(lines) <= 6 and statistics.median(lines) <= 3


def _trimmed(rows: list[Row], levels: Sequence[tuple[float, float, float]]) -> list[Row]:
    """Without captions and notes: rows of one chunk before the first row of cells or after them.

    Such a row between the table's outer ruling lines stays.
    """
    near = _near_levels(rows, levels)
    top = near[0] if len(near) > 1 else float("inf")
    bottom = near[-1] if len(near) > 1 else float("-inf")

    seconds = sorted(row[1].x0 for row in rows if len(row) > 1)
    second = seconds[len(seconds) // 2] if seconds else float("inf")

    def is_out(row: Row) -> bool:
        first = row[0]
        is_alone = len(row) == 1 or bool(CAPTION.match(first.piece.text)) or is_line_of_text(row)
        return is_alone and not top < first.piece.middle[1] < bottom

    pieces = sorted(len({chunk.number for chunk in row}) for row in rows if len(row) > 1)
    usual = pieces[len(pieces) // 2] if pieces else 1

    def is_line_of_text(row: Row) -> bool:
        # with wide spaces in it, as justified lines have; where rows are several pieces, it is one
        em, chars = row[0].piece.em, sum(len(chunk.piece.text) for chunk in row)
        is_whole = usual > 1 and len({chunk.number for chunk in row}) == 1
        right = row[-1].x1 if is_whole else row[0].x1
        crosses = row[0].x0 < second - em and right > second + 2 * em
        return (is_whole or len(row) <= 2) and crosses and chars > _MIN_LINE_CHARS

    first, last = 0, len(rows)
    while first < last and is_out(rows[first]):
        first += 1
    while (
        last > first
        and is_out(rows[last - 1])
        and not _goes_on(rows[first : last - 1], rows[last - 1])
    ):
        last -= 1
    return rows[first:last]


def _near_levels(rows: Sequence[Row], levels: Sequence[tuple[float, float, float]]) -> list[float]:
    """The heights of the ruling lines that are no further from the rows than a row is: the line
    above a page's foot is no line of a table."""
    if not rows:
        return []
    room = _MAX_RULE_GAP * rows[0][0].piece.em
    first = min(chunk.piece.box[1] for chunk in rows[0])
    last = max(chunk.piece.box[3] for chunk in rows[-1])
    return [y for y, _, _ in levels if first - room < y < last + room]


def _goes_on(above: Sequence[Row], row: Row) -> bool:
    """Whether a lone chunk is a further line of a cell above it, not a note under the table."""
    cells = next((other for other in reversed(above) if len(other) > 1), None)
    if cells is None or len(row) > 1 or not is_tight(above[-1], row):
        return False
    chunk = row[0]
    if chunk.x0 > cells[1].x0 - 0.5 * chunk.piece.em:
        return True
    return chunk.x1 < cells[1].x0 and chunk.piece.text.strip()[:1].islower()


def is_table(rows: Sequence[Row], gaps: Sequence[tuple[float, float]], is_known: bool) -> bool:
    """Whether rows with these column gaps are a table, not prose, a list or a list of contents."""
    chunks = [chunk for row in rows for chunk in row]
    texts = [chunk.piece.text.strip() for chunk in chunks]
    if sum(bool(_LEADERS.search(text)) for text in texts) * 4 > len(rows):
        return False
    several = sum(len(row) > 1 for row in rows)
    own = sum(len(row) > 1 or row[0].x0 < gaps[0][1] - 1 for row in rows)
    if several < (0.3 * own if is_known else 0.5 * len(rows)) or _is_list(rows, gaps):
        return False
    telling = _LETTER if is_known else _WORDLIKE
    if sum(bool(telling.search(text)) for text in texts) < (0.5 if is_known else 0.7) * len(texts):
        return False
    crossing = sum(c.x0 < left - 1 and c.x1 > right + 1 for c in chunks for left, right in gaps)
    if is_known:
        return crossing <= max(_MAX_SECTIONS * len(rows), 2) and not (
            len(gaps) <= 2 and _is_prose(rows, gaps)
        )
    if len(rows) <= 3 and len(gaps) < 2 and not any(map(is_number, texts)):
        return False  # names of authors side by side
    mean = sum(map(len, texts)) / len(texts)
    return mean <= _MAX_MEAN_CHARS and crossing * 5 <= len(rows) and not _is_prose(rows, gaps)


def _is_list(rows: Sequence[Row], gaps: Sequence[tuple[float, float]]) -> bool:
    """Whether two columns are items after their bullets, or lines after their numbers."""
    if len(gaps) != 1:
        return False
    firsts = [row[0].piece.text.strip() for row in rows if len(row) > 1]
    numbers = [int(text) for text in firsts if text.isascii() and text.isdigit()]
    steps = sum(1 <= b - a <= 3 for a, b in itertools.pairwise(numbers))
    is_numbered = steps * 2 > len(firsts) > 2
    return is_numbered or sum(bool(_BULLET.match(text)) for text in firsts) * 2 > len(firsts)


def _is_prose(rows: Sequence[Row], gaps: Sequence[tuple[float, float]]) -> bool:
    """Whether each column is lines of running text: long, and most end at the column's right."""
    edges = [*(left for left, _ in gaps), max(row[-1].x1 for row in rows)]
    full = long = total = 0
    for row in rows:
        for chunk in row:
            if is_number(chunk.piece.text):
                continue  # numbers of lines beside prose
            right = next((edge for edge in edges if chunk.x1 <= edge + 1), edges[-1])
            total += 1
            long += len(chunk.piece.text) > 25
            full += chunk.x1 > right - 1.5 * chunk.piece.em
    return long > 0.7 * total and full > 0.6 * total


def _draft(rows: Sequence[Cells], edges: Sequence[float], box: Box) -> Draft:
    """A grid of these rows; columns that a row leaves out are empty cells."""
    boxes = [union(c.piece.box for chunks in row.values() for c in chunks) for row in rows]
    ys = [box[1]]
    for above, below in itertools.pairwise(boxes):
        ys.append(max((above[3] + below[1]) / 2, ys[-1] + 0.1))
    ys.append(max(box[3], ys[-1] + 0.1))
    spans: list[Span] = []
    contents: list[tuple[Piece, ...]] = []
    taken: set[int] = set()
    for at, row in enumerate(rows):
        column = 0
        for (first, width), chunks in sorted(row.items()):
            for empty in range(column, first):
                spans.append((at, empty, 1, 1))
                contents.append(())
            spans.append((at, first, 1, width))
            contents.append(tuple(chunk.piece for chunk in chunks))
            taken.update(chunk.number for chunk in chunks)
            column = first + width
        for empty in range(column, len(edges) - 1):
            spans.append((at, empty, 1, 1))
            contents.append(())
    return Draft(tuple(edges), tuple(ys), tuple(spans), tuple(contents), frozenset(taken))
