"""What both PP-OCRv6 engines share: from a page to the models' pixels, and their lines.

Owns: decoding images, the image sizes of the two models, cutting lines out of a page, their texts
and the places of their characters by the likeliest classes, and the choice between a line and the
same line upside down. The cut is RapidOCR's own. Does not: find boxes in a probability map
(`workers.engines.boxes`), run a model, or make a reading of lines (`workers.engines.page_reading`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidocr.utils.process_img import get_rotate_crop_image

from schemas.pages import PageImage
from workers.engines.boxes import find_boxes
from workers.engines.tiles import Tile

Pixels = NDArray[np.uint8]
"""uint8 (height, width, 3), BGR as OpenCV decodes and as the models were trained."""
Floats = NDArray[np.float32]

DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNISER = "PP-OCRv6_rec_small.onnx"

_DETECTOR_STRIDE_PX = 32
_MIN_SIDE_PX = 736
"""Smaller pages are enlarged for detection, as RapidOCR does: its `limit_side_len`."""
_MAX_SIDE_PX = 2000
"""Larger pages are reduced for detection, as RapidOCR does: its `max_side_len`."""

_MAX_LAYOUT_ASPECT = 3
"""On a strip of 420 x 5,000 px the layout model takes prose for running heads and feet."""
LINE_HEIGHT_PX = 48
TEXT_HEIGHT_PX = 42
"""The crop's height in it; the rest repeats the crop's edge. Page lines are 16 to 24 px high, so
all are enlarged, and width grows with height: 42 of 48 px is 12 % less work. On 1,556 lines errors
do not grow (43 px: 0.0169 of the characters, as at full height; 40 px: 0.0173, 36 px: 0.0180)."""
_LINE_WIDTH_STEP_PX = 16
"""Widths are padded to a multiple of this, so that the models see few shapes: at most
8192 / 16 = 512. A line of 560 px, the mean, gets 8 px wider: 1.4 %."""
_MAX_LINE_WIDTH_PX = 8192
"""170 times the height: a longer line is a rule or a border, and its class scores alone would take
77 MB."""

STEP_PX = 8
"""Of the line's width, between two answers of the recogniser."""

_MIN_CONFIDENCE = 0.5
"""A line of lower confidence is noise: RapidOCR's `text_score`."""
SURE_CONFIDENCE = 0.8
"""A line of lower confidence is read upside down too, instead of RapidOCR's orientation model."""
_CONFIDENCE_DIGITS = 5
"""Of a character's confidence, and of a line's, which is their mean: RapidOCR rounds both."""
_STANDING_ASPECT = 1.5
"""RapidOCR's own limit for reading a crop from its left side."""


class Recognised(NamedTuple):
    """The recogniser's result for one line: its text and confidence.

    `places` are the middles of its characters as shares of the line's length.
    """

    text: str
    confidence: float
    places: tuple[float, ...] = ()


class Line(NamedTuple):
    """One text line: its corners in pixels, float32 (4, 2), and its text.

    `places` are the middles of its characters as shares of the way from its first corner to its
    second; empty where they are not known.
    """

    corners: Floats
    text: str
    confidence: float
    is_upside_down: bool
    places: tuple[float, ...] = ()

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


def find_lines(scores: Floats, tile: Tile) -> list[LineCrop]:
    """The lines of a tile by its probability map, cut out, with corners on the page.

    `scores`: float32 (1, 1, height, width) of the detector's input, 0 to 1.
    """
    return [
        LineCrop(tile.on_page(quad), get_rotate_crop_image(tile.pixels, quad))
        for quad in find_boxes(scores[0, 0], tile.pixels.shape[:2])
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
    height_px, width_px = detector_shape(*image.shape[:2])
    resized: Pixels = cv2.resize(image, (width_px, height_px))
    return resized


def detector_shape(height_px: int, width_px: int) -> tuple[int, int]:
    """The height and width at which the detector sees a page of this size."""
    scale = max(1.0, _MIN_SIDE_PX / min(height_px, width_px))
    scale = min(scale, _MAX_SIDE_PX / max(height_px, width_px))
    height_px, width_px = (
        max(round(side_px * scale / _DETECTOR_STRIDE_PX), 1) * _DETECTOR_STRIDE_PX
        for side_px in (height_px, width_px)
    )
    return height_px, width_px


def line_pixels(crop: Pixels) -> Pixels:
    """One line at the recogniser's height, not yet padded to `padded_width_px`."""
    scaled_px = scaled_width_px(*crop.shape[:2])
    margin_px = (LINE_HEIGHT_PX - TEXT_HEIGHT_PX) // 2
    resized = cv2.resize(crop, (scaled_px, TEXT_HEIGHT_PX))
    framed: Pixels = cv2.copyMakeBorder(resized, margin_px, margin_px, 0, 0, cv2.BORDER_REPLICATE)
    return framed


def scaled_width_px(height_px: int, width_px: int) -> int:
    """The width that a crop of this size gets at the recogniser's height."""
    return min(math.ceil(TEXT_HEIGHT_PX * width_px / height_px), _MAX_LINE_WIDTH_PX)


def padded_width_px(width_px: int) -> int:
    """The width that a line is padded to for the recogniser, with grey: 0 of -1 to 1."""
    return math.ceil(width_px / _LINE_WIDTH_STEP_PX) * _LINE_WIDTH_STEP_PX


def has_page_shape(page: PageImage) -> bool:
    """Whether the layout model, which squeezes a page to a square, knows such shapes."""
    return max(page.width, page.height) <= _MAX_LAYOUT_ASPECT * min(page.width, page.height)


def decoded(
    classes: NDArray[np.integer[Any]], probabilities: Floats, letters: Sequence[str]
) -> tuple[str, float]:
    """The text and the confidence of a line, as RapidOCR's `CTCLabelDecode` decodes them.

    `classes` and `probabilities`: (steps,), the likeliest class of each step and how likely it is.
    `letters` are those of the classes, with a blank for 0.
    """
    begins = classes != 0
    begins[1:] &= classes[1:] != classes[:-1]
    text = "".join([letters[i] for i in classes[begins].tolist()])
    sure = [round(share, _CONFIDENCE_DIGITS) for share in probabilities[begins].tolist()]
    return text, float(np.mean(sure or [0.0]).round(_CONFIDENCE_DIGITS))


def recognised(
    text: str, confidence: float, classes: NDArray[np.integer[Any]], width_px: int
) -> Recognised:
    """The line as decoded from the recogniser's likeliest `classes`, int (steps,), 0 for none.

    `width_px` is the line's own, without what it was padded with.
    """
    begins = classes != 0
    begins[1:] &= classes[1:] != classes[:-1]
    firsts = np.flatnonzero(begins)
    changes = np.append(np.flatnonzero(classes[1:] != classes[:-1]) + 1, len(classes))
    # a character's steps end where the class changes next
    ends = changes[np.searchsorted(changes, firsts, side="right")] if len(firsts) else firsts
    places = np.minimum((firsts + ends) / 2 * STEP_PX / width_px, 1.0).tolist()
    if len(places) != len(text):  # a class of more than one character
        return Recognised(text.strip(), confidence)
    start = len(text) - len(text.lstrip())
    stripped = text.strip()
    return Recognised(stripped, confidence, tuple(places[start : start + len(stripped)]))


def choose_side(corners: Floats, upright: Recognised, turned: Recognised | None) -> Line:
    """The line as read upright, or `turned`, upside down, if that is clear and more confident."""
    if turned is not None and turned.confidence > max(upright.confidence, SURE_CONFIDENCE):
        places = tuple(1 - place for place in turned.places)
        return Line(corners, turned.text, turned.confidence, True, places)
    return Line(corners, upright.text, upright.confidence, False, upright.places)
