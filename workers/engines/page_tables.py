"""Which tables and figures of a recognised page are believed, and which are something else.

Owns what speaks against them: broken words, rows of prose, leaders of an index, a head in a frame.
Does not find tables (`workers.layout.tables.pixels`) or regions (`workers.layout.regions`).
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from schemas.pages import Block, Box
from workers.layout import tables
from workers.layout.entries import are_entries
from workers.layout.leaders import leaders
from workers.layout.page_edges import counts_pages
from workers.layout.page_lines import TextLine, Whole
from workers.layout.tables import Piece, Table
from workers.layout.tables.model import GridModel
from workers.layout.tables.pixels import tables_of

_MAX_BROKEN_SHARE = 0.1
"""Prose that stands in no columns, and is cut into some, has more of its words broken."""

_SPANNING = 0.75
_MAX_SPANNING_SHARE = 0.5
"""A column of justified prose is found as a box a row; a row of cells as a box a cell, or two."""
_MAX_BROKEN_SHARE_UNKNOWN = 0.02
"""Of a table that the layout model does not see: a ruled note is no table."""
_MIN_PROSE_LINES = 5
_MIN_PROSE_CHARS = 25
"""Of a line of prose: labels in a drawing are shorter."""
_FILLED = 0.5
_FLUSH = 0.6
_EDGE = 0.15
"""Of the page's height: where a framed head or foot ends that is three lines high."""


def with_leaders(lines: Sequence[TextLine], grey: NDArray[np.uint8]) -> list[TextLine]:
    """The lines, with the dots that lead from one to another."""
    found = list(lines)
    for start, reach, end in leaders(grey, [line.box for line in lines]):
        found[start] = found[start]._replace(reach=reach)
        at = start if end is None else end
        found[at] = found[at]._replace(is_led=True)
    return found


def believed_tables(
    lines: Sequence[TextLine],
    size: tuple[int, int],
    grey: NDArray[np.uint8],
    regions: Sequence[Block],
    grid: GridModel | None,
) -> list[Whole]:
    """The tables with the numbers of their lines; a framed head or foot is labelled as one.

    Args:
        lines: with their leaders.
        size: the page's width and height in the lines' pixels.
        grey: uint8 (height, width): the page.
        regions: what the layout model found.
        grid: the model that is asked for the rows of tables without rules, if there is one.
    """
    width, height = size
    pieces = [Piece(line.box, line.text, places=line.places, stroke=line.stroke) for line in lines]
    places = [
        (x0 * width, y0 * height, x1 * width, y1 * height)
        for region in regions
        if region.label == "table"
        for x0, y0, x1, y1 in [region.bbox]
    ]
    return [
        Whole(_table_block(table, lines, size), table.pieces)
        for table in tables_of(grey, pieces, places, grid)
        if _broken_share(table, lines) <= _most_broken(table, places)
        and _spanning_share(table, lines) <= _MAX_SPANNING_SHARE
        and not _are_entries(table.pieces, lines)
    ]


def believed_regions(
    regions: Sequence[Block],
    lines: Sequence[TextLine],
    size: tuple[int, int],
    found: Sequence[Whole],
) -> list[Block]:
    """The regions but for figures that are lists of entries, boxed prose, or groups of tables."""
    return [
        region
        for region in regions
        if region.label != "figure"
        or not (_is_of_text(region, lines, size) or _has_tables(region, found))
    ]


def _are_entries(numbers: Iterable[int], lines: Sequence[TextLine]) -> bool:
    chosen = [lines[i] for i in numbers]
    are_led = [line.is_led for line in chosen]
    return are_entries([line.box for line in chosen], [line.text for line in chosen], are_led)


def _has_tables(region: Block, tables: Sequence[Whole]) -> bool:
    """Whether tables stand in a figure, which then is a group of these and their captions."""
    x0, y0, x1, y1 = region.bbox
    return any(
        x0 <= (left + right) / 2 <= x1 and y0 <= (top + bottom) / 2 <= y1
        for table in tables
        for left, top, right, bottom in [table.block.bbox]
    )


def _is_of_text(region: Block, lines: Sequence[TextLine], size: tuple[int, int]) -> bool:
    """Whether a figure is a list of contents, or a part of one, or prose on a shaded ground."""
    x0, y0, x1, y1 = (side * size[at % 2] for at, side in enumerate(region.bbox))
    inside = [
        i
        for i, line in enumerate(lines)
        if x0 <= (line.box[0] + line.box[2]) / 2 <= x1
        and y0 <= (line.box[1] + line.box[3]) / 2 <= y1
    ]
    return _are_entries(inside, lines) or _are_prose([lines[i] for i in inside], y1 - y0)


def _are_prose(lines: Sequence[TextLine], height: float) -> bool:
    """Whether lines fill most of a height, and most of these are long and begin at one margin."""
    if len(lines) < _MIN_PROSE_LINES:
        return False
    filled = sum(line.height for line in lines)
    long = [line for line in lines if len(line.text) >= _MIN_PROSE_CHARS]
    margin = statistics.median(line.box[0] for line in lines)
    flush = sum(abs(line.box[0] - margin) < line.height for line in long)
    return filled > _FILLED * height and flush >= _FLUSH * len(lines)


def _spanning_share(table: Table, lines: Sequence[TextLine]) -> float:
    """The share of the table's lines that reach over most of its width."""
    width = table.box[2] - table.box[0]
    reaches = [lines[i].box[2] - lines[i].box[0] for i in table.pieces]
    return sum(reach >= _SPANNING * width for reach in reaches) / max(len(reaches), 1)


def _most_broken(table: Table, regions: Sequence[Box]) -> float:
    x0, y0, x1, y1 = table.box
    is_known = any(
        x0 < right and left < x1 and y0 < bottom and top < y1
        for left, top, right, bottom in regions
    )
    return _MAX_BROKEN_SHARE if is_known else _MAX_BROKEN_SHARE_UNKNOWN


def _broken_share(table: Table, lines: Sequence[TextLine]) -> float:
    """The share of the lines' words that are no words of the table: it cuts through them."""
    words = Counter(word for i in table.pieces for word in lines[i].text.split())
    kept = Counter(word for cell in table.cells for word in cell.text.split())
    return (words - kept).total() / max(words.total(), 1)


def _table_block(table: Table, lines: Sequence[TextLine], size: tuple[int, int]) -> Block:
    taken = [lines[i] for i in table.pieces]
    weights = [len(line.text) for line in taken]
    sure = sum(w * line.confidence for w, line in zip(weights, taken, strict=True))
    block = replace(tables.block(table, *size), confidence=sure / sum(weights) if taken else None)
    return _as_frame(block, [line.text for line in taken])


def _as_frame(table: Block, texts: Sequence[str]) -> Block:
    """The table as a head or foot where it is one: at the page's edge, with the page's number."""
    is_top, is_bottom = table.bbox[3] <= _EDGE, table.bbox[1] >= 1 - _EDGE
    if not (is_top or is_bottom) or not counts_pages(texts):
        return table
    label = "running_head" if is_top else "running_foot"
    return replace(table, label=label, text=" ".join(texts), cells=())
