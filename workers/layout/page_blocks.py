"""From a page's text lines and the layout model's regions to labelled blocks in reading order.

Owns which line belongs to which region, what a paragraph is called, its Markdown, and the place of
furniture and footnotes. Does not find lines, regions, tables or the order of lines
(`reading_order`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from schemas.labels import is_furniture
from schemas.pages import Block, Box
from workers.layout.reading_order import join_lines, paragraphs

_INSIDE = 0.5
"""A line belongs to the region that holds this share of its area; the least such region counts."""
_WHOLES = ("table", "figure")
_LEAST_FIGURE_LINE = 0.8
"""A line with less of its area in a figure may be a caption that the figure's box touches."""

_EDGE = 0.12
"""Of the page's height, at its top and bottom: where furniture is. The widest foot margin of 40
manuals, LaTeX's default on A4, has its page number at 0.88."""
_MAX_EDGE_ROWS = 4
"""More rows at an edge are text that the model mistakes for a head."""
_HEADING_HEIGHT = 1.3
"""A heading's height over that of the page's median line: 13 points over 10."""
_LEVEL_HEIGHTS = ((1.6, 1), (1.25, 2))
"""Least height of a heading, over the median line's, and its level; a lower one has level 3."""
_MAX_HEADING_ROWS = 4
_MAX_HEADING_CHARS = 200

_PAGE_NUMBER = re.compile(
    r"\W{0,3}(?:(?:page|seite|página|pagina|стр\.?|第|p\.)\s*)?"
    r"(?:\d{1,4}|[ivxlcIVXLC]{1,6}|[A-Z]{1,2}-\d{1,3})(?:\s*(?:/|of|von|de|di|из)\s*\d{1,4})?"
    r"\s*[页頁]?\W{0,3}",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^(?:[•◦▪▫‣●○■□➢➤✓]\s*|[∙⁃·–*-]\s+)(?=\S)")
_NUMBERED = re.compile(r"^(?:\(?\d{1,3}[.)]|\(?[a-z][.)]|\[\d{1,3}\])\s*(?=[^\W\d_])")
_SECTION = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+\S")
_SUBSECTION = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,4}\.?\s+[^\W\d_].{0,80}[^\W\d_][)?!]?")
"""A line of its own with a number of two parts; one of a table of contents ends in a number."""
_HEADING_START = re.compile(r"[\w\"'“«„‘(\[¿¡§「『【\\]")
"""A command begins with its prompt or a dash."""
_LEADERS = re.compile(r"(?:\s?[.·…]){4,}\s*")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


class TextLine(NamedTuple):
    """A line that was read: its box in pixels of the page."""

    box: Box
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Whole:
    """A block that is read as one: a table or a figure, and the numbers of the lines in it."""

    block: Block
    lines: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Page:
    lines: Sequence[TextLine]
    size: tuple[int, int]
    usual_height: float


def page_blocks(
    lines: Sequence[TextLine],
    size: tuple[int, int],
    regions: Sequence[Block] = (),
    tables: Sequence[Whole] = (),
) -> tuple[Block, ...]:
    """The blocks of a page, furniture too: heads first, feet last, footnotes before the feet.

    Each line is in exactly one block.

    Args:
        lines: the lines, in any order.
        size: the page's width and height in the lines' pixels.
        regions: what the layout model found, in fractions of the page; tables among them tell
            nothing, because `tables` does.
        tables: tables with their text.
    """
    if not lines:
        return tuple(region for region in regions if region.label == "figure")
    heights = [line.box[3] - line.box[1] for line in lines]
    page = _Page(lines, size, float(np.median(heights)))
    owners = _owners(page, regions)
    wholes = [*tables, *_figures(page, regions, owners, tables)]
    taken = {i for whole in wholes for i in whole.lines}
    labels = {i: _label(page, i, regions, owners) for i in range(len(lines)) if i not in taken}
    furniture = _furniture(page, labels, [whole.block for whole in wholes])
    content = [i for i in labels if i not in furniture]
    blocks = _content(page, content, labels, owners, wholes)
    notes = [block for block in blocks if block.label == "footnote"]
    body = [block for block in blocks if block.label != "footnote"]
    heads, feet = _edge_blocks(page, furniture)
    return (*heads, *body, *notes, *feet)


def _owners(page: _Page, regions: Sequence[Block]) -> list[int | None]:
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
    for row in shares:
        inside = np.flatnonzero(row >= least)
        owners.append(int(inside[np.argmin(sizes[inside])]) if len(inside) else None)
    return owners


def _figures(
    page: _Page, regions: Sequence[Block], owners: Sequence[int | None], tables: Sequence[Whole]
) -> list[Whole]:
    """The figures with the words in them, in reading order."""
    in_tables = {i for table in tables for i in table.lines}
    figures = []
    for number, region in enumerate(regions):
        if region.label != "figure":
            continue
        inside = [i for i, owner in enumerate(owners) if owner == number and i not in in_tables]
        groups = paragraphs([page.lines[i].box for i in inside])
        texts = [_joined(page, [[inside[i] for i in row] for row in rows]) for rows in groups]
        box = _union([region.bbox, *(_fractions(page, [i]) for i in inside)])
        block = replace(region, bbox=box, text="\n".join(texts))
        figures.append(Whole(block, frozenset(inside)))
    return figures


def _label(page: _Page, number: int, regions: Sequence[Block], owners: Sequence[int | None]) -> str:
    """What the line's region is; a table's lines that are in no table are prose."""
    owner = owners[number]
    label = "paragraph" if owner is None else regions[owner].label
    return "paragraph" if label in _WHOLES else label


def _furniture(page: _Page, labels: Mapping[int, str], wholes: Sequence[Block]) -> dict[int, str]:
    """The lines that are furniture, and what each is.

    The model's heads and feet count only at the page's edge and outside all content; of lines
    without a label only numbers do, because rules cannot tell a head from a title.
    """
    height = page.size[1]
    rows = _rows_of(page, labels)
    top, bottom = _furniture_ends(page, rows, labels)
    furniture: dict[int, str] = {}
    for is_top, part in ((True, rows[:top]), (False, rows[len(rows) - bottom :])):
        for row in part:
            for i in row:
                place = "running_head" if is_top else "running_foot"
                is_number = _PAGE_NUMBER.fullmatch(page.lines[i].text) is not None
                furniture[i] = "page_number" if is_number else place
    edges = [box for block in wholes for box in (block.bbox[1] * height, block.bbox[3] * height)]
    if not edges:
        return furniture
    return {
        i: label
        for i, label in furniture.items()
        if not min(edges) < _middle(page.lines[i].box) < max(edges)
    }


def _rows_of(page: _Page, numbers: Iterable[int]) -> list[list[int]]:
    """Lines whose middles lie within half a line, over the whole width, from the top."""
    rows: list[list[int]] = []
    for i in sorted(numbers, key=lambda i: (_middle(page.lines[i].box), i)):
        height = page.lines[i].box[3] - page.lines[i].box[1]
        reach = min(height, page.usual_height) / 2
        if rows and _middle(page.lines[i].box) - _middle(page.lines[rows[-1][0]].box) < reach:
            rows[-1].append(i)
        else:
            rows.append([i])
    return rows


def _furniture_ends(
    page: _Page, rows: Sequence[Sequence[int]], labels: Mapping[int, str]
) -> tuple[int, int]:
    """How many rows from the top, and from the bottom, are furniture; never all rows."""
    height = page.size[1]

    def is_furniture_row(row: Sequence[int], is_top: bool) -> bool:
        middles = [_middle(page.lines[i].box) / height for i in row]
        is_at_edge = max(middles) <= _EDGE if is_top else min(middles) >= 1 - _EDGE
        are_numbers = [_PAGE_NUMBER.fullmatch(page.lines[i].text) is not None for i in row]
        are_marked = [is_furniture(labels[i]) for i in row]
        known = [number or marked for number, marked in zip(are_numbers, are_marked, strict=True)]
        # A number alone in its row, or beside a head; in a row of cells numbers are cells.
        return is_at_edge and all(known) and (len(row) == 1 or any(are_marked))

    top = next((n for n, row in enumerate(rows) if not is_furniture_row(row, True)), 0)
    rest = len(rows) - top
    bottom = next(
        (n for n, row in enumerate(reversed(rows)) if not is_furniture_row(row, False)), 0
    )
    return (top if top <= _MAX_EDGE_ROWS else 0), (
        min(bottom, rest) if bottom <= _MAX_EDGE_ROWS else 0
    )


def _edge_blocks(page: _Page, furniture: Mapping[int, str]) -> tuple[list[Block], list[Block]]:
    """A block a row and label: those of the upper half, and those of the lower."""
    heads: list[Block] = []
    feet: list[Block] = []
    for row in _rows_of(page, furniture):
        parts: dict[str, list[int]] = {}
        for i in sorted(row, key=lambda i: page.lines[i].box[0]):
            parts.setdefault(furniture[i], []).append(i)
        is_top = _middle(page.lines[row[0]].box) < page.size[1] / 2
        (heads if is_top else feet).extend(
            _block(page, label, members, _joined(page, [members]))
            for label, members in parts.items()
        )
    return heads, feet


def _content(
    page: _Page,
    numbers: Sequence[int],
    labels: Mapping[int, str],
    owners: Sequence[int | None],
    wholes: Sequence[Whole],
) -> list[Block]:
    """The blocks of all lines but furniture, in reading order; list items that follow are one."""
    width, height = page.size
    boxes = [page.lines[i].box for i in numbers]
    boxes += [
        (x0 * width, y0 * height, x1 * width, y1 * height)
        for x0, y0, x1, y1 in (whole.block.bbox for whole in wholes)
    ]
    kinds = _kinds([labels[i] for i in numbers], [owners[i] for i in numbers])
    kinds += [-1 - number for number in range(len(wholes))]
    begins = [_is_item(page.lines[i].text) for i in numbers] + [False] * len(wholes)
    blocks: list[Block] = []
    for rows in paragraphs(boxes, kinds, begins):
        first = rows[0][0]
        if first >= len(numbers):
            blocks.append(wholes[first - len(numbers)].block)
            continue
        block = _paragraph(page, [[numbers[i] for i in row] for row in rows], labels)
        if blocks and block.label == "list" == blocks[-1].label:
            block = _merged(blocks.pop(), block)
        blocks.append(block)
    return blocks


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


def _paragraph(page: _Page, rows: Sequence[Sequence[int]], labels: Mapping[int, str]) -> Block:
    members = [i for row in rows for i in row]
    weights: dict[str, int] = {}
    for i in members:
        weights[labels[i]] = weights.get(labels[i], 0) + len(page.lines[i].text)
    label = max(weights, key=lambda name: weights[name])
    text = _joined(page, rows)
    level = _heading_level(page, members, text, len(rows), label)
    if level:
        return _block(page, "title" if level == 1 else "heading", members, "#" * level + " " + text)
    if label in ("title", "heading") or is_furniture(label):
        label = "paragraph"
    if _is_item(text):
        item = _BULLET.sub("- ", text)
        return _block(page, "list", members, item)
    if label == "list":
        label = "paragraph"
    return _block(page, label, members, text)


def _heading_level(page: _Page, members: Sequence[int], text: str, rows: int, label: str) -> int:
    """The level of a heading, 0 for none: as the model says, or by its height."""
    if rows > _MAX_HEADING_ROWS or len(text) > _MAX_HEADING_CHARS:
        return 0
    if sum(char.isalpha() for char in text) < 2 or not _HEADING_START.match(text):
        return 0
    heights = [page.lines[i].box[3] - page.lines[i].box[1] for i in members]
    ratio = float(np.median(heights)) / page.usual_height
    is_named = label in ("title", "heading")
    is_large = min(heights) >= _HEADING_HEIGHT * page.usual_height and label == "paragraph"
    is_section = rows == 1 and label == "paragraph" and bool(_SUBSECTION.fullmatch(text))
    if not (is_named or is_large or is_section) or (
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


def _is_item(text: str) -> bool:
    return bool(_BULLET.match(text) or _NUMBERED.match(text))


def _joined(page: _Page, rows: Sequence[Sequence[int]]) -> str:
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


def _block(page: _Page, label: str, members: Sequence[int], text: str) -> Block:
    lines = [page.lines[i] for i in members]
    # A page number says less about a page than a paragraph.
    weights = [len(line.text) for line in lines]
    mean = sum(w * line.confidence for w, line in zip(weights, lines, strict=True)) / sum(weights)
    return Block(label, _fractions(page, members), text, mean)


def _merged(above: Block, below: Block) -> Block:
    sizes = len(above.text), len(below.text)
    assert above.confidence is not None
    assert below.confidence is not None
    mean = (sizes[0] * above.confidence + sizes[1] * below.confidence) / sum(sizes)
    box = _union([above.bbox, below.bbox])
    return Block("list", box, f"{above.text}\n{below.text}", mean)


def _fractions(page: _Page, members: Sequence[int]) -> Box:
    boxes = np.array([page.lines[i].box for i in members], float)
    x0, y0 = np.clip(boxes[:, :2].min(axis=0) / page.size, 0, 1).tolist()
    x1, y1 = np.clip(boxes[:, 2:].max(axis=0) / page.size, 0, 1).tolist()
    return (x0, y0, x1, y1)


def _union(boxes: Sequence[Box]) -> Box:
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    return (min(x0s), min(y0s), max(x1s), max(y1s))


def _middle(box: Box) -> float:
    return (box[1] + box[3]) / 2
