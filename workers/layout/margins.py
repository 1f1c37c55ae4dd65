"""Furniture that no row at the edge holds: sidebars, line numbers, watermarks. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from workers.layout.placed_lines import Edges, PlacedLine, is_twin, side_of

_MIN_SIDEBAR = 4
_MIN_LINE_NUMBERS = 5


def sidebars(
    lines: Sequence[PlacedLine], members: Sequence[int], neighbours: Edges
) -> dict[int, str]:
    """Columns beside the text that a neighbour has too, as the outline of a talk on its slides."""
    labels: dict[int, str] = {}
    for side in (0, 1):
        column = [i for i in members if side_of(lines[i]) == side]
        rest = [lines[i].bbox for i in members if side_of(lines[i]) != side]
        if len(column) < _MIN_SIDEBAR or not rest:
            continue
        boxes = [lines[i].bbox for i in column]
        is_beside = (
            max(b[2] for b in boxes) < min(b[0] for b in rest)
            if side == 0
            else min(b[0] for b in boxes) > max(b[2] for b in rest)
        )
        repeats = (
            sum(any(is_twin(lines[i], other) for other in near) for i in column)
            for near in neighbours.values()
        )
        if is_beside and max(repeats, default=0) >= 0.7 * len(column):
            labels |= dict.fromkeys(column, "running_head")
    return labels


def line_numbers(lines: Sequence[PlacedLine]) -> dict[int, str]:
    """Numbers that count the lines of the text beside them, in a margin."""
    numbers = [i for i, line in enumerate(lines) if line.text.strip().isdecimal()]
    if len(numbers) < _MIN_LINE_NUMBERS:
        return {}
    others = [line for i, line in enumerate(lines) if i not in set(numbers)]
    long = [line for line in others if line.bbox[2] - line.bbox[0] > 0.35]
    # By their text: pieces of formulas and of tables are many, and say little.
    if sum(len(line.text) for line in long) * 2 < sum(len(line.text) for line in others):
        return {}
    left = min((line.bbox[0] for line in long), default=0.0)
    right = max((line.bbox[2] for line in long), default=1.0)
    for column in (
        [i for i in numbers if lines[i].bbox[2] < left],
        [i for i in numbers if lines[i].bbox[0] > right],
    ):
        column.sort(key=lambda i: lines[i].bbox[1])
        values = [int(lines[i].text) for i in column]
        steps = {b - a for a, b in pairwise(values)}
        if len(column) >= _MIN_LINE_NUMBERS and len(steps) == 1 and steps <= {1, 2, 5, 10}:
            return dict.fromkeys(column, "line_numbers")
    return {}


def watermarks(lines: Sequence[PlacedLine], body_size: float) -> dict[int, str]:
    """Short words in large type that lie across at least three other lines."""
    found: dict[int, str] = {}
    for i, line in enumerate(lines):
        x0, y0, x1, y1 = line.bbox
        if len(line.text) > 40 or line.height < 2.5 * body_size:
            continue
        crossed = sum(
            x0 < (b[0] + b[2]) / 2 < x1 and y0 < (b[1] + b[3]) / 2 < y1
            for j, other in enumerate(lines)
            if j != i and other.height < 0.6 * line.height
            for b in (other.bbox,)
        )
        if crossed >= 3:
            found[i] = "watermark"
    return found
