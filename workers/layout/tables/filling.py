"""Pieces of text into the cells of a grid, and the text of a cell. Pure.

A piece inside one cell is put there whole. One that reaches over a cell's border is taken apart
into words, which go where their middles lie: no word is lost or doubled.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from schemas.pages import Box, Cell
from workers.layout.reading_order import join_lines
from workers.layout.tables.grid import Piece, Table, Words, rows_of, union
from workers.layout.tables.words import RTL

_SLACK = 0.4  # em; a piece may reach this far over the border of its cell
_ITEM = re.compile(r"^\s*(?:[•◦▪‣●○■□➢✓✔∙⁃]|[-–*]\s|\(?\d{1,2}[.)]\s|\(?[a-z][.)]\s)")
_PARAGRAPH_GAP = 0.9  # em between two lines of a cell, above which a new paragraph begins

Span = tuple[int, int, int, int]
"""Row, column, rows, columns."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A grid with pieces in its cells. `spans` cover each slot once; `contents` run beside them."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    spans: tuple[Span, ...]
    contents: tuple[tuple[Piece, ...], ...]
    taken: frozenset[int]
    crossing: int = 0  # words that a line of the grid cuts

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.ys) - 1

    @property
    def columns(self) -> int:
        """The number of columns."""
        return len(self.xs) - 1

    @property
    def box(self) -> Box:
        """The box around the grid."""
        return (self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])


def fill(
    xs: Sequence[float],
    ys: Sequence[float],
    spans: Sequence[Span],
    pieces: Sequence[Piece],
    inside: Iterable[int],
    words: Words,
) -> Draft:
    """Put the pieces of the numbers `inside` into the cells `spans`."""
    owner = [[0] * (len(xs) - 1) for _ in range(len(ys) - 1)]
    for number, (row, column, rows, columns) in enumerate(spans):
        for covered in range(row, row + rows):
            owner[covered][column : column + columns] = [number] * columns
    contents: list[list[Piece]] = [[] for _ in spans]
    taken: list[int] = []
    crossing = 0
    for i in inside:
        piece = pieces[i]
        x, y = piece.middle
        taken.append(i)
        home = owner[_slot(ys, y)][_slot(xs, x)]
        if piece.quadrant % 2 or _fits(piece, spans[home], xs):
            contents[home].append(piece)
            continue
        homes = owner[_slot(ys, y)]
        for word in joined_words(words(i), [homes[_slot(xs, w.middle[0])] for w in words(i)]):
            number = homes[_slot(xs, word.middle[0])]
            crossing += not _fits(word, spans[number], xs)
            contents[number].append(word)
    return Draft(
        tuple(xs),
        tuple(ys),
        tuple(spans),
        tuple(map(tuple, contents)),
        frozenset(taken),
        crossing,
    )


def joined_words(words: Sequence[Piece], homes: Sequence[int]) -> Iterator[Piece]:
    """Words as pieces: those that follow each other with one home as one."""
    numbered = zip(homes, words, strict=True)
    for _, run in itertools.groupby(numbered, key=lambda item: item[0]):
        yield joined([word for _, word in run])


def joined(run: Sequence[Piece]) -> Piece:
    """Words of one line as one piece."""
    if len(run) == 1:
        return run[0]
    text = " ".join(word.text.strip() for word in run)
    return replace(run[0], text=text, box=union(word.box for word in run))


def _slot(edges: Sequence[float], value: float) -> int:
    return min(max(bisect_right(edges, value) - 1, 0), len(edges) - 2)


def _fits(piece: Piece, span: Span, xs: Sequence[float]) -> bool:
    slack = _SLACK * piece.em
    left, right = xs[span[1]], xs[span[1] + span[3]]
    # Text that sticks out of the grid's sides has no other cell to be in.
    return (span[1] == 0 or piece.box[0] >= left - slack) and (
        span[1] + span[3] == len(xs) - 1 or piece.box[2] <= right + slack
    )


def lines_in(contents: Sequence[Piece]) -> list[list[Piece]]:
    """The lines of a cell from the first to the last, each as its pieces in reading order."""
    sideways = [piece for piece in contents if piece.quadrant % 2]
    if len(sideways) * 2 > len(contents):
        # Lines that are read upwards follow each other to the right, those read downwards to
        # the left.
        sign = 1 if sideways[0].quadrant == 3 else -1
        return [[p] for p in sorted(contents, key=lambda p: sign * (p.box[0] + p.box[2]))]
    lines: list[list[Piece]] = []
    for row in rows_of([piece.box for piece in contents]):
        line = [contents[i] for i in row]
        is_rtl = sum(bool(RTL.search(piece.text)) for piece in line) * 2 > len(line)
        lines.append(line[::-1] if is_rtl else line)
    return lines


def cell_text(contents: Sequence[Piece]) -> str:
    """The text of a cell: its lines joined; a line end before a list item and a new paragraph."""
    paragraphs: list[list[str]] = []
    below = 0.0
    for line in lines_in(contents):
        text = " ".join(piece.text.strip() for piece in line)
        box = union(piece.box for piece in line)
        apart = not line[0].quadrant % 2 and box[1] - below > _PARAGRAPH_GAP * line[0].em
        if not paragraphs or apart or _ITEM.match(text):
            paragraphs.append([text])
        else:
            paragraphs[-1].append(text)
        below = box[3]
    return "\n".join(join_lines(paragraph) for paragraph in paragraphs)


def table_of(draft: Draft, head_rows: int = 0) -> Table:
    """The finished table. Its box holds the text that sticks out of the grid, too."""
    xs, ys = draft.xs, draft.ys
    cells = [
        Cell(
            row,
            column,
            (xs[column], ys[row], xs[column + columns], ys[row + rows]),
            text,
            rows,
            columns,
        )
        for (row, column, rows, columns), text in zip(
            draft.spans, map(cell_text, draft.contents), strict=True
        )
    ]
    cells.sort(key=lambda cell: (cell.row, cell.column))
    return Table(draft.box, draft.rows, draft.columns, tuple(cells), head_rows, draft.taken)


def without_empty(draft: Draft) -> Draft:
    """Without rows and columns in which no cell of text begins and ends or that are all empty.

    Such are the gaps of double rules, margins and stripes.
    """
    rows = _kept(draft.spans, draft.contents, 0, draft.rows)
    columns = _kept(draft.spans, draft.contents, 1, draft.columns)
    if all(rows) and all(columns):
        return draft
    row_of, column_of = _renumbered(rows), _renumbered(columns)
    spans: list[Span] = []
    contents: list[tuple[Piece, ...]] = []
    for (row, column, height, width), content in zip(draft.spans, draft.contents, strict=True):
        top, left = row_of[row], column_of[column]
        new = (top, left, row_of[row + height] - top, column_of[column + width] - left)
        if new[2] and new[3]:
            spans.append(new)
            contents.append(content)
    return replace(
        draft,
        xs=_edges_kept(draft.xs, columns),
        ys=_edges_kept(draft.ys, rows),
        spans=tuple(spans),
        contents=tuple(contents),
    )


def _kept(
    spans: Sequence[Span], contents: Sequence[Sequence[Piece]], axis: int, count: int
) -> list[bool]:
    """Rows (axis 0) or columns (axis 1) that hold the whole of a cell with text."""
    kept = [False] * count
    for span, content in zip(spans, contents, strict=True):
        if content and span[axis + 2] == 1:
            kept[span[axis]] = True
    for span, content in zip(spans, contents, strict=True):
        covered = range(span[axis], span[axis] + span[axis + 2])
        if content and not any(kept[i] for i in covered):
            kept[span[axis]] = True
    return kept


def _renumbered(kept: Sequence[bool]) -> list[int]:
    numbers = [0]
    for is_kept in kept:
        numbers.append(numbers[-1] + is_kept)
    return numbers


def _edges_kept(edges: Sequence[float], kept: Sequence[bool]) -> tuple[float, ...]:
    """A slot that goes is added to the one after it, the last ones to the one before."""
    firsts = [edges[0]]
    firsts += [edges[i + 1] for i, is_kept in enumerate(kept) if is_kept]
    firsts[-1] = edges[-1]
    return tuple(firsts)


def with_tall_heads(draft: Draft, head_rows: int) -> Draft:
    """A head that stands beside heads of several rows, over all of these rows."""
    if head_rows < 2:
        return draft
    at = {span: i for i, span in enumerate(draft.spans)}
    spans, contents = list(draft.spans), list(draft.contents)
    for column in range(draft.columns):
        own = [at.get((row, column, 1, 1)) for row in range(head_rows)]
        if None in own:
            continue
        filled = [i for i in own if i is not None and contents[i]]
        if len(filled) == 1:
            spans[filled[0]] = (0, column, head_rows, 1)
            for i in own:
                if i is not None and i != filled[0]:
                    spans[i] = (0, column, 0, 0)
    kept = [i for i, span in enumerate(spans) if span[2]]
    return replace(
        draft,
        spans=tuple(spans[i] for i in kept),
        contents=tuple(contents[i] for i in kept),
    )
