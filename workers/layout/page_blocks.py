"""From a page's text lines and the layout model's regions to labelled blocks in reading order.

Owns which line belongs to which region, what a paragraph is called, its Markdown, and the place of
furniture and footnotes. Does not find lines, regions, tables or the order of lines
(`reading_order`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from schemas.labels import is_furniture
from schemas.pages import Block, Box
from workers.layout.bold_lines import bold_headings
from workers.layout.captions import is_caption
from workers.layout.entries import goes_on, is_entry
from workers.layout.page_furniture import (
    edge_blocks,
    furniture_lines,
    line_number_block,
    without_line_numbers,
)
from workers.layout.page_headings import heading_level, is_section_line, with_title
from workers.layout.page_lines import (
    Page,
    TextLine,
    Whole,
    block_of,
    fractions,
    joined_text,
    union,
    usual_height,
    usual_stroke,
)
from workers.layout.reading_order import paragraphs

_INSIDE = 0.5
"""A line belongs to the region that holds this share of its area; the least such region counts."""
_WHOLES = ("table", "figure")
_LEAST_FIGURE_LINE = 0.8
"""A line with less of its area in a figure may be a caption that the figure's box touches."""

_SHORT = 0.7
"""Of the widest line: a shorter one may be a heading in the midst of lines."""

_BULLET = re.compile(r"^(?:[•◦▪▫‣●○■□➢➤✓]\s*|[∙⁃·–*-]\s+)(?=\S)")
_NUMBERED = re.compile(r"^(?:\(?\d{1,3}[.)]|\(?[a-z][.)]|\[\d{1,3}\])\s*(?=[^\W\d_])")


def page_blocks(
    lines: Sequence[TextLine],
    size: tuple[int, int],
    regions: Sequence[Block] = (),
    tables: Sequence[Whole] = (),
    rules: Sequence[Box] = (),
) -> tuple[Block, ...]:
    """The blocks of a page, furniture too: heads first, feet last, footnotes before the feet.

    Each line is in exactly one block.

    Args:
        lines: the lines, in any order.
        size: the page's width and height in the lines' pixels.
        regions: what the layout model found, in fractions of the page; tables among them tell
            nothing, because `tables` does.
        tables: tables with their text; one that is labelled as furniture is a framed head or foot.
        rules: level ruling lines at the page's edges, in fractions of the page.
    """
    if not lines:
        return tuple(region for region in regions if region.label == "figure")
    lines, counting = (lines, set[int]()) if tables else without_line_numbers(lines)
    page = Page(lines, size, usual_height(lines), usual_stroke(lines))
    owners = [None if i in counting else owner for i, owner in enumerate(_owners(page, regions))]
    frames = [table.block for table in tables if is_furniture(table.block.label)]
    wholes = [*tables, *_figures(page, regions, owners, tables)]
    taken = {i for whole in wholes for i in whole.lines}
    labels = {
        i: _label(page, i, regions, owners)
        for i in range(len(lines))
        if i not in taken and i not in counting
    }
    wholes = [whole for whole in wholes if whole.block not in frames]
    furniture = furniture_lines(page, labels, [whole.block for whole in wholes], rules)
    content = [i for i in labels if i not in furniture]
    blocks = _content(page, content, labels, owners, wholes)
    notes = [block for block in blocks if block.label == "footnote"]
    body = [block for block in blocks if block.label != "footnote"]
    heads, feet = edge_blocks(page, furniture)
    heads = [*(frame for frame in frames if frame.bbox[1] < 0.5), *heads]
    feet = [*feet, *(frame for frame in frames if frame.bbox[1] >= 0.5)]
    body = with_title(page, body, any(block.label == "running_head" for block in heads))
    return (*heads, *body, *notes, *line_number_block(page, counting), *feet)


def _owners(page: Page, regions: Sequence[Block]) -> list[int | None]:
    """The number of the region that each line belongs to; None for a line outside all."""
    # Areas in fractions: regions are; shape (lines, regions)
    width, height = page.size
    boxes = np.array([line.box for line in page.lines], float) / (width, height, width, height)
    places = np.array([region.bbox for region in regions], float).reshape(-1, 4)
    low = np.maximum(boxes[:, None, :2], places[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], places[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    shares = shared / np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-12)[:, None]
    sizes = (places[:, 2:] - places[:, :2]).prod(axis=1)
    least = [_LEAST_FIGURE_LINE if region.label in _WHOLES else _INSIDE for region in regions]
    owners: list[int | None] = []
    for box, row in zip(boxes, shares, strict=True):
        inside = np.flatnonzero(row >= least)
        if len(inside):
            owners.append(int(inside[np.argmin(sizes[inside])]))
        else:
            owners.append(_owner_across(box, regions, places))
    return owners


def _owner_across(
    box: NDArray[np.float64], regions: Sequence[Block], places: NDArray[np.float64]
) -> int | None:
    """The widest region of the label that most of a line's width has, in whatever many pieces.

    The model cuts a large heading between its words, and its regions are lower than a line's box.
    """
    y = (box[1] + box[3]) / 2
    widths = np.clip(np.minimum(places[:, 2], box[2]) - np.maximum(places[:, 0], box[0]), 0, None)
    widths[(places[:, 1] > y) | (places[:, 3] < y)] = 0
    totals: dict[str, float] = {}
    for region, width in zip(regions, widths.tolist(), strict=True):
        if region.label not in _WHOLES:
            totals[region.label] = totals.get(region.label, 0.0) + width
    label = max(totals, key=lambda name: totals[name], default="")
    if not label or totals[label] < _INSIDE * (box[2] - box[0]):
        return None
    is_of_label = np.array([region.label == label for region in regions])
    return int(np.argmax(np.where(is_of_label, widths, -1)))


def _figures(
    page: Page, regions: Sequence[Block], owners: Sequence[int | None], tables: Sequence[Whole]
) -> list[Whole]:
    """The figures with the words in them, in reading order."""
    in_tables = {i for table in tables for i in table.lines}
    figures = []
    for number, region in enumerate(regions):
        if region.label != "figure":
            continue
        inside = [i for i, owner in enumerate(owners) if owner == number and i not in in_tables]
        groups = paragraphs([page.lines[i].box for i in inside])
        texts = [joined_text(page, [[inside[i] for i in row] for row in rows]) for rows in groups]
        box = union([region.bbox, *(fractions(page, [i]) for i in inside)])
        block = replace(region, bbox=box, text="\n".join(texts))
        figures.append(Whole(block, frozenset(inside)))
    return figures


def _label(page: Page, number: int, regions: Sequence[Block], owners: Sequence[int | None]) -> str:
    """What the line's region is; a table's lines that are in no table are prose."""
    owner = owners[number]
    label = "paragraph" if owner is None else regions[owner].label
    return "paragraph" if label in _WHOLES else label


def _content(
    page: Page,
    numbers: Sequence[int],
    labels: Mapping[int, str],
    owners: Sequence[int | None],
    wholes: Sequence[Whole],
) -> list[Block]:
    """The blocks of all lines but furniture, in reading order; list items that follow are one."""
    width, height = page.size
    boxes = [page.lines[i].led_box for i in numbers]
    boxes += [
        (x0 * width, y0 * height, x1 * width, y1 * height)
        for x0, y0, x1, y1 in (whole.block.bbox for whole in wholes)
    ]
    bold = bold_headings(page, numbers)
    sections = {i: i for i in _sections(page, numbers)} | bold
    kinds = _kinds(
        [f"section {sections[i]}" if i in sections else labels[i] for i in numbers],
        [owners[i] for i in numbers],
    )
    kinds += [-1 - number for number in range(len(wholes))]
    begins = [_is_item(page.lines[i].text) for i in numbers] + [False] * len(wholes)
    blocks: list[Block] = []
    lines = [page.lines[i] for i in numbers]
    entries = [_entry(line) for line in lines] + [0] * len(wholes)
    for rows in paragraphs(boxes, kinds, begins, entries):
        first = rows[0][0]
        if first >= len(numbers):
            blocks.append(wholes[first - len(numbers)].block)
            continue
        block = _paragraph(page, [[numbers[i] for i in row] for row in rows], labels, bold)
        if blocks and block.label == "list" == blocks[-1].label:
            block = _merged(blocks.pop(), block)
        blocks.append(block)
    return blocks


def _sections(page: Page, numbers: Sequence[int]) -> set[int]:
    """The lines that are headings by their number, and short: never the middle of a paragraph."""
    widest = max((page.lines[i].box[2] - page.lines[i].box[0] for i in numbers), default=0.0)
    return {
        i
        for i in numbers
        for line in [page.lines[i]]
        if line.box[2] - line.box[0] < _SHORT * widest
        and not line.reach
        and is_section_line(line.text)
    }


def _entry(line: TextLine) -> int:
    """1 for an entry of an index, -1 for what may go on one, else 0."""
    if line.is_led or is_entry(line.text):
        return 1
    return -1 if goes_on(line.text) else 0


def _kinds(labels: Sequence[str], owners: Sequence[int | None]) -> list[int]:
    """Numbers that differ where two lines cannot be of one paragraph.

    A heading or a caption is its region; a paragraph may reach over several regions, because the
    model cuts paragraphs at will.
    """
    names = [
        "prose" if label in ("paragraph", "list") else f"{label} {owner}"
        for label, owner in zip(labels, owners, strict=True)
    ]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return [numbers[name] for name in names]


def _paragraph(
    page: Page,
    rows: Sequence[Sequence[int]],
    labels: Mapping[int, str],
    bold: Container[int],
) -> Block:
    members = [i for row in rows for i in row]
    weights: dict[str, int] = {}
    for i in members:
        weights[labels[i]] = weights.get(labels[i], 0) + len(page.lines[i].text)
    label = max(weights, key=lambda name: weights[name])
    text = joined_text(page, rows)
    if is_caption(text):
        return block_of(page, "caption", members, text)
    is_bold = all(i in bold for i in members)
    level = heading_level(page, members, text, len(rows), label, is_bold)
    if level:
        return block_of(
            page, "title" if level == 1 else "heading", members, "#" * level + " " + text
        )
    if label in ("title", "heading") or is_furniture(label):
        label = "paragraph"
    if _is_item(text):
        item = _BULLET.sub("- ", text)
        return block_of(page, "list", members, item)
    if label == "list":
        label = "paragraph"
    return block_of(page, label, members, text)


def _is_item(text: str) -> bool:
    return bool(_BULLET.match(text) or _NUMBERED.match(text))


def _merged(above: Block, below: Block) -> Block:
    sizes = len(above.text), len(below.text)
    assert above.confidence is not None
    assert below.confidence is not None
    mean = (sizes[0] * above.confidence + sizes[1] * below.confidence) / sum(sizes)
    box = union([above.bbox, below.bbox])
    return Block("list", box, f"{above.text}\n{below.text}", mean)
