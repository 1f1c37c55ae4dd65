"""The furniture of a born-digital page, found by `workers.layout.furniture`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from schemas.labels import is_furniture
from schemas.pages import Box
from workers.layout.edge_rows import edge
from workers.layout.furniture import furniture
from workers.layout.margins import watermarks
from workers.layout.placed_lines import Edges, PlacedLine, usual_height
from workers.layout.tables.ruled import lines_of
from workers.textlayer.content import PageContent
from workers.textlayer.lines import Line

NOTHING_SEEN: Mapping[int, str] = {}

_STAMP_MARGIN = 0.09
"""A stamp such as that of a preprint server stands beside the text, at most 19 mm from the edge."""

_MAX_FRAMED_LINES = 4
_MAX_FRAMED_CHARS = 80
_MAX_FRAME_SHARE = 0.4  # of the page's width
_FRAME_PT = 12.0  # lower than a line of text is a thick rule

_MIN_UPRIGHTS = 3  # beside a cell; a frame around a page has two
_LONG_UPRIGHT = 6.0  # times the height of a line; a head set in boxes is one or two lines high
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
    all_placed = [_placed(line, content) for line in lines]
    placed = [all_placed[i] for i in numbers]
    usual = usual_height(placed)
    rules = [_fractions(rule, content) for rule in content.rules]
    hints = {at for at, i in enumerate(numbers) if is_furniture(seen.get(i, ""))}
    labels = furniture(placed, neighbours, usual, rules, hints)
    found = {numbers[i]: label for i, label in labels.items()}
    found = _without_cells(found, lines, content)
    stamped = _stamps(lines, content) | _framed_stamps(lines, content)
    return watermarks(all_placed, usual) | found | stamped


def _without_cells(
    found: Mapping[int, str], lines: Sequence[Line], content: PageContent
) -> dict[int, str]:
    """The labels without those of a table's cells: long tables repeat their head on each page.

    Three upright rules stand beside such a line, which go on far above or below it.
    """
    if not found or len(content.rules) < _MIN_UPRIGHTS:
        return dict(found)
    uprights = lines_of(content.rules).uprights

    def is_cell(line: Line) -> bool:
        x0, y0, x1, y1 = line.box
        x, top, bottom = uprights.T
        is_long = bottom - top > _LONG_UPRIGHT * (y1 - y0)
        near = x[is_long & (top < (y0 + y1) / 2) & (bottom > (y0 + y1) / 2)]
        beside = bool((near < (x0 + x1) / 2).any() and (near > (x0 + x1) / 2).any())
        return beside and len(near) >= _MIN_UPRIGHTS

    return {i: label for i, label in found.items() if not is_cell(lines[i])}


def _placed(line: Line, content: PageContent) -> PlacedLine:
    size = line.size / content.height
    return PlacedLine(line.text, _fractions(line.box, content), size, line.is_bold)


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


def _framed_stamps(lines: Sequence[Line], content: PageContent) -> dict[int, str]:
    """A few words in capitals in a frame of their own that was put on the finished page.

    They are drawn after all other text, but stand above much of it. Boxes of the text itself are
    drawn in their turn, and cells of a form have others beside them.
    """
    frames = [
        rule
        for rule in content.rules
        if rule[3] - rule[1] > _FRAME_PT
        and _FRAME_PT < rule[2] - rule[0] < _MAX_FRAME_SHARE * content.width
    ]
    for frame in frames:
        inside = [i for i, line in enumerate(lines) if _is_inside(line.box, frame)]
        text = " ".join(lines[i].text for i in inside)
        is_short = 0 < len(inside) <= _MAX_FRAMED_LINES and len(text) <= _MAX_FRAMED_CHARS
        if not is_short or not text.isupper():
            continue
        rest = lines[: inside[0]]
        below = sum(line.box[1] > frame[3] for line in rest)
        is_last = inside[-1] == len(lines) - 1 and len(rest) + len(inside) == len(lines)
        alone = not any(other != frame and _touch(frame, other) for other in content.rules)
        if is_last and alone and below * 2 > len(rest):
            return dict.fromkeys(inside, "stamp")
    return {}


def _is_inside(box: Box, frame: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return frame[0] < x < frame[2] and frame[1] < y < frame[3]


def _touch(a: Box, b: Box) -> bool:
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]
