"""Columns and rows of a table from where its words stand. Pure.

Owns how pieces are cut at gaps, the columns that most rows agree on, and which rows are one.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from workers.layout.tables.filling import joined
from workers.layout.tables.grid import Piece, Words, rows_of, union

_WORD_GAP = 0.6
"""em; a wider gap parts two chunks. A space is 0.25 to 0.33, stretched by justification to 0.5."""

_INK_GAP = 0.8
"""em, between the ink of recognised words: wider by their side bearings, and by a comma, most of
which is below the part of the line that is looked at."""

COLUMN_GAP = 0.35
"""em that a column gap is wide at least: two numbers with a centred head above touch nearly."""

CROSSED_SHARE = 0.15  # of the rows may reach over a column gap: heads and sections that span
_MIN_TELLING_ROWS = 3  # below the head, for these alone to tell the columns
_TIGHT_LEADING = 1.55  # em from line to line inside a cell; TeX sets 1.2, Word 1.15 to 1.5
_NUMBER = re.compile(
    r"^[\s(\[<>≤≥±~≈$€£¥*+\-−–—]*\d[\d.,:/\s%°)\]×x*†‡eE+\-−–±]*\D{0,3}$|^[-–—−.·*]+$"
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a row without a wide gap, and the number of the piece that it comes from."""

    piece: Piece
    number: int

    @property
    def x0(self) -> float:
        """The left side."""
        return self.piece.box[0]

    @property
    def x1(self) -> float:
        """The right side."""
        return self.piece.box[2]


Row = list[Chunk]


def is_number(text: str) -> bool:
    """Whether the text is a figure, a price, a range or the sign for none."""
    return bool(_NUMBER.match(text.strip()))


def chunked(
    pieces: Sequence[Piece], inside: Sequence[int], words: Words, is_known: bool
) -> list[Row]:
    """The pieces as rows of chunks, cut where their words stand wide apart.

    Where a table `is_known`, all are looked at: MuPDF ends a line only at a gap of 0.8 em or more.
    """
    chunks: list[Chunk] = []
    for i in inside:
        piece = pieces[i]
        if piece.quadrant % 2 or (" " if is_known else "  ") not in piece.text.strip():
            chunks.append(Chunk(piece, i))
            continue
        run: list[Piece] = []
        wide = (_INK_GAP if piece.places else _WORD_GAP) * piece.em
        for word in words(i):
            if run and abs(word.box[0] - run[-1].box[2]) > wide:
                chunks.append(Chunk(joined(run), i))
                run = []
            run.append(word)
        if run:
            chunks.append(Chunk(joined(run), i))
    boxes = [chunk.piece.box for chunk in chunks]
    return [[chunks[i] for i in row] for row in rows_of(boxes)]


def column_gaps(rows: Sequence[Row], head: int, em: float) -> list[tuple[float, float]]:
    """The gaps between columns, (left, right) each: what few rows of several chunks reach over.

    A column that few rows fill counts where one of them is below the `head` first rows.
    """
    telling = [row for row in rows[max(head - 1, 0) :] if len(row) > 1]
    if len(telling) < _MIN_TELLING_ROWS:
        telling = [row for row in rows if len(row) > 1]
    if not telling:
        return []
    allowed = int(CROSSED_SHARE * len(telling)) or int(len(telling) >= 4)
    extents = [(c.x0, max(c.x1, c.x0 + 0.1)) for row in telling for c in row]
    gaps = [gap for gap in free_between(extents, allowed) if gap[1] - gap[0] >= COLUMN_GAP * em]
    gaps = _with_sparse(gaps, [row for row in rows[head:] if len(row) > 1], em)
    return _with_outer(gaps, rows, telling, em) if head else gaps


def free_between(
    extents: Iterable[tuple[float, float]], allowed: int
) -> Iterator[tuple[float, float]]:
    """The places, (left, right) each, over which at most `allowed` extents go, between others."""
    depth = 0
    begin: float | None = None
    for x, step in sorted(event for x0, x1 in extents for event in ((x0, 1), (x1, -1))):
        depth += step
        if depth <= allowed and begin is None and step < 0:
            begin = x
        elif depth > allowed and begin is not None:
            yield begin, x
            begin = None


def _with_outer(
    gaps: list[tuple[float, float]], rows: Sequence[Row], telling: Sequence[Row], em: float
) -> list[tuple[float, float]]:
    """The gap to a first column that names groups of rows, so that few rows of many fill it."""
    if not gaps:
        return gaps
    starts = sorted(row[0].x0 for row in telling)
    usual = starts[len(starts) // 2]
    outer = [row[0] for row in rows if row[0].x1 < usual - COLUMN_GAP * em]
    first = gaps[0][0]
    if len(outer) < 2 or any(first < gap < usual for gap, _ in gaps) or first < usual:
        return gaps
    left = min(row[0].x0 for row in telling if row[0].x1 > usual)
    right = max(chunk.x1 for chunk in outer)
    return [(right, left), *gaps] if left - right >= COLUMN_GAP * em else gaps


def _with_sparse(
    gaps: Sequence[tuple[float, float]], rows: Sequence[Row], em: float
) -> list[tuple[float, float]]:
    """Gaps cut by chunks that lie in them: those of a column that few rows fill."""
    out: list[tuple[float, float]] = []
    for left, right in gaps:
        own = [c for row in rows for c in row if c.x0 > left + 1 and c.x1 < right - 1]
        if not own:
            # what still reaches into the gap from its sides makes it narrower, not wider
            out.append((left, right))
            continue
        x0, x1 = min(c.x0 for c in own), max(c.x1 for c in own)
        parts = [(left, x0), (x1, right)]
        if all(b - a >= COLUMN_GAP * em for a, b in parts):
            out += parts
        else:
            out.append(max(parts, key=lambda part: part[1] - part[0]))
    return out


def cut_at(rows: Sequence[Row], cuts: Sequence[tuple[float, float]], words: Words) -> list[Row]:
    """Rows whose chunks are cut at the column gaps that none of their words lies in, or that a
    word lies in with its end only, before a figure."""
    out: list[Row] = []
    for row in rows:
        new: Row = []
        for chunk in row:
            inner = [cut for cut in cuts if chunk.x0 < cut[0] - 1 and chunk.x1 > cut[1] + 1]
            parts = _parts(chunk, inner, words) if inner and not chunk.piece.quadrant % 2 else None
            new += parts or [chunk]
        out.append(new)
    return out


def _parts(chunk: Chunk, cuts: Sequence[tuple[float, float]], words: Words) -> list[Chunk] | None:
    box = chunk.piece.box
    own = [w for w in words(chunk.number) if w.middle[0] >= box[0] and w.middle[0] <= box[2]]
    if len(own) < 2:
        return None
    runs: list[list[Piece]] = [[own[0]]]
    for last, word in itertools.pairwise(own):
        gap = (last.box[2], word.box[0])
        is_cut = any(
            gap[1] >= right - 1
            and (gap[0] <= left + 1 or (is_number(word.text) and gap[0] < right))
            for left, right in cuts
        )
        if is_cut:
            runs.append([word])
        else:
            runs[-1].append(word)
    return [Chunk(joined(run), chunk.number) for run in runs]


def span_of(
    chunk: Chunk, edges: Sequence[float], gaps: Sequence[tuple[float, float]]
) -> tuple[int, int]:
    """The first column of a chunk and how many it covers, by the gaps that it reaches over."""
    crossed = [
        i
        for i, (left, right) in enumerate(gaps)
        if chunk.x0 < left - 0.5 and chunk.x1 > right + 0.5
    ]
    if crossed:
        return crossed[0], crossed[-1] - crossed[0] + 2
    middle = (chunk.x0 + chunk.x1) / 2
    return sum(edge <= middle for edge in edges[1:-1]), 1


def is_tight(above: Sequence[Chunk], below: Sequence[Chunk]) -> bool:
    """Whether two rows are no further apart than lines of one text."""
    em = statistics.median(c.piece.em for c in (*above, *below))
    top = min(c.piece.box[3] for c in above)
    return min(c.piece.box[3] for c in below) - top < _TIGHT_LEADING * em


def had_no_room(above: Piece, below: Piece, right: float) -> bool:
    """Whether the first word of `below` had no room after `above`, in a column up to `right`."""
    word = below.text.split(maxsplit=1)[0] if below.text.strip() else ""
    width = (below.box[2] - below.box[0]) * len(word) / max(len(below.text.strip()), 1)
    return above.box[2] + 0.3 * above.em + width > right + 0.2 * above.em


def merged(chunks: Iterable[Chunk]) -> Chunk:
    """Chunks of one line as one."""
    run = sorted(chunks, key=lambda chunk: chunk.x0)
    text = " ".join(chunk.piece.text.strip() for chunk in run)
    box = union(chunk.piece.box for chunk in run)
    return Chunk(replace(run[0].piece, text=text, box=box), run[0].number)
