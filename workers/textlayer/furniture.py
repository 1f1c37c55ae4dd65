"""The furniture of a born-digital page, found by `workers.layout.furniture`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from schemas.labels import is_furniture
from schemas.pages import Box
from workers.layout.edge_rows import edge
from workers.layout.furniture import furniture
from workers.layout.margins import watermarks
from workers.layout.placed_lines import Edges, PlacedLine, usual_height
from workers.textlayer.lines import Line, PageContent

NOTHING_SEEN: Mapping[int, str] = {}

_STAMP_MARGIN = 0.09
"""A stamp such as that of a preprint server stands beside the text, at most 19 mm from the edge."""

_MIN_STAMP_CHARS = 12  # less may be the name of an axis


def edge_lines(content: PageContent) -> tuple[PlacedLine, ...]:
    """What the pages around this one are to know of it."""
    across = [line for line in content.lines if line.quadrant == 0]
    return edge([_placed(line, content) for line in across])


def furniture_lines(
    lines: Sequence[Line],
    content: PageContent,
    neighbours: Edges,
    seen: Mapping[int, str] = NOTHING_SEEN,
) -> dict[int, str]:
    """The labels of those of the page's `lines` that are furniture, by their numbers.

    `seen` are the labels that a layout model gave.
    """
    numbers = [i for i, line in enumerate(lines) if line.quadrant == 0]
    placed = [_placed(lines[i], content) for i in numbers]
    rules = [_fractions(rule, content) for rule in content.rules]
    hints = {at for at, i in enumerate(numbers) if is_furniture(seen.get(i, ""))}
    labels = furniture(placed, neighbours, usual_height(placed), rules, hints)
    found = {numbers[i]: label for i, label in labels.items()}
    all_placed = [_placed(line, content) for line in lines]
    return watermarks(all_placed, usual_height(placed)) | found | _stamps(lines, content)


def _placed(line: Line, content: PageContent) -> PlacedLine:
    return PlacedLine(line.text, _fractions(line.box, content), line.size / content.height)


def _fractions(box: Box, content: PageContent) -> Box:
    width, height = content.width, content.height
    return (box[0] / width, box[1] / height, box[2] / width, box[3] / height)


def _stamps(lines: Sequence[Line], content: PageContent) -> dict[int, str]:
    """Lines that run up or down the page's margin, beside all text that reads across."""
    across = [line.box for line in lines if line.quadrant == 0]
    if not across:
        return {}
    left, right = min(box[0] for box in across), max(box[2] for box in across)
    margin = _STAMP_MARGIN * content.width
    return {
        i: "stamp"
        for i, line in enumerate(lines)
        if line.quadrant % 2
        and len(line.text) >= _MIN_STAMP_CHARS
        and (line.box[2] < min(left, margin) or line.box[0] > max(right, content.width - margin))
    }
