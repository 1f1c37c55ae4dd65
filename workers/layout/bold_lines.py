"""Lines of a page image that stand out as bold headings do: by their strokes, alone. Pure.

Owns which lines are bold, and which of these head something rather than stress a sentence, name a
field or begin a list of terms. Does not measure strokes (`stroke_widths`) or name levels
(`page_headings`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from workers.layout.page_lines import Page, TextLine, middle

_BOLD = 1.25
"""Of the usual stroke's width: bold type of the text's size has 1.3 to 1.6, other lines of it 0.87
to 1.1."""
_BOLD_SMALL = 1.05
"""Of the page's usual stroke: what bold small print has at least, and few other lines have."""
_BOLD_OVER = 1.35
"""Of the stroke of the line below, which says less than those of the page."""
_LEAST_HEIGHT = 0.8
_MAX_CHARS = 100
_MAX_ROWS = 3
_NEAR = 0.6
"""Heights between two rows of one heading; boxes of rows of prose touch or overlap."""
_TIGHT = 0.35
_FULL = 2.0
"""Heights from the column's right side: a line that ends nearer to it may go on below."""
_WIDE = 10.0
"""Heights that a line of prose is wide at least, in a narrow column."""
_BESIDE = 3.0
"""Heights up to what stands beside a line in its own column, such as the value of a field."""
_SAME_STROKE = 1.25
_START = re.compile(r"[\"'“«„‘(\[¿¡§「『【]?(?:\d|[^\W\d_a-zà-öø-ÿ])")
_ENDS_OF_SENTENCES = (".", ",", ";", ":", "。", "、", "，", "；", "：")


def bold_headings(page: Page, numbers: Sequence[int]) -> dict[int, int]:
    """The lines among `numbers` that are bold headings, each with the first line of its heading."""
    if not page.usual_stroke:
        return {}
    bold = [i for i in numbers if _is_bold(page, i, numbers)]
    found: dict[int, int] = {}
    for group in _groups(page, bold):
        if _is_heading(page, group, numbers) and not _is_of_heads(page, group, bold):
            found |= dict.fromkeys(group, group[0])
    return found


def _is_bold(page: Page, number: int, numbers: Sequence[int]) -> bool:
    """Whether a line's strokes are thick for the page, or in small print for the line below it."""
    line = page.lines[number]
    if line.stroke >= _BOLD * page.usual_stroke:
        return line.height >= _LEAST_HEIGHT * page.usual_height
    if line.stroke < _BOLD_SMALL * page.usual_stroke:
        return False
    below = (page.lines[i] for i in numbers)
    below = (other for other in below if _is_wide(other) and _is_below(line, other, _NEAR))
    nearest = min(below, key=lambda other: other.box[1], default=None)
    return nearest is not None and line.stroke >= _BOLD_OVER * nearest.stroke > 0


def _is_of_heads(page: Page, group: Sequence[int], bold: Sequence[int]) -> bool:
    """Whether two other bold lines stand in a row with one of these: heads of a table's columns."""
    middles = [middle(page.lines[i].box) for i in group]
    beside = [
        i
        for i in bold
        if i not in group and any(page.lines[i].box[1] < y < page.lines[i].box[3] for y in middles)
    ]
    return len(beside) >= 2


def _groups(page: Page, bold: Sequence[int]) -> list[list[int]]:
    """Bold lines that follow each other as rows of one text, from the top."""
    groups: list[list[int]] = []
    for i in sorted(bold, key=lambda i: page.lines[i].box[1]):
        over = next((g for g in groups if _goes_on(page.lines[g[-1]], page.lines[i])), None)
        if over is None:
            groups.append([i])
        else:
            over.append(i)
    return groups


def _goes_on(above: TextLine, line: TextLine) -> bool:
    low, high = sorted((above.stroke, line.stroke))
    return _is_below(above, line, _NEAR) and high <= _SAME_STROKE * low


def _is_below(above: TextLine, line: TextLine, most: float) -> bool:
    """Whether a line stands below another, and over it in part, by less than `most` heights."""
    gap = line.box[1] - above.box[3]
    shares = min(above.box[2], line.box[2]) > max(above.box[0], line.box[0])
    return shares and middle(line.box) > above.box[3] and gap < most * above.height


def _is_heading(page: Page, group: Sequence[int], numbers: Sequence[int]) -> bool:
    lines = [page.lines[i] for i in group]
    text = " ".join(line.text.strip() for line in lines)
    if len(lines) > _MAX_ROWS or len(text) > _MAX_CHARS or text.endswith(_ENDS_OF_SENTENCES):
        return False
    if not _START.match(text) or sum(map(str.isalpha, text)) < 3:
        return False
    others = [page.lines[i] for i in numbers if i not in group]
    if any(_is_beside(line, other) for line in lines for other in others):
        return False
    last = lines[-1]
    below = [other for other in others if _is_below(last, other, _TIGHT) and _is_wide(other)]
    right = max((other.box[2] for other in below), default=0.0)
    return not below or last.box[2] < right - _FULL * last.height


def _is_wide(line: TextLine) -> bool:
    return line.box[2] - line.box[0] > _WIDE * line.height


def _is_beside(line: TextLine, other: TextLine) -> bool:
    """Whether another line of the same row is near, as a value or the next head of a column."""
    gap = max(other.box[0] - line.box[2], line.box[0] - other.box[2])
    in_row = other.box[1] < middle(line.box) < other.box[3]
    return in_row and gap < _BESIDE * line.height
