"""Blocks from the lines, drawings and pictures of a page; their boxes in points. Pure.

Does not order them: `layer` does, by `order`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from schemas.pages import Block, Box
from workers.textlayer.bylines import bylines
from workers.textlayer.content import PageContent
from workers.textlayer.lines import Line
from workers.textlayer.markdown import same_row, segments, to_markdown, union
from workers.textlayer.private_use import BRACKET_PIECES

_FIGURE_SHARE = 0.05  # of the page's area; smaller pictures are logos, icons and formulas
_BACKGROUND_SHARE = 0.5  # a picture this large lies behind the text, and comes last
_MAX_FIGURES = 50
_NEAR = 3.0  # heights of a line, from its top to that of the paragraph below
_MEANINGLESS = " \u00ad" + BRACKET_PIECES


def furniture_blocks(
    lines: Sequence[Line], labels: Mapping[int, str], content: PageContent
) -> tuple[list[Block], list[Block]]:
    """One block for each row of furniture: those of the page's upper half, and the others."""
    rows: list[tuple[str, list[Line]]] = []
    for i in sorted(labels, key=lambda i: (lines[i].box[1] + lines[i].box[3], lines[i].box[0])):
        label, line = labels[i], lines[i]
        same = label in ("line_numbers", "running_head", "running_foot")
        is_beside = label == "line_numbers" or (rows and same_row(rows[-1][1][-1], line))
        if rows and same and rows[-1][0] == label and is_beside:
            rows[-1][1].append(line)
        else:
            rows.append((label, [line]))
    heads: list[Block] = []
    feet: list[Block] = []
    for label, row in rows:
        if label != "line_numbers":
            row.sort(key=lambda line: line.box[0])
        text = " ".join(" ".join(line.text.split()) for line in row)
        block = Block(label, union(line.box for line in row), text)
        is_head = label != "watermark" and block.bbox[3] * 2 < content.height
        (heads if is_head else feet).append(block)
    return heads, feet


def turn(box: Box, quadrant: int, width: float, height: float) -> Box:
    """`box` as seen when the page is turned back by `quadrant` quarter turns clockwise."""
    x0, y0, x1, y1 = box
    if quadrant == 1:
        return (y0, width - x1, y1, width - x0)
    if quadrant == 2:
        return (width - x1, height - y1, width - x0, height - y0)
    if quadrant == 3:
        return (height - y1, x0, height - y0, x1)
    return box


def text_blocks(
    lines: Sequence[Line],
    content: PageContent,
    bodies: Mapping[str, float],
    kinds: Sequence[str] = (),
    tables: Sequence[Box] = (),
) -> list[Block]:
    """One block for each run of lines in one style, in content-stream order, `bbox` in points.

    `tables` are the boxes of the page's tables, whose lines are not among `lines`.
    """
    upright = [
        replace(line, box=turn(line.box, line.quadrant, content.width, content.height))
        if line.quadrant
        else line
        for line in lines
    ]
    parts = [
        segment
        for segment in segments(upright, kinds)
        if any(line.text.strip(_MEANINGLESS) for line in segment.lines)  # no tall bracket's parts
    ]
    centred = _centred([segment.box for segment in parts])
    written = [
        to_markdown(segment, bodies, i in centred, i == 0) for i, segment in enumerate(parts)
    ]
    is_heading = [label in ("title", "heading") for label, _ in written]
    names = bylines(parts, is_heading, content.width, tables)
    blocks: list[Block] = []
    for i, (segment, (label, text)) in enumerate(zip(parts, written, strict=True)):
        quadrant = segment.lines[0].quadrant
        across = quadrant % 2 == 1
        size = (content.height, content.width) if across else (content.width, content.height)
        box = turn(segment.box, -quadrant % 4, *size)
        is_name = i in names
        blocks.append(
            Block("paragraph", box, text.lstrip("# ")) if is_name else Block(label, box, text)
        )
    return blocks


def _centred(boxes: Sequence[Box]) -> set[int]:
    """The numbers of boxes on the axis of the page's text, or of the column that goes on below
    them, with a tenth of its width on both sides."""
    if not boxes:
        return set()
    whole = union(boxes)
    below = (_column_below(box, after) for box, after in itertools.pairwise(boxes))
    columns = [*below, None]
    return {
        i
        for i, (box, column) in enumerate(zip(boxes, columns, strict=True))
        if _is_on_axis(box, whole) or (column is not None and _is_on_axis(box, column))
    }


def _column_below(box: Box, after: Box) -> Box | None:
    """The next box in the stream, where that stands right below and is wider on both sides."""
    is_near = 0 <= after[1] - box[1] < _NEAR * (box[3] - box[1])
    return after if is_near and after[0] < box[0] and after[2] > box[2] else None


def _is_on_axis(box: Box, column: Box) -> bool:
    left, right = box[0] - column[0], column[2] - box[2]
    width = column[2] - column[0]
    return left > 0.1 * width and abs(left - right) < 0.04 * width


def notes_last(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with the footnotes of all columns at the end; a note under a table stays."""

    def is_at_foot(note: Block) -> bool:
        return note.label == "footnote" and not any(
            other.label not in ("footnote", "figure")
            and other.bbox[1] >= note.bbox[3]
            and other.bbox[0] < note.bbox[2]
            and note.bbox[0] < other.bbox[2]
            for other in blocks
        )

    return sorted(blocks, key=is_at_foot)


def drawing(lines: Sequence[Line]) -> Block:
    """The labels of a drawing as one block, row by row."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.box[1] + line.box[3], line.box[0])):
        if rows and same_row(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    texts = (
        "  ".join(line.text.strip() for line in sorted(row, key=lambda line: line.box[0]))
        for row in rows
    )
    return Block("figure", union(line.box for line in lines), "\n".join(texts))


def figures(content: PageContent) -> tuple[list[Block], list[Block]]:
    """Pictures over a twentieth of the page: those among the text, then those behind it."""
    page_area = content.width * content.height
    figures: list[Block] = []
    backgrounds: list[Block] = []
    for box in dict.fromkeys(content.images):
        share = (box[2] - box[0]) * (box[3] - box[1]) / page_area
        if share > _BACKGROUND_SHARE:
            backgrounds.append(Block("figure", box, ""))
        elif share > _FIGURE_SHARE:
            figures.append(Block("figure", box, ""))
    return figures[:_MAX_FIGURES], backgrounds[:_MAX_FIGURES]
