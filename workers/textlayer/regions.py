"""When the layout model looks at a born-digital page, and what it says of the page's lines.

Owns the decision (`needs_model`), which is made by rules, and the way from the model's boxes to
lines. `workers.layout.text_boxes` owns the model, and is imported only where a page needs it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pymupdf

from schemas.pages import Box
from workers.textlayer.content import PageContent
from workers.textlayer.lines import Line
from workers.textlayer.page_text import place

_MIN_LINES = 4
_MAX_LINES = 400
"""The model takes 0.6 ms a line and more where there are many: 0.6 s for 275 on a dense page."""

_MAX_RULES = 500
"""MuPDF's look for tables takes 2 s on a page of 1,374 rules."""

_MAX_PATHS = 10_000

_BESIDE_SHARE = 0.15
_DRAWING_PATHS = 25
_MIN_STRAYS = 4
_MAX_LABEL_CHARS = 25
_SAME_START_PT = 2.0
_MIN_FIGURE_LINES = 2
_MIN_CONFIDENCE = 0.5
_MAX_CELL_CHARS = 30  # on average; longer lines are prose that the model takes for cells


@dataclass(frozen=True, slots=True)
class Regions:
    """What the model says: a label for lines, by their numbers, and the boxes of tables.

    `figures` are the lines of each drawing. Boxes are in points of the page's view.
    """

    labels: Mapping[int, str] = field(default_factory=dict)
    tables: tuple[Box, ...] = ()
    figures: tuple[tuple[int, ...], ...] = ()


def needs_model(content: PageContent, lines: Sequence[Line], furniture: Mapping[int, str]) -> bool:
    """Whether rules leave open what is where on the page.

    They do where many lines have others beside them (columns, tables, drawings), where short lines
    stand by themselves among paths, as the labels of a drawing do, and where a row stands apart at
    an edge of the page at which no furniture is known.
    """
    own = [line for i, line in enumerate(lines) if i not in furniture]
    is_slide = content.width > content.height  # whose headings are told by colours and bars
    if content.path_count > _DRAWING_PATHS and (is_slide or _strays(own) >= _MIN_STRAYS):
        return True
    if _beside(own) > _BESIDE_SHARE * len(own):
        return True
    known = [lines[i] for i in furniture]
    return _has_open_edge(content, own, known)


def _strays(lines: Sequence[Line]) -> int:
    """How many short lines begin where no two others do."""
    starts = Counter(round(line.box[0] / _SAME_START_PT) for line in lines)

    def is_stray(line: Line) -> bool:
        at = round(line.box[0] / _SAME_START_PT)
        return starts[at - 1] + starts[at] + starts[at + 1] <= 2

    return sum(len(line.text) <= _MAX_LABEL_CHARS and is_stray(line) for line in lines)


def can_see(page: pymupdf.Page, content: PageContent, lines: Sequence[Line]) -> bool:
    """Whether the page is one for the model: upright, with enough lines and not too many."""
    return (
        page.rotation == 0
        and _MIN_LINES <= len(lines) <= _MAX_LINES
        and content.path_count <= _MAX_PATHS
        and len(content.rules) <= _MAX_RULES
    )


def model_regions(page: pymupdf.Page, content: PageContent, lines: Sequence[Line]) -> Regions:
    """Ask the model about an upright page. Raises NoEngineError where it cannot be loaded."""
    from workers.layout.text_boxes import shared_text_box_model

    seen = shared_text_box_model().boxes(page)
    by_place: dict[int, list[int]] = defaultdict(list)
    boxes = [place(box.box, content.matrix) for box in seen]
    for number, (_, y0, _, y1) in enumerate(boxes):
        for strip in range(int(y0) // 8, int(y1) // 8 + 1):
            by_place[strip].append(number)
    labels: dict[int, str] = {}
    groups: dict[int, list[int]] = defaultdict(list)
    for i, line in enumerate(lines):
        strip = int(line.box[1] + line.box[3]) // 16
        near = max(by_place[strip], key=lambda n: _overlap(boxes[n], line.box), default=None)
        if near is not None and _overlap(boxes[near], line.box) > 0:
            groups[seen[near].group].append(i)
            if seen[near].confidence >= _MIN_CONFIDENCE:
                labels[i] = seen[near].label
    tables: list[Box] = []
    figures: list[tuple[int, ...]] = []
    for members in groups.values():
        label, _ = Counter(labels.get(i, "") for i in members).most_common(1)[0]
        chars = sum(len(lines[i].text) for i in members)
        if label == "table" and len(members) > 3 and chars < _MAX_CELL_CHARS * len(members):
            tables.append(_around([lines[i].box for i in members]))
        if label == "figure" and len(members) >= _MIN_FIGURE_LINES:
            figures.append(tuple(i for i in members if labels.get(i) == "figure"))
    return Regions(labels, tuple(tables), tuple(figures))


def _overlap(a: Box, b: Box) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def _around(boxes: Sequence[Box]) -> Box:
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    return (min(x0s), min(y0s), max(x1s), max(y1s))


def _beside(lines: Sequence[Line]) -> int:
    """How many lines begin beside the one above them in order of height."""
    ordered = sorted(lines, key=lambda line: line.box[1] + line.box[3])
    count = 0
    bottom = 0.0
    for line in ordered:
        middle = (line.box[1] + line.box[3]) / 2
        count += middle < bottom - 0.2 * line.size and not line.is_mono
        bottom = max(bottom, line.box[3])
    return count


def _has_open_edge(content: PageContent, lines: Sequence[Line], furniture: Sequence[Line]) -> bool:
    """Whether a short row at an edge without furniture stands apart from the next."""
    if len(lines) < _MIN_LINES:
        return False
    for sign in (1, -1):
        ordered = sorted(lines, key=lambda line: sign * (line.box[1] + line.box[3]))
        first, rest = ordered[0], ordered[1:]
        if any((line.box[1] - first.box[1]) * sign < 0 for line in furniture):
            continue
        outside = first.box[1] if sign == 1 else content.height - first.box[3]
        inner = [line for line in rest if not _is_beside(first, line)]
        if not inner or outside > 0.1 * content.height:
            continue
        gap = inner[0].box[1] - first.box[3] if sign == 1 else first.box[1] - inner[0].box[3]
        if gap > 1.2 * first.size and len(first.text) < 100:
            return True
    return False


def _is_beside(a: Line, b: Line) -> bool:
    return min(a.box[3], b.box[3]) - max(a.box[1], b.box[1]) > 0.4 * min(a.size, b.size)
