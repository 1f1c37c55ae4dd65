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

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workers.layout import xy_cut
from workers.layout.box_rows import Boxes, Row, rows_of
from workers.layout.gutters import cut

# All lengths below are in line heights: the median short side of the boxes of one flow.
_MAX_DEPTH = 12
_PARAGRAPH_GAP = 0.35
"""A gap larger than the usual one by this much begins a paragraph."""
_HEIGHT_JUMP = 1.4
"""Rows of 10 and 14 points are not one paragraph; ascenders alone change a box by 1.2 or so."""
_INDENT = 0.8
_SHORT_ROW = 6.0
"""A row this much shorter than its neighbours had room for another word: it ends a paragraph."""
_HANGING_SHARE = 0.5
"""From this share of indented rows on, a column's rows hang: those at the margin begin entries."""


def paragraphs(
    boxes: ArrayLike,
    kinds: Sequence[int] | None = None,
    begins: Sequence[bool] | None = None,
    entries: Sequence[int] | None = None,
) -> list[list[list[int]]]:
    """Paragraphs in reading order; a paragraph is a list of rows, a row a list of indices.

    Every index occurs once, whatever the boxes: empty, degenerate, not finite.

    Args:
        boxes: (n, 4): x0, y0, x1, y1 in any one unit, y downwards.
        kinds: boxes of different kinds are never in one paragraph.
        begins: a row whose first box begins a list item begins a paragraph.
        entries: 1 for a box that is an entry of an index or a list of contents, -1 for one that
            may go on with an entry; where many rows on both sides of a gutter have entries, the
            sides are columns, however level, narrow and ragged.

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
    entry = np.asarray([0] * len(clean) if entries is None else entries, np.int8)
    flat = _flow(clean, np.flatnonzero(~is_tall), kinds, begins, entry)
    tall = _flow(turned, np.flatnonzero(is_tall), kinds, begins, entry)
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
    boxes: Boxes,
    members: NDArray[np.intp],
    kinds: Sequence[int],
    begins: Sequence[bool],
    entries: NDArray[np.int8],
) -> list[list[list[int]]]:
    """The paragraphs of `members`, all set in one direction."""
    if not len(members):
        return []
    # A canonical order, so that the result does not depend on the order of the input.
    x0, y0, x1, y1 = boxes[members].T
    members = members[np.lexsort((members, x1, y1, x0, y0))]
    unit = float(np.median(y1 - y0)) or 1.0
    columns = xy_cut.regions(members, lambda part: cut(boxes, part, unit, entries), _MAX_DEPTH)
    return [
        [row.members for row in paragraph]
        for column in columns
        for run in _runs(_labelled(rows_of(boxes, column, unit), kinds, begins), unit)
        for paragraph in _split_run(run, unit)
    ]


def _labelled(rows: Sequence[Row], kinds: Sequence[int], begins: Sequence[bool]) -> Iterator[Row]:
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


def _runs(rows: Iterable[Row], unit: float) -> list[list[Row]]:
    """Cut the rows of one column where a gap, another kind or another size of letters is."""
    ordered = list(rows)
    gaps = [below.y0 - above.y1 for above, below in pairwise(ordered)]
    # Text lines lie at most a line apart: gaps around figures say nothing about the leading.
    near = [gap for gap in gaps if gap < unit]
    usual_gap = float(np.median(near)) if near else 0.0
    runs: list[list[Row]] = []
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


def _are_alike(above: Row, row: Row) -> bool:
    low, high = sorted((above.y1 - above.y0, row.y1 - row.y0))
    return high <= _HEIGHT_JUMP * low


def _split_run(run: Sequence[Row], unit: float) -> list[list[Row]]:
    """Cut rows that follow each other closely into paragraphs.

    One begins at a list item; at an indented row, or, where most rows hang, at one that does not;
    after a short row; and between rows of cells.
    """
    left = min(row.x0 for row in run)
    indents = [row.x0 > left + _INDENT * unit for row in run]
    hangs = not indents[0] and sum(indents) >= _HANGING_SHARE * len(run)
    groups: list[list[Row]] = []
    for number, row in enumerate(run):
        if not groups or row.begins or _opens(run, number, groups[-1], indents, hangs, unit):
            groups.append([row])
        else:
            groups[-1].append(row)
    return groups


def _opens(
    run: Sequence[Row],
    number: int,
    group: Sequence[Row],
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
