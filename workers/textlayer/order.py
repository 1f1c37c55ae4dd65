"""Reading order of the blocks of a born-digital page, from their boxes alone.

Pure: boxes in, a permutation out. Owns what the cut of `column_cut` cannot know: notes in margins,
frames, and columns that the content stream shows where no gutter does.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence

from schemas.pages import Box
from workers.textlayer.column_cut import MAX_COLUMNS, reading_order

_COLUMN_STEP = 4.0  # gutters: a step up of three lines
_MIN_COLUMN_BLOCKS = 3
_MAIN_SHARE = 0.5  # of the width of all, in the blocks of a column that has margins beside it
_NOTES_SHARE = 0.4  # of the text's height, in its margins; more is a column
_MAX_TRUSTED_JUMPS = 0.1  # footnotes, running heads and figures account for fewer
_PROSE_SHARE = 0.6  # of a column's share of the text's width, in most of its blocks


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
    return columns if len(columns) <= MAX_COLUMNS else []


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
    return ups < MAX_COLUMNS


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
