"""Which of the outermost rows of a page image are furniture, by where they stand. Pure.

Owns what can be told of the first and the last row without a model and without neighbours: a rule
that parts it from the text, a lone page number, words and numbers at both margins.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import pairwise

from schemas.pages import Box
from workers.layout.captions import begins_caption
from workers.layout.edge_rows import EDGE_SHARE
from workers.layout.page_lines import Page

_LEAST_ROWS = 4
_MIDDLE = 0.25
"""Of the page's width, empty between the left and the right end of a head."""
_FAR_NUMBER = 4.0
"""Heights of the row between a page number and the words of a long head."""
_SPLIT_EDGE = 0.1
_SPLIT_GAP = 0.5
_NUMBER_GAP = 0.15
"""Between a head with a number and the text, where one is at each margin."""
_FAR_OUT = 0.075
"""22 mm of A4; margins of text are 25 mm and more in most classes and templates."""
_FAR_GAP = 1.0
_MAX_HEIGHT = 1.2
_MAX_NUMBERED_HEIGHT = 1.35
"""Over the usual line's: boxes of short texts are high, and no title has a page number."""
_RULED_EDGE = 0.15
_RULED_WIDTH = 0.8
"""Of the text's width: the rule above footnotes is short."""
_MAX_RULED_CHARS = 120
_LONE_EDGE = 0.2
"""Of the page's height, at its foot: where a small text block on A4 has its page number."""
_LONE_TOP = 0.12
_LONE_GAP = 0.4
"""Between boxes, which reach past the ink: rows of prose touch or overlap."""
_CENTRED = 0.04
"""Of the page's width."""

PAGE_NUMBER = re.compile(
    r"\W{0,3}(?:(?:page|seite|página|pagina|стр\.?|第|p\.)\s*)?"
    r"(?:\d{1,4}|[ivxlcIVXLC]{1,6}|[A-Z]{1,2}-\d{1,3})(?:\s*(?:/|of|von|de|di|из)\s*\d{1,4})?"
    r"\s*[页頁]?\W{0,3}",
    re.IGNORECASE,
)
_LONE_NUMBER = re.compile(r"[-–—•·|]?\s?(?:\d{1,4}|[ivxlc]{2,6}|[ivx])\s?[-–—•·|]?")
_NOTE = re.compile(r"[\d*†‡§¹²³⁴-⁹]")
_BEGINS = re.compile(r"\d{1,4}\s")
_ENDS = re.compile(r"\s§?\d{1,4}$")
_COUNTS = re.compile(
    r"(?:page|seite|página|pagina|strona|стр\.?|p\.)\s*\d{1,4}\b"
    r"|(?:^|\s)\d{1,4}\s*(?:/|of|von|de|di|из)\s*\d{1,4}$",
    re.IGNORECASE,
)

_SENTENCE_ENDS = (".", ":", ";", ",")
_SENTENCE_WORDS = 5
_IMPRINT = re.compile(r"©|copyright|rights|licen[sc]e|www\.|https?:|\(c\)", re.IGNORECASE)
"""What feet are about that are sentences."""


@dataclass(frozen=True, slots=True)
class _Row:
    """An outermost row, in pixels: its lines, from left to right, and what is around it.

    `high` is the median height of its lines: boxes of numbers vary by a fifth. `far` is its
    distance from the page's edge to its own inner end; `gap` that to the next row.
    """

    members: Sequence[int]
    boxes: Sequence[Box]
    texts: Sequence[str]
    high: float
    is_top: bool
    far: float
    gap: float

    @property
    def has_number(self) -> bool:
        """Whether a page number is one of its lines."""
        return any(PAGE_NUMBER.fullmatch(text) for text in self.texts)

    @property
    def is_numbered(self) -> bool:
        """Whether a page number is one of its lines, or the first or the last word."""
        ends = _BEGINS.match(self.texts[0]) or _ENDS.search(self.texts[-1])
        return ends is not None or self.has_number


def outermost(
    page: Page, rows: Sequence[Sequence[int]], free: Container[int], rules: Sequence[Box] = ()
) -> dict[int, str]:
    """The first and the last of `rows`, where they stand as only heads and feet do.

    A row that is not wholly `free` is something else already.

    Args:
        rows: numbers of lines from top to bottom, but for those that are known as furniture.
        rules: level ruling lines, in fractions of the page.
    """
    if len(rows) < _LEAST_ROWS:
        return {}
    x0 = min(page.lines[i].box[0] for row in rows for i in row)
    x1 = max(page.lines[i].box[2] for row in rows for i in row)
    found: dict[int, str] = {}
    for is_top, numbers, inner in ((True, rows[0], rows[1]), (False, rows[-1], rows[-2])):
        if not all(i in free for i in numbers):
            continue
        row = _row(page, numbers, inner, is_top)
        limit = _MAX_NUMBERED_HEIGHT if row.is_numbered else _MAX_HEIGHT
        if row.high > limit * page.usual_height:
            continue
        if _is_lone_number(page, row, x0, x1):
            found |= dict.fromkeys(numbers, "page_number")
        elif (
            _is_split(page, row, x0, x1)
            or _is_far(page, row)
            or _is_ruled_off(page, row, x0, x1, rules)
        ):
            found |= dict.fromkeys(numbers, "running_head" if is_top else "running_foot")
    return found


def counts_pages(texts: Sequence[str]) -> bool:
    """Whether one of the texts says which page it is: `Page 82/139`, `3 of 10`.

    >>> counts_pages(["EDF", "Page 82/139"]), counts_pages(["12", "Sheet"])
    (True, False)
    """
    return any(_COUNTS.search(text) for text in texts)


def is_sentence(text: str) -> bool:
    """Whether a text is a sentence of the page's own, as at the end of a page.

    >>> is_sentence("The file is edited by hand."), is_sentence("All rights reserved by the Guild.")
    (True, False)
    """
    words = text.split()
    is_one = text.rstrip().endswith(_SENTENCE_ENDS) and len(words) >= _SENTENCE_WORDS
    return is_one and _IMPRINT.search(text) is None


def _row(page: Page, numbers: Sequence[int], inner: Sequence[int], is_top: bool) -> _Row:
    lines = sorted((page.lines[i] for i in numbers), key=lambda line: line.box[0])
    boxes = [line.box for line in lines]
    top, bottom = min(box[1] for box in boxes), max(box[3] for box in boxes)
    if is_top:
        gap = min(page.lines[i].box[1] for i in inner) - bottom
    else:
        gap = top - max(page.lines[i].box[3] for i in inner)
    far = bottom if is_top else page.size[1] - top
    high = statistics.median(line.height for line in lines)
    return _Row(numbers, boxes, [line.text for line in lines], high, is_top, far, gap)


def _is_lone_number(page: Page, row: _Row, x0: float, x1: float) -> bool:
    """Whether the row is a number and no more, apart, in the middle or at the outer margin."""
    width, height = page.size
    if len(row.texts) != 1 or not _LONE_NUMBER.fullmatch(row.texts[0]):
        return False
    left, _, right, _ = row.boxes[0]
    is_placed = (
        abs(left + right - x0 - x1) / 2 <= _CENTRED * width
        or x1 - right <= row.high
        or left - x0 <= row.high
    )
    limit = _LONE_TOP if row.is_top else _LONE_EDGE
    return is_placed and row.far <= limit * height and row.gap > _LONE_GAP * row.high


def _is_split(page: Page, row: _Row, x0: float, x1: float) -> bool:
    """Whether the row reaches from margin to margin with nothing in the middle."""
    width, height = page.size
    spans = row.boxes[0][0] - x0 < row.high and x1 - max(b[2] for b in row.boxes) < row.high
    spaces = [b[0] - a[2] for a, b in pairwise(row.boxes)]
    least_space = _FAR_NUMBER * row.high if row.has_number else _MIDDLE * width
    if not spans or max(spaces, default=0) <= least_space:
        return False
    if row.has_number and row.gap > _SPLIT_GAP * row.high:
        return row.far <= EDGE_SHARE * height
    least = _NUMBER_GAP if row.is_top and row.is_numbered else _SPLIT_GAP
    return row.far <= _SPLIT_EDGE * height and row.gap > least * row.high


def _is_far(page: Page, row: _Row) -> bool:
    """Whether the row stands far out on an upright page."""
    width, height = page.size
    is_out = row.far <= _FAR_OUT * height and row.gap > _FAR_GAP * row.high
    return height > width and is_out and not is_sentence(" ".join(row.texts))


def _is_ruled_off(page: Page, row: _Row, x0: float, x1: float, rules: Sequence[Box]) -> bool:
    """Whether a rule as wide as the text parts the row from it, and no rule is outside of the row.

    A table's first row has a rule on either side; a footnote begins with its mark.
    """
    width, height = page.size
    text = " ".join(row.texts)
    if row.far > _RULED_EDGE * height or len(text) > _MAX_RULED_CHARS or begins_caption(text):
        return False
    if not row.is_top and _NOTE.match(text) and not row.has_number:
        return False
    top, bottom = min(b[1] for b in row.boxes), max(b[3] for b in row.boxes)
    middle = (top + bottom) / 2
    wide = [
        (rule[1] + rule[3]) / 2 * height
        for rule in rules
        if (min(rule[2] * width, x1) - max(rule[0] * width, x0)) >= _RULED_WIDTH * (x1 - x0)
    ]
    sign = 1 if row.is_top else -1
    inside = [sign * (y - middle) for y in wide]
    end = (bottom - top) / 2 + max(row.gap, 0.0)
    return any(0 < offset < end for offset in inside) and not any(offset < 0 for offset in inside)
