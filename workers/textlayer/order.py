"""Reading order of the blocks of a born-digital page, from their boxes alone.

Pure: boxes in, a permutation out. A recursive XY-cut (`workers.layout.xy_cut`) that reads a run of
horizontal strips as columns while one gutter goes through all of them, so that a heading across
the page does not split the columns under it into rows.
"""

from __future__ import annotations

import itertools
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from schemas.pages import Box
from workers.layout import xy_cut

_MAX_DEPTH = 6
"""Columns within strips within columns; a page that nests deeper is read from top to bottom."""

_MIN_COLUMN_SHARE = 0.12
"""Narrower than an eighth of the region is a label, a number or a bullet, not a column."""

_MAX_COLUMNS = 8
_COLUMN_STEP = 4.0  # gutters: a step up of three lines
_MIN_COLUMN_BLOCKS = 3
_MAIN_SHARE = 0.5  # of the width of all, in the blocks of a column that has margins beside it
_NOTES_SHARE = 0.4  # of the text's height, in its margins; more is a column
_MAX_TRUSTED_JUMPS = 0.1  # footnotes, running heads and figures account for fewer
_PROSE_SHARE = 0.6  # of a column's share of the text's width, in most of its blocks

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


def page_order(
    boxes: Sequence[Box], drawn: int, gutter: float, right_to_left: bool = False
) -> list[int]:
    """Reading order, in which a note in a margin is read with the text that it stands beside.

    The first `drawn` boxes are in content-stream order. A note left of a paragraph comes before
    it, as a term does, and a note on the right after it.
    """
    notes = _margin_notes(boxes, gutter)
    if not notes:
        return _column_order(boxes, drawn, gutter, right_to_left)
    text = [i for i in range(len(boxes)) if i not in notes]
    count = sum(i < drawn for i in text)
    order = [text[i] for i in _column_order([boxes[i] for i in text], count, gutter, right_to_left)]
    for i in sorted(notes, key=lambda i: boxes[i][1]):
        _, top, right, _ = boxes[i]
        beside = next((at for at, j in enumerate(order) if boxes[j][3] > top), len(order))
        is_after = beside < len(order) and boxes[order[beside]][0] < right
        order.insert(beside + is_after, i)
    return order


def _margin_notes(boxes: Sequence[Box], gutter: float) -> set[int]:
    """Boxes in the margin beside a single column of text that is much longer than they are."""
    if len(boxes) <= _MIN_COLUMN_BLOCKS:
        return set()
    left, right = min(b[0] for b in boxes), max(b[2] for b in boxes)
    wide = [b for b in boxes if b[2] - b[0] > _MAIN_SHARE * (right - left)]
    if len(wide) < _MIN_COLUMN_BLOCKS:
        return set()
    # The text's edges: one heading or table may stick out into the margin.
    x0 = statistics.median(b[0] for b in wide)
    x1 = statistics.median(b[2] for b in wide)
    notes = {
        i for i, b in enumerate(boxes) if b[2] <= x0 - 0.3 * gutter or b[0] >= x1 + 0.3 * gutter
    }
    height = sum(boxes[i][3] - boxes[i][1] for i in notes)
    return notes if height < _NOTES_SHARE * sum(b[3] - b[1] for b in wide) else set()


def _column_order(
    boxes: Sequence[Box], drawn: int, gutter: float, right_to_left: bool = False
) -> list[int]:
    """Reading order by the cut, or by the content stream where the cut has too little to go by.

    The first `drawn` boxes are in content-stream order. Columns whose lines run into each other
    have no gutter to cut at: where the stream goes down wide columns one after the other, and the
    cut disagrees with it, each of these is cut alone. A stream that only goes down and to the
    right, as through the pieces of formulas, is right where the cut disagrees with it often.
    """
    order = reading_order(boxes, gutter, right_to_left)
    jumps = jump_share([i for i in order if i < drawn])
    if not jumps:
        return order
    columns = _columns_of_stream(boxes[:drawn], gutter, right_to_left)
    if _are_prose(boxes, columns):
        order = [
            column[i]
            for column in columns
            for i in reading_order([boxes[j] for j in column], gutter, right_to_left)
        ]
    elif jumps > _MAX_TRUSTED_JUMPS and _goes_down(boxes[:drawn], gutter, right_to_left):
        order = list(range(drawn))
    else:
        return order
    for i in range(drawn, len(boxes)):
        x0, _, x1, y1 = boxes[i]
        below = (
            at
            for at, j in enumerate(order)
            if boxes[j][1] >= y1 - gutter and boxes[j][0] < x1 and boxes[j][2] > x0
        )
        order.insert(next(below, len(order)), i)
    return order


def _are_prose(boxes: Sequence[Box], columns: Sequence[Sequence[int]]) -> bool:
    """Whether columns of the stream are long and wide; margins have short and narrow ones."""
    if len(columns) < 2 or min(map(len, columns)) < _MIN_COLUMN_BLOCKS:
        return False
    left = min(boxes[i][0] for column in columns for i in column)
    right = max(boxes[i][2] for column in columns for i in column)
    least = _PROSE_SHARE * (right - left) / len(columns)
    widths = (statistics.median(boxes[i][2] - boxes[i][0] for i in column) for column in columns)
    return min(widths) >= least


def jump_share(order: Sequence[int]) -> float:
    """The share of steps from a number to the next number that go back in `order`.

    0 when blocks are drawn in the order they are read, about 0.5 when drawn at random.
    """
    if len(order) < 2:
        return 0.0
    place = {number: rank for rank, number in enumerate(order)}
    ranks = [place[number] for number in sorted(place)]
    return sum(b < a for a, b in itertools.pairwise(ranks)) / (len(ranks) - 1)


def _columns_of_stream(boxes: Sequence[Box], gutter: float, right_to_left: bool) -> list[list[int]]:
    """The columns that the stream goes down one after the other; none where it does not.

    Each long step up the page leads to the next column. Short steps up are those of formulas and
    of cells, whose pieces are drawn in any order.
    """
    columns: list[list[int]] = [[]]
    for i, box in enumerate(boxes):
        if i and box[1] < boxes[i - 1][1] - _COLUMN_STEP * gutter:
            if not _is_ahead(box, [boxes[j] for j in columns[-1]], gutter, right_to_left):
                return []
            columns.append([])
        columns[-1].append(i)
    return columns if len(columns) <= _MAX_COLUMNS else []


def _is_ahead(box: Box, column: Sequence[Box], gutter: float, right_to_left: bool) -> bool:
    """Whether a box begins where most boxes of the column before it have ended.

    Some lines of a column may be longer than it is wide.
    """
    if right_to_left:
        return box[2] < statistics.median(b[0] for b in column) + gutter
    return box[0] > statistics.median(b[2] for b in column) - gutter


def _goes_down(boxes: Sequence[Box], gutter: float, right_to_left: bool) -> bool:
    """Whether each step up the page leads to the next column, and there are few such steps."""
    ups = start = 0
    for i in range(1, len(boxes)):
        a, b = boxes[i - 1], boxes[i]
        if b[1] < a[3] - gutter:  # up, or beside
            if (a[2] - b[2] if right_to_left else b[0] - a[0]) < gutter:
                return False
            if b[1] < a[1] - gutter:
                if not _is_ahead(b, boxes[start:i], gutter, right_to_left):
                    return False
                ups, start = ups + 1, i
    return ups < _MAX_COLUMNS


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
    if not 1 < len(spans) <= _MAX_COLUMNS:
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
            if len(strip_spans) > _MAX_COLUMNS:  # no columns; one span bounds the next merge
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


def framed_order(
    boxes: Sequence[Box],
    frames: Sequence[Box],
    drawn: int,
    gutter: float,
    right_to_left: bool = False,
) -> list[int]:
    """`page_order`, in which what stands in one frame is read together.

    Frames are ruled or shaded boxes. One that cuts through a box, or holds a single box or all of
    them, says nothing; of nested frames the outermost counts.
    """
    groups = _framed(boxes, frames)
    if not groups:
        return page_order(boxes, drawn, gutter, right_to_left)
    inside = {i for members in groups.values() for i in members}
    # (place in the stream, box, members): a frame stands where its first box does
    units = [(i, boxes[i], [i]) for i in range(len(boxes)) if i not in inside]
    units += [(members[0], frame, members) for frame, members in groups.items()]
    units.sort(key=lambda unit: unit[0])
    count = sum(first < drawn for first, _, _ in units)
    order: list[int] = []
    for at in page_order([box for _, box, _ in units], count, gutter, right_to_left):
        members = units[at][2]
        own = sum(i < drawn for i in members)
        inner = page_order([boxes[i] for i in members], own, gutter, right_to_left)
        order += [members[i] for i in inner]
    return order


def _framed(boxes: Sequence[Box], frames: Sequence[Box]) -> dict[Box, list[int]]:
    """The boxes of each frame that counts, in their order."""
    groups: dict[Box, list[int]] = {}
    taken: set[int] = set()
    for frame in sorted(set(frames), key=lambda box: (box[0] - box[2]) * (box[3] - box[1])):
        touched = [i for i, box in enumerate(boxes) if _share_inside(box, frame) > 0.05]
        if not 1 < len(touched) < len(boxes) or not taken.isdisjoint(touched):
            continue
        if all(_share_inside(boxes[i], frame) > 0.9 for i in touched):
            groups[frame] = touched
            taken.update(touched)
    return groups


def _share_inside(box: Box, frame: Box) -> float:
    width = min(box[2], frame[2]) - max(box[0], frame[0])
    height = min(box[3], frame[3]) - max(box[1], frame[1])
    area = (box[2] - box[0]) * (box[3] - box[1])
    return max(width, 0.0) * max(height, 0.0) / area if area > 0 else 0.0
