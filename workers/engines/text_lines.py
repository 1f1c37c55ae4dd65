"""What both PP-OCRv6 engines share: from a page to the models' pixels, from lines to a reading.

Owns: decoding, the image sizes of the two models, finding boxes in a probability map, the choice
between a line and the same line upside down, a page's turn and its confidence. Detection's
post-processing and the crop are RapidOCR's own. Does not: run a model, or make blocks of lines
(`workers.layout.page_blocks`).
"""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidocr.ch_ppocr_det.utils import DBPostProcess
from rapidocr.utils.process_img import get_rotate_crop_image

from schemas.pages import Block, Box, PageError, PageImage, Reading, own_text
from workers.engines.tiles import Tile
from workers.layout import tables
from workers.layout.coverage import coverage
from workers.layout.page_blocks import TextLine, Whole, page_blocks
from workers.layout.tables import Piece, Table
from workers.layout.tables.pixels import tables_of

Pixels = NDArray[np.uint8]
"""uint8 (height, width, 3), BGR as OpenCV decodes and as the models were trained."""
Floats = NDArray[np.float32]
Recognised = tuple[str, float]
"""The recogniser's result for one line: its text and confidence."""

DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNISER = "PP-OCRv6_rec_small.onnx"

_DETECTOR_STRIDE_PX = 32
_MIN_SIDE_PX = 736
"""Smaller pages are enlarged for detection, as RapidOCR does: its `limit_side_len`."""
_MAX_SIDE_PX = 2000
"""Larger pages are reduced for detection, as RapidOCR does: its `max_side_len`."""

_MAX_LAYOUT_ASPECT = 3
"""On a strip of 420 x 5,000 px the layout model takes prose for running heads and feet."""
_LIKELY_PX = 4
"""A pixel of the map that is kept of a page: two of a line of the least height that is read."""

_LINE_HEIGHT_PX = 48
_TEXT_HEIGHT_PX = 42
"""The crop's height in it; the rest repeats the crop's edge. Page lines are 16 to 24 px high, so
all are enlarged, and width grows with height: 42 of 48 px is 12 % less work. On 1,556 lines errors
do not grow (43 px: 0.0169 of the characters, as at full height; 40 px: 0.0173, 36 px: 0.0180)."""
_LINE_WIDTH_STEP_PX = 16
"""Widths are padded to a multiple of this, so that the models see few shapes: at most
8192 / 16 = 512. A line of 560 px, the mean, gets 8 px wider: 1.4 %."""
_MAX_LINE_WIDTH_PX = 8192
"""170 times the height: a longer line is a rule or a border, and its class scores alone would take
77 MB."""

_MIN_CONFIDENCE = 0.5
"""A line of lower confidence is noise: RapidOCR's `text_score`."""
SURE_CONFIDENCE = 0.8
"""A line of lower confidence is read upside down too, instead of RapidOCR's orientation model."""
_STANDING_ASPECT = 1.5
"""RapidOCR's own limit for reading a crop from its left side."""
_TURN_SHARE = 0.7
"""A page is turned if this share of its text runs another way. Measured on pages of 6 documents in
all four orientations: at least 0.95 on turned pages, at most 0.10 on upright ones. Drawings lie
between and stay as they are."""
_LEAST_LINES_TO_TURN = 3
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


_MAX_BROKEN_SHARE = 0.1
"""Prose that stands in no columns, and is cut into some, has more of its words broken."""

_SPANNING = 0.75
_MAX_SPANNING_SHARE = 0.5
"""A column of justified prose is found as a box a row; a row of cells as a box a cell, or two."""
_MAX_BROKEN_SHARE_UNKNOWN = 0.02
"""Of a table that the layout model does not see: a ruled note is no table."""


class Line(NamedTuple):
    """One text line: its corners in pixels, float32 (4, 2), and its text."""

    corners: Floats
    text: str
    confidence: float
    is_upside_down: bool

    @property
    def is_read(self) -> bool:
        """Whether it has text that is not noise."""
        return bool(self.text) and self.confidence >= _MIN_CONFIDENCE

    @property
    def stands(self) -> bool:
        """Whether it stands on end: it is clearly higher than wide."""
        width_px, height_px = np.ptp(self.corners, axis=0)
        return bool(height_px > _STANDING_ASPECT * width_px)

    @property
    def length_px(self) -> float:
        """The longer side, since lines may stand on end."""
        return float(np.ptp(self.corners, axis=0).max())


class LineCrop(NamedTuple):
    """A line cut out of its page, and its corners there: float32 (4, 2)."""

    corners: Floats
    pixels: Pixels


class LineFinder:
    """Finds and crops a page's lines by its probability map; many threads may call it."""

    def __init__(self) -> None:
        # The thresholds of RapidOCR's own configuration.
        self._find_boxes = DBPostProcess(
            thresh=0.3, box_thresh=0.5, unclip_ratio=1.6, use_dilation=True
        )

    def __call__(self, scores: Floats, tile: Tile) -> list[LineCrop]:
        """The tile's lines, with corners on the page.

        `scores`: float32 (1, 1, height, width) of the detector's input, 0 to 1.
        """
        corners, _ = self._find_boxes(scores, tile.pixels.shape[:2])
        return [
            LineCrop(tile.on_page(quad), get_rotate_crop_image(tile.pixels, quad))
            for quad in corners
            if tile.owns(quad)
        ]


def model_file(name: str) -> Traversable:
    """The file of the model `name` in the `rapidocr` wheel."""
    return files("rapidocr") / "models" / name


def usable_cores() -> int:
    """How many cores this process may use; where the system does not tell, how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def decode_image(data: bytes) -> Pixels:
    """The pixels of an image file, as stored. Raises ValueError where OpenCV cannot decode it."""
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image: Pixels | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    if image is None:
        raise ValueError(f"not an image that OpenCV decodes ({len(data)} bytes)")
    return image


def detector_pixels(image: Pixels) -> Pixels:
    """The page at the detector's size: its sides are multiples of the detector's stride."""
    height_px, width_px = image.shape[:2]
    scale = max(1.0, _MIN_SIDE_PX / min(height_px, width_px))
    scale = min(scale, _MAX_SIDE_PX / max(height_px, width_px))
    size_px = [
        max(round(side_px * scale / _DETECTOR_STRIDE_PX), 1) * _DETECTOR_STRIDE_PX
        for side_px in (width_px, height_px)
    ]
    resized: Pixels = cv2.resize(image, size_px)
    return resized


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


def line_pixels(crop: Pixels) -> Pixels:
    """One line at the recogniser's height, not yet padded to `padded_width_px`."""
    height_px, width_px = crop.shape[:2]
    scaled_px = min(math.ceil(_TEXT_HEIGHT_PX * width_px / height_px), _MAX_LINE_WIDTH_PX)
    margin_px = (_LINE_HEIGHT_PX - _TEXT_HEIGHT_PX) // 2
    resized = cv2.resize(crop, (scaled_px, _TEXT_HEIGHT_PX))
    framed: Pixels = cv2.copyMakeBorder(resized, margin_px, margin_px, 0, 0, cv2.BORDER_REPLICATE)
    return framed


def padded_width_px(line: Pixels) -> int:
    """The width that `line` is padded to for the recogniser, with grey: 0 of -1 to 1."""
    width_px: int = line.shape[1]
    return math.ceil(width_px / _LINE_WIDTH_STEP_PX) * _LINE_WIDTH_STEP_PX


def has_page_shape(page: PageImage) -> bool:
    """Whether the layout model, which squeezes a page to a square, knows such shapes."""
    return max(page.width, page.height) <= _MAX_LAYOUT_ASPECT * min(page.width, page.height)


def choose_side(corners: Floats, upright: Recognised, turned: Recognised | None) -> Line:
    """The line as read upright, or `turned`, upside down, if that is clear and more confident."""
    if turned is not None and turned[1] > max(upright[1], SURE_CONFIDENCE):
        return Line(corners, *turned, is_upside_down=True)
    return Line(corners, *upright, is_upside_down=False)


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
    """

    grey: NDArray[np.uint8]
    likely: Floats
    regions: tuple[Block, ...] = ()


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
        blocks = page_blocks(texts, size, sight.regions, _tables(texts, size, sight))
    return Reading(
        page.page_id,
        text=own_text(blocks),
        blocks=blocks,
        confidence=_page_confidence(detected),
        turn=_turn(lines),
        coverage=seen,
    )


def _tables(lines: Sequence[TextLine], size: tuple[int, int], sight: Sight) -> list[Whole]:
    """The tables with the numbers of their lines."""
    width, height = size
    pieces = [Piece(line.box, line.text) for line in lines]
    regions = [
        (x0 * width, y0 * height, x1 * width, y1 * height)
        for region in sight.regions
        if region.label == "table"
        for x0, y0, x1, y1 in [region.bbox]
    ]
    return [
        Whole(_table_block(table, lines, size), table.pieces)
        for table in tables_of(sight.grey, pieces, regions)
        if _broken_share(table, lines) <= _most_broken(table, regions)
        and _spanning_share(table, lines) <= _MAX_SPANNING_SHARE
    ]


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
    return replace(tables.block(table, *size), confidence=sure / sum(weights) if taken else None)


def _coverage(lines: Sequence[TextLine], size: tuple[int, int], sight: Sight) -> float | None:
    width, height = size
    read = [(x0 / width, y0 / height, x1 / width, y1 / height) for (x0, y0, x1, y1), *_ in lines]
    figures = [region.bbox for region in sight.regions if region.label == "figure"]
    return coverage(sight.grey, read, figures, sight.likely)


def text_line(line: Line) -> TextLine:
    """The line with its upright box."""
    x0, y0 = line.corners.min(axis=0).tolist()
    x1, y1 = line.corners.max(axis=0).tolist()
    return TextLine((x0, y0, x1, y1), line.text, line.confidence)


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
