"""Cut the blocks of a born-digital page into columns and strips, from their boxes alone.

Pure: boxes in, a permutation out. A recursive XY-cut (`workers.layout.xy_cut`) that reads a run of
horizontal strips as columns while one gutter goes through all of them, so that a heading across
the page does not split the columns under it into rows.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from schemas.pages import Box
from workers.layout import xy_cut

_MAX_DEPTH = 6
"""Columns within strips within columns; a page that nests deeper is read from top to bottom."""

_MIN_COLUMN_SHARE = 0.12
"""Narrower than an eighth of the region is a label, a number or a bullet, not a column."""

MAX_COLUMNS = 8

_Span = tuple[float, float]


def reading_order(boxes: Sequence[Box], gutter: float, right_to_left: bool = False) -> list[int]:
    """The indices of `boxes` in reading order; `gutter` is the least gap between columns.

    Cost is that of sorting the boxes at each of at most six levels.
    """
    regions = xy_cut.regions(
        list(range(len(boxes))),
        lambda members: _cut(boxes, members, gutter, right_to_left),
        _MAX_DEPTH,
    )
    return [i for members in regions for i in _rows(boxes, members, right_to_left)]


def _cut(
    boxes: Sequence[Box], members: list[int], gutter: float, right_to_left: bool
) -> list[list[int]]:
    """Columns in reading order where gutters go all the way down, else strips from the top."""
    spans = _merged(sorted((boxes[i][0], boxes[i][2]) for i in members), gutter)
    if _are_columns(spans):
        columns: list[list[int]] = [[] for _ in spans]
        starts = [x0 for x0, _ in spans]
        for i in members:
            columns[bisect_right(starts, boxes[i][0]) - 1].append(i)
        if _are_beside(boxes, columns) and not _are_aligned(boxes, columns, gutter):
            return columns[::-1] if right_to_left else columns
    return _runs(boxes, members, gutter)


def _are_beside(boxes: Sequence[Box], columns: Sequence[list[int]]) -> bool:
    """Whether a column stands beside the next one at all, not wholly above or below it: a line
    set to the right over one set to the left are two rows."""
    spans = [
        (min(boxes[i][1] for i in column), max(boxes[i][3] for i in column)) for column in columns
    ]
    return any(a[0] < b[1] and b[0] < a[1] for a, b in itertools.pairwise(spans))


def _are_aligned(boxes: Sequence[Box], columns: Sequence[list[int]], gutter: float) -> bool:
    """Whether the "columns" are the rows of a list of terms or of a table without rules.

    Most boxes of such a column have a neighbour that starts at the same height. Paragraphs of real
    columns have one only at the top, so a column of two boxes proves nothing.
    """
    tops = [sorted(boxes[i][1] for i in column) for column in columns]
    for left, right in itertools.pairwise(tops):
        fewer, more = sorted((left, right), key=len)
        hits = 0
        for top in fewer:
            at = bisect_left(more, top - 0.3 * gutter)
            hits += at < len(more) and more[at] <= top + 0.3 * gutter
        if len(fewer) < 3 or hits < 0.6 * len(fewer):
            return False
    return True


def _merged(spans: Sequence[_Span], gutter: float) -> list[_Span]:
    """Sorted spans, joined where less than a gutter lies between them."""
    merged: list[_Span] = []
    for x0, x1 in spans:
        if merged and x0 < merged[-1][1] + gutter:
            merged[-1] = (merged[-1][0], max(merged[-1][1], x1))
        else:
            merged.append((x0, x1))
    return merged


def _are_columns(spans: Sequence[_Span]) -> bool:
    """Whether there are at least two spans, and each is wide enough to hold text."""
    if not 1 < len(spans) <= MAX_COLUMNS:
        return False
    width = spans[-1][1] - spans[0][0]
    return all(x1 - x0 >= _MIN_COLUMN_SHARE * width for x0, x1 in spans)


def _runs(boxes: Sequence[Box], members: list[int], gutter: float) -> list[list[int]]:
    """Horizontal strips, joined to the strip above as long as they share a gutter."""
    strips: list[list[int]] = []
    bottom = float("-inf")
    for i in sorted(members, key=lambda i: (boxes[i][1], boxes[i][0], i)):
        # boxes of neighbouring lines overlap by a fraction of the line height
        if strips and boxes[i][1] < bottom - 0.15 * gutter:
            strips[-1].append(i)
        else:
            strips.append([i])
        bottom = max(bottom, boxes[i][3])
    runs: list[list[int]] = []
    run_spans: list[_Span] = []
    for strip in strips:
        strip_spans = _merged(sorted((boxes[i][0], boxes[i][2]) for i in strip), gutter)
        joined = _merged(sorted(run_spans + strip_spans), gutter)
        if runs and _are_columns(joined):
            runs[-1] += strip
            run_spans = joined
        else:
            runs.append(strip)
            run_spans = strip_spans
            if len(strip_spans) > MAX_COLUMNS:  # no columns; one span bounds the next merge
                run_spans = [(strip_spans[0][0], strip_spans[-1][1])]
    _give_heads_down(boxes, runs, gutter)
    return runs


def _give_heads_down(boxes: Sequence[Box], runs: list[list[int]], gutter: float) -> None:
    """Move a box that ends a run of columns to the next run if it stands nearer to that.

    It is a heading over what follows across the page, and only happens to fit into a column.
    """
    for above, below in itertools.pairwise(runs):
        last = above[-1]
        others = above[:-1]
        if not others or boxes[last][1] < max(boxes[i][3] for i in others) - 0.15 * gutter:
            continue
        before = boxes[last][1] - max(boxes[i][3] for i in others)
        after = min(boxes[i][1] for i in below) - boxes[last][3]
        if before > max(1.5 * after, 0.5 * gutter):
            above.pop()
            below.insert(0, last)


def _rows(boxes: Sequence[Box], members: list[int], right_to_left: bool) -> list[int]:
    """The order of boxes that no cut separates: by row, then across."""
    rows: list[list[int]] = []
    for i in sorted(members, key=lambda i: (boxes[i][1] + boxes[i][3], i)):
        if rows and (boxes[i][1] + boxes[i][3]) / 2 < boxes[rows[-1][0]][3]:
            rows[-1].append(i)
        else:
            rows.append([i])
    if right_to_left:
        return [i for row in rows for i in sorted(row, key=lambda i: -boxes[i][2])]
    return [i for row in rows for i in sorted(row, key=lambda i: boxes[i][0])]
