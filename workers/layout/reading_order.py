"""Reading order of the lines on a page, from their boxes alone, and how lines join to text.

Owns columns, rows and paragraphs (`paragraphs`), and how lines join (`join_lines`). Does not use
words to find the order, read pixels, or know which engine made the boxes.

The order is that of a recursive XY-cut (`xy_cut`) with the remedy of XY-Cut++ (Liu et al.,
arXiv:2504.10258) for its known fault: a heading across the page closes the gutter under it. Boxes
that cross a gutter are set aside as separators, and the columns between them are read one after
another. Pure NumPy, deterministic, and independent of the order in which the boxes come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workers.layout import xy_cut

Boxes = NDArray[np.float64]
"""float64 (n, 4): x0, y0, x1, y1 in any one unit, y downwards."""

# All lengths below are in line heights: the median short side of the boxes of one flow.
_MIN_GUTTER = 0.25
"""Boxes of a detector reach about 0.2 past the ink on each side, and by chance 0.4: a gutter of one
line height is then 0.3 wide."""
_MIN_COLUMN_WIDTH = 6.0
"""About twelve Latin letters. A narrower column is a table cell, a line number or a bullet."""
_MIN_COLUMN_SHARE = 0.2
"""Of the region's width; five columns of equal width still pass."""
_MIN_COLUMN_ROWS = 2
_MIN_COLUMN_FILL = 0.4
"""A column's median row covers this much of its width; cells of a wide table cover less."""
_MIN_OFFSET_ROWS = 4
"""With as many rows on each side, whose lines do not stand at the height of the other side's, the
sides are columns of text and not cells, however narrow and ragged."""
_MAX_LEVEL_SHARE = 0.5
"""Of the rows of the side that has fewer; rows of a table are all level with those beside them."""
_LEVEL = 0.2
"""Rows whose middles lie within this are level: a box ends at a line's own descenders."""
_MIN_OFFSET_WIDTH = 4.0
_MIN_OFFSET_FILL = 0.3
_MAX_DEPTH = 12

_PARAGRAPH_GAP = 0.35
"""A gap larger than the usual one by this much begins a paragraph."""
_HEIGHT_JUMP = 1.4
"""Rows of 10 and 14 points are not one paragraph; ascenders alone change a box by 1.2 or so."""
_INDENT = 0.8
_SHORT_ROW = 6.0
"""A row this much shorter than its neighbours had room for another word: it ends a paragraph."""
_CELL_GAP = 1.5
"""Between boxes of one row: wider than any word space, so the row is a row of cells."""
_HANGING_SHARE = 0.5
"""From this share of indented rows on, a column's rows hang: those at the margin begin entries."""


class _Row(NamedTuple):
    """Boxes side by side, left to right, and the box around them.

    `kind` is that of its boxes, and `begins` whether its first box begins a paragraph.
    """

    members: list[int]
    x0: float
    y0: float
    x1: float
    y1: float
    is_cells: bool
    kind: int = 0
    begins: bool = False


def paragraphs(
    boxes: ArrayLike, kinds: Sequence[int] | None = None, begins: Sequence[bool] | None = None
) -> list[list[list[int]]]:
    """Paragraphs in reading order; a paragraph is a list of rows, a row a list of indices.

    Every index occurs once, whatever the boxes: empty, degenerate, not finite.

    Args:
        boxes: (n, 4): x0, y0, x1, y1 in any one unit, y downwards.
        kinds: boxes of different kinds are never in one paragraph.
        begins: a row whose first box begins a list item begins a paragraph.

    Vertical lines of text (Chinese and Japanese, a stamp in the margin) are a flow of their own,
    read from right to left, after the horizontal lines unless most lines are vertical.
    """
    clean = _cleaned(boxes)
    widths, heights = clean[:, 2] - clean[:, 0], clean[:, 3] - clean[:, 1]
    unit = float(np.median(np.minimum(widths, heights))) if len(clean) else 0.0
    is_tall = (heights > 3 * widths) & (heights > 3 * unit)
    # A quarter turn makes the right-to-left columns into rows from top to bottom.
    turned = np.column_stack([clean[:, 1], -clean[:, 2], clean[:, 3], -clean[:, 0]])
    kinds = [0] * len(clean) if kinds is None else kinds
    begins = [False] * len(clean) if begins is None else begins
    flat = _flow(clean, np.flatnonzero(~is_tall), kinds, begins)
    tall = _flow(turned, np.flatnonzero(is_tall), kinds, begins)
    return tall + flat if 2 * np.count_nonzero(is_tall) > len(clean) else flat + tall


def join_lines(lines: Sequence[str]) -> str:
    """Join the lines of one paragraph: words cut by a hyphen are made whole, CJK gets no space.

    >>> join_lines(["a hyphen-", "ated word", "of Anglo-", "Saxon"])
    'a hyphenated word of Anglo-Saxon'
    """
    text = ""
    for line in (stripped for stripped in map(str.strip, lines) if stripped):
        if _is_cut_word(text, line):
            text = text[:-1] + line
        elif not text or _is_hyphened(text) or (_is_unspaced(text[-1]) and _is_unspaced(line[0])):
            text += line
        else:
            text += " " + line
    return text


def _is_cut_word(text: str, line: str) -> bool:
    """Whether a hyphen after a letter and before a lowercase letter comes from the line break.

    It does not where the word has another hyphen: `state-of-the-` goes on with one.
    """
    ends_cut = text.endswith("\u00ad") or (_is_hyphened(text) and text[-2].isalpha())
    has_other = "-" in text.rsplit(" ", 1)[-1][:-1]
    return ends_cut and line[0].islower() and not has_other


def _is_hyphened(text: str) -> bool:
    """Whether a line ends in a hyphen that belongs to the word before it."""
    return len(text) > 1 and text[-1] in "-\u2010\u00ad" and text[-2].isalnum()


def _is_unspaced(char: str) -> bool:
    """Han, kana and full-width forms with their punctuation; Hangul puts spaces between words."""
    is_cjk = "\u2e80" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff"
    return is_cjk or "\uf900" <= char <= "\ufaff" or "\uff00" <= char <= "\uffef"


def _cleaned(boxes: ArrayLike) -> Boxes:
    """Finite boxes with x0 <= x1 and y0 <= y1, within 1e9, so that float64 sums stay exact."""
    raw = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    finite = np.clip(np.nan_to_num(raw, posinf=1e9, neginf=-1e9), -1e9, 1e9)
    low, high = finite[:, :2], finite[:, 2:]
    return np.hstack([np.minimum(low, high), np.maximum(low, high)])


def _flow(
    boxes: Boxes, members: NDArray[np.intp], kinds: Sequence[int], begins: Sequence[bool]
) -> list[list[list[int]]]:
    """The paragraphs of `members`, all set in one direction."""
    if not len(members):
        return []
    # A canonical order, so that the result does not depend on the order of the input.
    x0, y0, x1, y1 = boxes[members].T
    members = members[np.lexsort((members, x1, y1, x0, y0))]
    unit = float(np.median(y1 - y0)) or 1.0
    columns = xy_cut.regions(members, lambda part: _cut(boxes, part, unit), _MAX_DEPTH)
    return [
        [row.members for row in paragraph]
        for column in columns
        for run in _runs(_labelled(_rows(boxes, column, unit), kinds, begins), unit)
        for paragraph in _split_run(run, unit)
    ]


def _labelled(rows: Sequence[_Row], kinds: Sequence[int], begins: Sequence[bool]) -> Iterator[_Row]:
    """The rows with kind and beginning; one of several kinds is cut where the kind changes."""
    for row in rows:
        cut = [list(part) for _, part in groupby(row.members, key=lambda i: kinds[i])]
        for part in cut:
            yield row._replace(
                members=part,
                is_cells=row.is_cells and len(cut) == 1,
                kind=kinds[part[0]],
                begins=begins[part[0]],
            )


def _cut(boxes: Boxes, members: NDArray[np.intp], unit: float) -> list[NDArray[np.intp]]:
    """The parts beside the gutter that puts most boxes into columns; none where no gutter does.

    Of two that put as many, it is the one whose sides are less level: between the entries of a
    column and their page numbers there is a gutter too.
    """
    best: list[tuple[bool, NDArray[np.intp]]] = []
    best_rank = (0, 0.0)
    for gutter in _gutters(boxes, members, unit):
        parts = _bands(boxes, members, gutter, unit)
        size = sum(len(part) for is_column, part in parts if is_column)
        if size >= max(best_rank[0], 1):
            rank = (size, -_level_beside(boxes, members, gutter, unit))
            if not best or rank > best_rank:
                best, best_rank = parts, rank
    return [part for _, part in best]


def _level_beside(boxes: Boxes, members: NDArray[np.intp], gutter: float, unit: float) -> float:
    """The `_level_share` of the rows left and right of a gutter."""
    left = members[boxes[members, 2] <= gutter]
    right = members[boxes[members, 0] >= gutter]
    return _level_share(_rows(boxes, left, unit), _rows(boxes, right, unit), unit)


def _gutters(boxes: Boxes, members: NDArray[np.intp], unit: float) -> list[float]:
    """Middles of the x intervals that fewer boxes cross than either neighbouring interval."""
    x0, x1 = boxes[members, 0], boxes[members, 2]
    edges = np.unique(np.concatenate([x0, x1]))
    middles = (edges[:-1] + edges[1:]) / 2
    # crossings: int (intervals,)
    crossings = np.searchsorted(np.sort(x0), middles) - np.searchsorted(np.sort(x1), middles)
    inner = np.arange(1, len(crossings) - 1)
    is_low = (crossings[inner] < crossings[inner - 1]) & (crossings[inner] < crossings[inner + 1])
    is_wide = (edges[inner + 1] - edges[inner]) >= _MIN_GUTTER * unit
    return [float(x) for x in middles[inner[is_low & is_wide]]]


def _bands(
    boxes: Boxes, members: NDArray[np.intp], gutter: float, unit: float
) -> list[tuple[bool, NDArray[np.intp]]]:
    """Cut at the boxes that cross `gutter`: (is a column, members) parts, in reading order.

    A band between two crossing boxes becomes two columns where both sides look like text; else
    it stays together with the crossing boxes around it.
    """
    x0, y0, x1, y1 = boxes[members].T
    middle = (y0 + y1) / 2
    crosses = (x0 < gutter) & (x1 > gutter)
    band_of = np.searchsorted(np.sort(middle[crosses]), middle, side="right")
    parts: list[tuple[bool, NDArray[np.intp]]] = []
    loose: list[NDArray[np.intp]] = []
    extent = float(x1.max() - x0.min())
    for band in range(int(band_of.max()) + 1):
        # a crossing box is the first of its band
        loose.append(members[crosses & (band_of == band)])
        inside = members[~crosses & (band_of == band)]
        is_left = boxes[inside, 2] <= gutter
        sides = [inside[is_left], inside[~is_left]]
        if _are_columns(boxes, sides, extent, unit):
            parts += [(False, np.concatenate(loose)), *((True, side) for side in sides)]
            loose = []
        else:
            loose.append(inside)
    parts.append((False, np.concatenate([*loose, members[:0]])))
    return [(is_column, part) for is_column, part in parts if len(part)]


def _are_columns(
    boxes: Boxes, sides: Sequence[NDArray[np.intp]], extent: float, unit: float
) -> bool:
    """Whether both sides are running text, not cells.

    They are where both have enough rows, wide and well filled; or where they have many rows that
    are not level with those of the other side.
    """
    if any(len(side) < _MIN_COLUMN_ROWS for side in sides):
        return False
    rows = [_rows(boxes, side, unit) for side in sides]
    if any(len(part) < _MIN_COLUMN_ROWS for part in rows):
        return False
    widths = [float(boxes[side, 2].max() - boxes[side, 0].min()) for side in sides]
    fills = [
        float(np.median([(boxes[r.members, 2] - boxes[r.members, 0]).sum() for r in part])) / width
        if width > 0
        else 0.0
        for part, width in zip(rows, widths, strict=True)
    ]
    least = max(_MIN_COLUMN_WIDTH * unit, _MIN_COLUMN_SHARE * extent)
    if min(widths) >= least and min(fills) >= _MIN_COLUMN_FILL:
        return True
    return (
        min(widths) >= _MIN_OFFSET_WIDTH * unit
        and min(fills) >= _MIN_OFFSET_FILL
        and min(map(len, rows)) >= _MIN_OFFSET_ROWS
        and _level_share(rows[0], rows[1], unit) <= _MAX_LEVEL_SHARE
    )


def _level_share(left: Sequence[_Row], right: Sequence[_Row], unit: float) -> float:
    """The share of the rows of the side with fewer that are level with a row of the other side."""
    few, many = sorted((left, right), key=len)
    middles = np.array([(row.y0 + row.y1) / 2 for row in many])
    offsets = [float(np.abs(middles - (row.y0 + row.y1) / 2).min()) for row in few]
    return sum(offset <= _LEVEL * unit for offset in offsets) / len(few)


def _rows(boxes: Boxes, members: NDArray[np.intp], unit: float) -> list[_Row]:
    """Rows: boxes whose middles lie within half a height of the row's first, left to right."""
    middles = (boxes[members, 1] + boxes[members, 3]) / 2
    heights = np.minimum(boxes[members, 3] - boxes[members, 1], 2 * unit)
    groups: list[list[int]] = []
    first = 0
    for i in np.argsort(middles, kind="stable"):
        reach = min(heights[i], heights[first]) / 2
        if groups and middles[i] - middles[first] < reach:
            groups[-1].append(int(members[i]))
        else:
            groups.append([int(members[i])])
            first = i
    return [_row(boxes, group, unit) for group in groups]


def _row(boxes: Boxes, group: list[int], unit: float) -> _Row:
    ordered = sorted(group, key=lambda i: (boxes[i, 0], boxes[i, 1], boxes[i, 2]))
    gaps = [boxes[b, 0] - boxes[a, 2] for a, b in pairwise(ordered)]
    x0, y0 = boxes[group, :2].min(axis=0)
    x1, y1 = boxes[group, 2:].max(axis=0)
    return _Row(ordered, x0, y0, x1, y1, any(gap > _CELL_GAP * unit for gap in gaps))


def _runs(rows: Iterable[_Row], unit: float) -> list[list[_Row]]:
    """Cut the rows of one column where a gap, another kind or another size of letters is."""
    ordered = list(rows)
    gaps = [below.y0 - above.y1 for above, below in pairwise(ordered)]
    # Text lines lie at most a line apart: gaps around figures say nothing about the leading.
    near = [gap for gap in gaps if gap < unit]
    usual_gap = float(np.median(near)) if near else 0.0
    runs: list[list[_Row]] = []
    for row in ordered:
        above = runs[-1][-1] if runs else None
        if (
            above is not None
            and row.kind == above.kind
            and row.y0 - above.y1 <= usual_gap + _PARAGRAPH_GAP * unit
            and _are_alike(above, row)
        ):
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _are_alike(above: _Row, row: _Row) -> bool:
    low, high = sorted((above.y1 - above.y0, row.y1 - row.y0))
    return high <= _HEIGHT_JUMP * low


def _split_run(run: Sequence[_Row], unit: float) -> list[list[_Row]]:
    """Cut rows that follow each other closely into paragraphs.

    One begins at a list item; at an indented row, or, where most rows hang, at one that does not;
    after a short row; and between rows of cells.
    """
    left = min(row.x0 for row in run)
    indents = [row.x0 > left + _INDENT * unit for row in run]
    hangs = not indents[0] and sum(indents) >= _HANGING_SHARE * len(run)
    groups: list[list[_Row]] = []
    for number, row in enumerate(run):
        if not groups or row.begins or _opens(run, number, groups[-1], indents, hangs, unit):
            groups.append([row])
        else:
            groups[-1].append(row)
    return groups


def _opens(
    run: Sequence[_Row],
    number: int,
    group: Sequence[_Row],
    indents: Sequence[bool],
    hangs: bool,
    unit: float,
) -> bool:
    """Whether the row `number` of `run` begins a paragraph after the rows of `group`."""
    above, row = run[number - 1], run[number]
    if above.is_cells and row.is_cells:
        return True
    # Rows beside a picture are shorter than those below it: only near ones tell.
    near = run[max(number - 3, 0) : number + 3]
    right = max(other.x1 for other in near)
    if above.x1 < right - _SHORT_ROW * unit and not (hangs and indents[number]):
        return True
    if group[0].begins:  # the rows of a list item are indented, or none is
        return group[0].x0 > row.x0 + _INDENT * unit
    if hangs:
        return not indents[number]
    return indents[number] and row.x0 > above.x0 + _INDENT * unit / 2
