"""Which paragraphs of a page image are headings, and of what level. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from schemas.pages import Block
from workers.layout.page_lines import Page, TextLine, middle, precedes_number, union

_HEADING_HEIGHT = 1.3
"""A heading's height over that of the page's median line: 13 points over 10."""
_HEADING_STROKE = 1.08
"""A heading's stroke over the usual: boxes around a sign set high or low are higher than letters,
but the strokes in them are not thicker. Larger type of a light cut has 1.1."""
_LEVEL_HEIGHTS = ((1.6, 1), (1.25, 2))
"""Least height of a heading, over the median line's, and its level; a lower one has level 3."""
_HEADINGS = ("heading", "title")
_LEAST_TITLE = 1.1
_NEARLY = 0.9
"""Boxes of one size of letters differ by a tenth, by whether they have descenders."""
_SHORT_CHARS = 60
_NUMBER = re.compile(r"#* ?(?:\d|[A-Z]\.\d|§)")
_MAX_HEADING_ROWS = 4
_MAX_HEADING_CHARS = 200

_SECTION = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+\S")
_SUBSECTION = re.compile(
    r"(?=.*(?:[^\W\d_]{3}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]))"
    r"\d{1,2}(?:\.\d{1,2}){1,4}\.?\s+[^\W\d_].{0,80}[^\W\d_][)?!]?"
)
"""A line of its own with a number of two parts and a word, not a measure such as `90.4 L of 109/l`;
one of a table of contents ends in a number."""
_NUMBERED = re.compile(r"(?:\d{1,2}|[A-Z])\.?\s+[^\W\d_a-z].{0,80}[^\W_][)?!]?")
_LEAST_NUMBERED = 1.12
"""Over the usual height: the least that a section's number of one part asks for beside its words;
lists and lists of contents are as high as the text."""
_HEADING_START = re.compile(r"[\w\"'“«„‘(\[¿¡§「『【\\]")
"""A command begins with its prompt or a dash."""


def heading_level(
    page: Page,
    members: Sequence[int],
    text: str,
    rows: int,
    label: str,
    is_bold: bool = False,
) -> int:
    """The level of a heading, 0 for none: as the model says, by its height, or as bold type."""
    if rows > _MAX_HEADING_ROWS or len(text) > _MAX_HEADING_CHARS:
        return 0
    if sum(char.isalpha() for char in text) < 2 or not _HEADING_START.match(text):
        return 0
    heights = [page.lines[i].height for i in members]
    ratio = float(np.median(heights)) / page.usual_height
    is_named = label in ("title", "heading")
    strokes = [page.lines[i].stroke for i in members]
    is_large = (
        label == "paragraph"
        and min(heights) >= _HEADING_HEIGHT * page.usual_height
        and float(np.median(strokes)) >= _HEADING_STROKE * page.usual_stroke
    )
    is_section = (
        rows == 1
        and label == "paragraph"
        and _is_section(text, ratio)
        and not any(_is_entry(page, page.lines[i]) for i in members)
    )
    if not (is_named or is_large or is_section or is_bold) or (
        rows > 1 and text.endswith((".", ",", ";", ":", "。"))
    ):
        return 0
    by_height = next((level for least, level in _LEVEL_HEIGHTS if ratio >= least), 3)
    if label == "title":
        return 1
    section = _SECTION.match(text)
    if section is not None and ratio < _LEVEL_HEIGHTS[0][0]:
        return min(section[1].count(".") + 2, 6)
    return by_height if is_large else max(by_height, 2)


def is_section_line(text: str) -> bool:
    """Whether a line is a section's number of several parts and its words, and no more.

    >>> is_section_line("3.3 Separation units"), is_section_line("3.3 Units ... 12")
    (True, False)
    """
    return _SUBSECTION.fullmatch(text) is not None


def _is_entry(page: Page, line: TextLine) -> bool:
    """Whether the line is of a list of contents."""
    return line.is_led or line.reach > 0 or precedes_number(page, line)


def _is_section(text: str, ratio: float) -> bool:
    return is_section_line(text) or (
        ratio >= _LEAST_NUMBERED and _NUMBERED.fullmatch(text) is not None
    )


def with_title(page: Page, blocks: Sequence[Block], has_head: bool) -> list[Block]:
    """The blocks with the page's title, if it has one, and then no other; broken headings joined.

    The title is the largest heading of those that nothing but short lines stand above. Where it is
    not much larger than the text it must open a page without a running head.
    """
    blocks = _joined_headings(page, blocks)
    heights = {i: _height(page, b) for i, b in enumerate(blocks) if b.label in _HEADINGS}
    first = next((i for i, b in enumerate(blocks) if not _is_short(b)), len(blocks))
    opening = [i for i in heights if i < first and not _NUMBER.match(blocks[i].text)]
    if not opening:
        return blocks
    title = max(opening, key=lambda i: (round(heights[i] / page.usual_height, 1), -i))
    ratio = heights[title] / page.usual_height
    is_largest = heights[title] >= _NEARLY * max(heights.values())
    opens = title == 0 and not has_head and ratio >= _LEAST_TITLE
    if not is_largest or not (ratio >= _LEVEL_HEIGHTS[0][0] or opens):
        return blocks
    return [
        replace(block, label="title", text="# " + block.text.lstrip("# "))
        if i == title
        else replace(block, label="heading", text="#" + block.text)
        if block.label == "title"
        else block
        for i, block in enumerate(blocks)
    ]


def _joined_headings(page: Page, blocks: Sequence[Block]) -> list[Block]:
    """Headings of one size and level that follow each other as closely as lines do are one."""
    joined: list[Block] = []
    for block in blocks:
        above = joined[-1] if joined else None
        if above is not None and _goes_on(page, above, block):
            text = f"{above.text} {block.text.lstrip('# ')}"
            joined[-1] = replace(above, text=text, bbox=union([above.bbox, block.bbox]))
        else:
            joined.append(block)
    return joined


def _goes_on(page: Page, above: Block, block: Block) -> bool:
    if above.label != block.label or block.label not in _HEADINGS:
        return False
    level = above.text.split(" ", 1)[0]
    if not block.text.startswith(level + " ") or _NUMBER.match(block.text):
        return False
    low, high = sorted((_height(page, above), _height(page, block)))
    gap = (block.bbox[1] - above.bbox[3]) * page.size[1]
    shared = min(above.bbox[2], block.bbox[2]) - max(above.bbox[0], block.bbox[0])
    return low > _NEARLY * high and -high / 2 < gap < high / 3 and shared > 0


def _is_short(block: Block) -> bool:
    return block.label in _HEADINGS or (
        block.label == "paragraph" and len(block.text) <= _SHORT_CHARS
    )


def _height(page: Page, block: Block) -> float:
    """The median height of the lines in a block."""
    x0, y0, x1, y1 = block.bbox
    width, height = page.size
    heights = [
        line.height
        for line in page.lines
        if y0 <= middle(line.box) / height <= y1
        and x0 <= (line.box[0] + line.box[2]) / 2 / width <= x1
    ]
    return float(np.median(heights)) if heights else 0.0
