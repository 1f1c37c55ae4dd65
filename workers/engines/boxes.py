"""Boxes of lines from a detector's map, as RapidOCR's `DBPostProcess` finds them.

RapidOCR takes 0.3 ms a box, most of it in numpy calls on four points each. Here only what OpenCV
and Clipper do is done box by box; the rest is done for all boxes of a page at once. Importing
RapidOCR's would load all its settings, which takes 1.5 s of a core in each replica. From a device
the map comes as a byte a pixel: a quarter of what it would have to copy, and mask and scores follow
from it alone. The tests compare the boxes of both kinds of maps with RapidOCR's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pyclipper
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Map = NDArray[np.uint8] | Floats
"""The probability of text at each pixel, (height, width): float32, or uint8 with 255 for 1."""

# The thresholds of RapidOCR's own configuration.
_LIKELY = 0.3
"""A pixel that is likelier is of text. As a byte this is 0.3 * 255 = 76.5, which no byte equals."""
_LEAST_SCORE = 0.5
_MAX_CONTOURS = 1000
_MIN_SIDE_PX = 3
_MIN_SIDE_GROWN_PX = _MIN_SIDE_PX + 2
_MIN_SIDE_ON_IMAGE_PX = 4
_GROWTH = 1.6
_DILATION = np.ones((2, 2), np.uint8)


def find_boxes(likely: Map, size: tuple[int, int]) -> Floats:
    """The corners of the lines of an image of `size`, (height, width), by its map.

    Returns float32 (lines, 4, 2): x and y of whole pixels, clockwise from the upper left.
    """
    one = 255 if likely.dtype == np.uint8 else 1
    mask = cv2.dilate((likely > _LIKELY * one).astype(np.uint8), _DILATION)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    boxes = _least_boxes(contours[:_MAX_CONTOURS], _MIN_SIDE_PX)
    boxes = boxes[_scores(likely, boxes) >= _LEAST_SCORE * one]
    grown = _least_boxes(_grown(boxes), _MIN_SIDE_GROWN_PX)
    return _on_image(grown, likely.shape, size)


def _least_boxes(shapes: Sequence[NDArray[Any]], min_side_px: int) -> Floats:
    """The least upright or slanted box around each shape, unless it is thinner than `min_side_px`.

    float32 (boxes, 4, 2), clockwise from the upper left.
    """
    rects = [rect for shape in shapes if min((rect := cv2.minAreaRect(shape))[1]) >= min_side_px]
    points = np.array([cv2.boxPoints(rect) for rect in rects], np.float32).reshape(-1, 4, 2)
    return _clockwise(points, is_first_lower=True)


def _clockwise(points: NDArray[Any], is_first_lower: bool) -> NDArray[Any]:
    """Each box's corners from the upper left on, of its two leftmost and two rightmost points.

    `is_first_lower`: of a pair at one height, the first is the lower one. RapidOCR takes it so
    for the boxes of contours, and the other way for the final boxes.
    """
    order = np.argsort(points[:, :, 0], axis=1, kind="stable")
    points = np.take_along_axis(points, order[:, :, None], axis=1)
    left, right = points[:, :2], points[:, 2:]
    swaps = [
        side[:, 1, 1] <= side[:, 0, 1] if is_first_lower else side[:, 1, 1] < side[:, 0, 1]
        for side in (left, right)
    ]
    left, right = (
        np.where(swap[:, None, None], side[:, ::-1], side)
        for swap, side in zip(swaps, (left, right), strict=True)
    )
    return np.stack([left[:, 0], right[:, 0], right[:, 1], left[:, 1]], axis=1)


def _scores(likely: Map, boxes: Floats) -> NDArray[np.float64]:
    """The mean of the map inside each box: (boxes,)."""
    height, width = likely.shape
    lows = np.floor(boxes.min(axis=1)).astype(np.int32)
    highs = np.ceil(boxes.max(axis=1)).astype(np.int32)
    bounds = np.array([width - 1, height - 1], np.int32)
    lows, highs = np.clip(lows, 0, bounds), np.clip(highs, 0, bounds)
    corners = (boxes - lows[:, None].astype(np.float32)).astype(np.int32)
    scores = np.empty(len(boxes))
    for i, ((x0, y0), (x1, y1)) in enumerate(zip(lows.tolist(), highs.tolist(), strict=True)):
        inside = np.zeros((y1 - y0 + 1, x1 - x0 + 1), np.uint8)
        cv2.fillPoly(inside, corners[i : i + 1], 1)
        scores[i] = cv2.mean(likely[y0 : y1 + 1, x0 : x1 + 1], inside)[0]
    return scores


def _grown(boxes: Floats) -> list[NDArray[np.int32]]:
    """Each box with its sides moved out by a share of its area over its length, corners rounded."""
    after = np.roll(boxes, -1, axis=1).astype(np.float64)
    before = boxes.astype(np.float64)
    areas = np.abs((before[..., 0] * after[..., 1] - after[..., 0] * before[..., 1]).sum(axis=1))
    lengths = np.hypot(*np.moveaxis(after - before, 2, 0)).sum(axis=1)
    distances = (areas / 2 * _GROWTH / lengths).tolist()
    grown = []
    for box, distance in zip(boxes.tolist(), distances, strict=True):
        offset = pyclipper.PyclipperOffset()
        offset.AddPath(box, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
        points = [point for path in offset.Execute(distance) for point in path]
        grown.append(np.array(points, np.int32))
    return [points for points in grown if len(points)]


def _on_image(boxes: Floats, map_size: tuple[int, int], size: tuple[int, int]) -> Floats:
    """The boxes in pixels of the image, without those that are too thin there."""
    sides = np.array([map_size[1], map_size[0]], np.float32)
    image = np.array([size[1], size[0]], np.float32)
    whole = np.clip(np.round(boxes / sides * image), 0, image)
    corners = np.minimum(_clockwise(whole, is_first_lower=False), image - 1)
    widths = np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1)
    heights = np.linalg.norm(corners[:, 0] - corners[:, 3], axis=1)
    kept: Floats = corners[np.minimum(widths, heights) >= _MIN_SIDE_ON_IMAGE_PX]
    return kept
