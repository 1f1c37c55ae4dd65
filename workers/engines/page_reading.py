"""From the lines that were recognised on a page to its reading.

Owns a page's turn, confidence and coverage. Does not run a model, find lines (`text_lines`), say
which tables are believed (`page_tables`), or make blocks of lines (`workers.layout.page_blocks`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.pages import Block, PageError, PageImage, Reading, own_text
from workers.engines.page_tables import believed_regions, believed_tables, with_leaders
from workers.engines.text_lines import Floats, Line
from workers.engines.tiles import Tile
from workers.layout.coverage import coverage
from workers.layout.edge_rules import edge_rules
from workers.layout.page_blocks import page_blocks
from workers.layout.page_lines import TextLine
from workers.layout.stroke_widths import stroke_widths
from workers.layout.tables.model import GridModel

_LIKELY_PX = 4
"""A pixel of the map that is kept of a page: two of a line of the least height that is read."""
_TURN_SHARE = 0.7
"""A page is turned if this share of its text runs another way. Measured on pages of 6 documents in
all four orientations: at least 0.95 on turned pages, at most 0.10 on upright ones. Drawings lie
between and stay as they are."""
_LEAST_LINES_TO_TURN = 3
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


def reduced(scores: Floats, tile: Tile) -> Floats:
    """A tile's map at a quarter of its size, which is enough to tell where text is."""
    height, width = (-(-side // _LIKELY_PX) for side in tile.pixels.shape[:2])
    small: Floats = cv2.resize(scores[0, 0].astype(np.float32), (width, height))
    return small


def likely_text(tiles: Sequence[Tile], maps: Sequence[Floats]) -> Floats:
    """How likely each place of a page is text, from the `reduced` maps of its tiles."""
    places = [(tile.top // _LIKELY_PX, tile.left // _LIKELY_PX) for tile in tiles]
    height = max(top + part.shape[0] for (top, _), part in zip(places, maps, strict=True))
    width = max(left + part.shape[1] for (_, left), part in zip(places, maps, strict=True))
    whole = np.zeros((height, width), np.float32)
    for (top, left), part in zip(places, maps, strict=True):
        place = whole[top : top + part.shape[0], left : left + part.shape[1]]
        np.maximum(place, part, out=place)
    return whole


def failed_reading(engine: str, page: PageImage, exc: BaseException) -> Reading:
    """The reading of a page on which `engine` raised `exc`."""
    detail = f"{engine}: {type(exc).__name__}: {exc}"
    return Reading(page.page_id, error=PageError("engine_error", detail))


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen of a page besides its lines.

    Args:
        grey: its pixels, uint8 (height, width).
        likely: how likely text is, float32 (height, width) of any size.
        regions: what the layout model found; empty where it did not look.
        grid: the model that is asked for the rows of tables without rules, if there is one.
    """

    grey: NDArray[np.uint8]
    likely: Floats
    regions: tuple[Block, ...] = ()
    grid: GridModel | None = None


def reading_of(page: PageImage, detected: Sequence[Line], sight: Sight | None = None) -> Reading:
    """The reading of a page from all lines that detection found, read or not."""
    lines = [line for line in detected if line.is_read]
    size = (page.width, page.height)
    texts = [text_line(line) for line in lines]
    seen = None if sight is None else _coverage(texts, size, sight)
    if not lines:
        return Reading(page.page_id, coverage=seen)
    # Of a page scanned upside down, the order is that of the page turned upright.
    is_turned = 2 * sum(line.is_upside_down for line in lines) > len(lines)
    if is_turned:
        blocks = _turned_blocks(texts, size)
    elif sight is None:
        blocks = page_blocks(texts, size)
    else:
        lines_led = with_strokes(with_leaders(texts, sight.grey), sight.grey)
        found = believed_tables(lines_led, size, sight.grey, sight.regions, sight.grid)
        regions = believed_regions(sight.regions, lines_led, size, found)
        blocks = page_blocks(lines_led, size, regions, found, edge_rules(sight.grey))
    return Reading(
        page.page_id,
        text=own_text(blocks),
        blocks=blocks,
        confidence=_page_confidence(detected),
        turn=_turn(lines),
        coverage=seen,
    )


def with_strokes(lines: Sequence[TextLine], grey: NDArray[np.uint8]) -> list[TextLine]:
    """The lines with the widths of their strokes."""
    widths = stroke_widths(grey, [line.box for line in lines])
    return [line._replace(stroke=width) for line, width in zip(lines, widths, strict=True)]


def _coverage(lines: Sequence[TextLine], size: tuple[int, int], sight: Sight) -> float | None:
    width, height = size
    read = [(x0 / width, y0 / height, x1 / width, y1 / height) for (x0, y0, x1, y1), *_ in lines]
    figures = [region.bbox for region in sight.regions if region.label == "figure"]
    return coverage(sight.grey, read, figures, sight.likely)


def text_line(line: Line) -> TextLine:
    """The line with its upright box."""
    x0, y0 = line.corners.min(axis=0).tolist()
    x1, y1 = line.corners.max(axis=0).tolist()
    start, end = line.corners[0], line.corners[1]
    runs_across = abs(end[0] - start[0]) > abs(end[1] - start[1])
    places: Floats = start[0] + np.array(line.places, np.float32) * (end[0] - start[0])
    depth = float(np.linalg.norm(line.corners[3] - start)) if runs_across else 0.0
    return TextLine(
        (x0, y0, x1, y1),
        line.text,
        line.confidence,
        tuple(places.tolist()) if runs_across else (),
        _slant(line),
        depth=min(depth, y1 - y0),
    )


def _slant(line: Line) -> float:
    """Degrees between the line and the nearest of both axes."""
    across, down = np.abs(line.corners[1] - line.corners[0]).tolist()
    return math.degrees(math.atan2(min(across, down), max(across, down)))


def _turned_blocks(lines: Sequence[TextLine], size: tuple[int, int]) -> tuple[Block, ...]:
    """The blocks of a page that lies upside down; the layout model knows upright pages only."""
    width, height = size
    upright = [
        line._replace(box=(width - x1, height - y1, width - x0, height - y0))
        for line in lines
        for x0, y0, x1, y1 in [line.box]
    ]
    return tuple(
        replace(block, bbox=(1 - x1, 1 - y1, 1 - x0, 1 - y0))
        for block in page_blocks(upright, size)
        for x0, y0, x1, y1 in [block.bbox]
    )


def _turn(lines: Sequence[Line]) -> int:
    """The degrees clockwise that make the page upright, by the direction of most of its text.

    A line that stands on end is read from its left side; upside down then means that it runs
    upwards. Columns of Han or kana do not count: they stand on end on an upright page too.
    """
    if len(lines) < _LEAST_LINES_TO_TURN:
        return 0
    stands = [line.stands and not _UNSPACED.search(line.text) for line in lines]
    if _share(lines, stands) >= _TURN_SHARE:
        upwards = [line.is_upside_down for line in lines]
        share = _share(lines, upwards)
        return 90 if share >= _TURN_SHARE else 270 if share <= 1 - _TURN_SHARE else 0
    over = [line.is_upside_down and not line.stands for line in lines]
    return 180 if _share(lines, over) >= _TURN_SHARE else 0


def _share(lines: Sequence[Line], is_chosen: Sequence[bool]) -> float:
    """The chosen lines' share of the length of all lines."""
    lengths = [line.length_px for line in lines]
    chosen = [length for length, is_in in zip(lengths, is_chosen, strict=True) if is_in]
    return sum(chosen) / sum(lengths)


def _page_confidence(lines: Sequence[Line]) -> float:
    """The mean over detected lines, weighted by length; a line without text counts as 0.

    So a page in a script that the model does not know has a low confidence, even if its few words
    in a known script were read well.
    """
    sure_px = sum(line.confidence * line.length_px for line in lines if line.is_read)
    return sure_px / sum(line.length_px for line in lines)
