"""The lines that were read on a page image, and blocks made of some of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from schemas.pages import Block, Box
from workers.layout.reading_order import join_lines

_LEADERS = re.compile(r"(?:\s?[.·…]){4,}\s*")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


class TextLine(NamedTuple):
    """A line that was read: its box in pixels of the page.

    `places` are the middles of its characters across the page, empty where they are not known or
    the line does not run across; `slant` is its angle to the nearest of both axes in degrees;
    from a line with a `reach`, dots lead so far across the page, to the next line of its row. That
    one `is_led`; where it was not found, the line itself is. `depth` is its height across its own
    direction, which is less than the box's where it leans; 0 where it is the box's. `stroke` is the
    mean width of its strokes, 0 where it is not known.
    """

    box: Box
    text: str
    confidence: float
    places: tuple[float, ...] = ()
    slant: float = 0.0
    is_led: bool = False
    reach: float = 0.0
    depth: float = 0.0
    stroke: float = 0.0

    @property
    def height(self) -> float:
        """Its height across its own direction."""
        return self.depth or self.box[3] - self.box[1]

    @property
    def led_box(self) -> Box:
        """The box with the dots that lead from it."""
        x0, y0, x1, y1 = self.box
        return (x0, y0, max(x1, self.reach), y1)


@dataclass(frozen=True, slots=True)
class Whole:
    """A block that is read as one: a table or a figure, and the numbers of the lines in it."""

    block: Block
    lines: frozenset[int]


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of a page, its width and height in their pixels, and the usual line's height and
    stroke; the stroke is 0 where it is not known."""

    lines: Sequence[TextLine]
    size: tuple[int, int]
    usual_height: float
    usual_stroke: float = 0.0


def usual_height(lines: Sequence[TextLine]) -> float:
    """The median height of the lines, each counted by its characters.

    A detector's box around a lone cell is a third higher than one around a row of prose.
    """
    return _weighted_median([(line.height, len(line.text)) for line in lines])


def usual_stroke(lines: Sequence[TextLine]) -> float:
    """The median stroke of the lines, each counted by its characters; 0 where none is known."""
    known = [(line.stroke, len(line.text)) for line in lines if line.stroke]
    return _weighted_median(known) if known else 0.0


def _weighted_median(weighted: Sequence[tuple[float, int]]) -> float:
    """The median of values that count as often as their weights say, once at least."""
    values = np.array([value for value, _ in weighted], float)
    counts = np.array([max(count, 1) for _, count in weighted])
    order = np.argsort(values, kind="stable")
    sums = np.cumsum(counts[order])
    return float(values[order[np.searchsorted(sums, sums[-1] / 2)]])


def rows_of(page: Page, numbers: Iterable[int]) -> list[list[int]]:
    """Lines whose middles lie within half a line, over the whole width, from the top."""
    rows: list[list[int]] = []
    for i in sorted(numbers, key=lambda i: (middle(page.lines[i].box), i)):
        height = page.lines[i].height
        reach = min(height, page.usual_height) / 2
        if rows and middle(page.lines[i].box) - middle(page.lines[rows[-1][0]].box) < reach:
            rows[-1].append(i)
        else:
            rows.append([i])
    return rows


def precedes_number(page: Page, line: TextLine) -> bool:
    """Whether what follows the line in its row is a number, as in a list of contents."""
    y = middle(line.box)
    beside = [
        other
        for other in page.lines
        if other.box[0] > line.box[0] and other.box[1] < y < other.box[3] and other is not line
    ]
    nearest = min(beside, key=lambda other: other.box[0], default=None)
    return nearest is not None and nearest.text.strip().isdigit()


def joined_text(page: Page, rows: Sequence[Sequence[int]]) -> str:
    """The text of rows of lines; leaders of dots are shortened."""
    texts = [_row_text([page.lines[i].text for i in row]) for row in rows]
    if len(texts) > 1 and all(_LEADERS.search(text) for text in texts):
        return "\n".join(_LEADERS.sub(" ... ", text).strip() for text in texts)
    return _LEADERS.sub(" ... ", join_lines(texts)).strip()


def _row_text(texts: Sequence[str]) -> str:
    """Lines side by side, with a space between two, but not between Han or kana."""
    joined = ""
    for text in texts:
        is_close = joined and _UNSPACED.match(joined[-1]) and _UNSPACED.match(text[:1])
        joined += text if not joined or is_close else " " + text
    return joined


def block_of(page: Page, label: str, members: Sequence[int], text: str) -> Block:
    """A block of some lines."""
    lines = [page.lines[i] for i in members]
    # A page number says less about a page than a paragraph.
    weights = [len(line.text) for line in lines]
    mean = sum(w * line.confidence for w, line in zip(weights, lines, strict=True)) / sum(weights)
    return Block(label, fractions(page, members), text, mean)


def fractions(page: Page, members: Sequence[int]) -> Box:
    """The box around lines, in fractions of the page."""
    boxes = np.array([page.lines[i].box for i in members], float)
    x0, y0 = np.clip(boxes[:, :2].min(axis=0) / page.size, 0, 1).tolist()
    x1, y1 = np.clip(boxes[:, 2:].max(axis=0) / page.size, 0, 1).tolist()
    return (x0, y0, x1, y1)


def union(boxes: Sequence[Box]) -> Box:
    """The box around boxes."""
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    return (min(x0s), min(y0s), max(x1s), max(y1s))


def middle(box: Box) -> float:
    """The height of a box's middle."""
    return (box[1] + box[3]) / 2
