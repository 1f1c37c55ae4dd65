"""Where a table ends because another part of the page begins: a caption, or a heading. Pure."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence

from schemas.pages import Box
from workers.layout.captions import is_caption
from workers.layout.tables.grid import Piece, holds, rows_of

_LARGE = 1.12  # of the size of the cells' text: 9 points over 8
_THICK = 1.5
"""Of the width of the cells' strokes: bold names of groups, of the cells' size, have 1.3 to 1.4."""
_SECTION = re.compile(r"(?:§\s?)?(?:\d{1,2}|[A-Z])(?:\.\d{1,2}){0,4}\.?")
_MIN_LETTERS = 3
_BESIDE = 0.2  # em that the boxes of two lines, one below the other, may share


def between_captions(region: Box, pieces: Sequence[Piece]) -> list[Box]:
    """The parts of a model's region between the captions of tables in it: it may hold several."""
    x0, top, x1, bottom = region
    own = [piece for piece in pieces if holds(region, piece.box)]
    captions = [piece.box for piece in own if is_caption(piece.text)]
    parts: list[Box] = []
    for _, y0, _, y1 in sorted(captions, key=lambda box: box[1]):
        if sum(piece.box[1] < y1 and piece.box[3] > y0 for piece in own) == 1:  # no cell's text
            parts.append((x0, top, x1, y0))
            top = y1
    return [part for part in (*parts, (x0, top, x1, bottom)) if part[3] > part[1]]


def left_of(region: Box, others: Sequence[Box]) -> list[Box]:
    """What is left of a region above, between and below other boxes, from the top."""
    x0, top, x1, bottom = region
    left: list[Box] = []
    for _, y0, _, y1 in sorted(others, key=lambda box: box[1]):
        left.append((x0, top, x1, y0))
        top = max(top, y1)
    return [part for part in (*left, (x0, top, x1, bottom)) if part[3] > part[1]]


def between_headings(numbers: Sequence[int], pieces: Sequence[Piece]) -> list[list[int]]:
    """The pieces of these numbers, without headings among them, parted where these stand.

    A heading stands alone, in larger type than the cells of rows: what is below it is another
    table. The name of a group of rows is larger now and then, but stands beside them.
    """
    boxes = [pieces[i].box for i in numbers]
    rows = [[numbers[at] for at in row] for row in rows_of(boxes)]
    cells = [pieces[i] for row in rows if len(row) > 1 for i in row]
    if not cells:
        return [list(numbers)]
    # names in a font of one width are set smaller than the words beside them
    em = statistics.median([cell.em for cell in cells if not cell.is_mono] or [cells[0].em])
    stroke = statistics.median(cell.stroke for cell in cells)
    heads = [i for row in rows if _are_heading([pieces[i] for i in row], em, stroke) for i in row]
    heads = [i for i in heads if not _is_beside_others(pieces[i], numbers, pieces)]
    if not heads:
        return [list(numbers)]
    tops = [pieces[i].middle[1] for i in heads]
    parts: list[list[int]] = [[] for _ in range(len(heads) + 1)]
    for i in numbers:
        if i not in heads:
            parts[sum(top < pieces[i].middle[1] for top in tops)].append(i)
    return [part for part in parts if part]


def box_between_headings(box: Box, pieces: Sequence[Piece], free: Sequence[int]) -> list[Box]:
    """The parts of a box between the headings in it; the box as it is where there are none."""
    inside = [i for i in free if holds(box, pieces[i].box)]
    parts = between_headings(inside, pieces)
    if sum(map(len, parts)) == len(inside):
        return [box]
    kept = {i for part in parts for i in part}
    heads = sorted((pieces[i].box for i in inside if i not in kept), key=lambda head: head[1])
    x0, y0, x1, y1 = box
    tops = [y0, *(head[3] for head in heads)]
    bottoms = [*(head[1] for head in heads), y1]
    return [(x0, a, x1, b) for a, b in zip(tops, bottoms, strict=True) if a < b]


def _are_heading(row: Sequence[Piece], em: float, stroke: float) -> bool:
    """Whether a row is one piece in larger type with a word, or the number of a section before."""
    if len(row) > 2 or (len(row) == 2 and not _SECTION.fullmatch(row[0].text.strip())):
        return False
    if row[0].quadrant % 2 or sum(map(str.isalpha, row[-1].text)) < _MIN_LETTERS:
        return False
    if stroke:
        return all(piece.stroke >= _THICK * stroke for piece in row)
    return all(piece.em >= _LARGE * em for piece in row)


def _is_of_row(other: Piece, piece: Piece) -> bool:
    """Whether it is the piece itself, or the other part of a heading's row."""
    return other is piece or abs(other.middle[1] - piece.middle[1]) < _BESIDE * piece.em


def _is_beside_others(piece: Piece, numbers: Sequence[int], pieces: Sequence[Piece]) -> bool:
    """Whether another piece stands beside a part of it."""
    shared = _BESIDE * piece.em
    _, top, _, bottom = piece.box
    return any(
        not _is_of_row(pieces[i], piece)
        and pieces[i].box[1] < bottom - shared
        and pieces[i].box[3] > top + shared
        for i in numbers
    )
