"""Resizing pages and cutting lines on the device, from a page's uint8 pixels there.

Owns: OpenCV's `resize` and `warpPerspective` as tensor steps, so that a page is sent to the device
once and nothing is copied back to be cut. Does not: choose sizes (`workers.engines.text_lines`).

`resize` is exact: OpenCV's linear interpolation of bytes computes in whole numbers, and so does
this. A cut gives OpenCV's bytes wherever a line lies straight; elsewhere 1 byte in 1,000 differs
by 1, since the sums of 16 products are rounded in another order. The tests compare both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from workers.engines.ppocr.batches import Shape
from workers.engines.ppocr.transfers import send
from workers.engines.text_lines import (
    LINE_HEIGHT_PX,
    TEXT_HEIGHT_PX,
    Floats,
    scaled_width_px,
)

_COEFFICIENT_BITS = 11
"""Of OpenCV's whole-number weights: 2,048 is 1."""
MAX_CUT_PIXELS = 1 << 19
"""Cut at once by default. Cutting takes some 200 bytes a pixel, so this is 0.1 GB."""
_STANDING_ASPECT = 1.5
"""A crop this much higher than wide is read from its left side, as RapidOCR's own crop is."""


@dataclass(frozen=True, slots=True)
class Crop:
    """One line cut out of its page: uint8 (height * width, 3) on the device, row by row.

    `is_turned`: it is to be read upside down.
    """

    pixels: Tensor
    height_px: int
    width_px: int
    is_turned: bool = False

    @property
    def scaled_px(self) -> int:
        """Its width at the recogniser's height."""
        return scaled_width_px(self.height_px, self.width_px)


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where the lines of a page are to be cut.

    `to_page`: float64 (lines, 3, 3), from a crop's pixel (x, y, 1) to its place on the page.
    `shapes`: int (lines, 2), height and width of the crops.
    """

    to_page: NDArray[np.float64]
    shapes: list[Shape]


def plan_cuts(quads: Floats) -> Cuts:
    """Where `quads`, (lines, 4, 2) clockwise from the upper left, are cut, as RapidOCR does it."""
    sides = np.linalg.norm(quads - np.roll(quads, -1, axis=1), axis=2)
    widths = np.maximum(sides[:, 0], sides[:, 2]).astype(int).tolist()
    heights = np.maximum(sides[:, 1], sides[:, 3]).astype(int).tolist()
    to_page = np.empty((len(quads), 3, 3))
    shapes = []
    for i, (quad, width, height) in enumerate(zip(quads, widths, heights, strict=True)):
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        matrix = np.linalg.inv(cv2.getPerspectiveTransform(quad, corners))
        if height >= _STANDING_ASPECT * width:
            # Turned anticlockwise, the crop's right column becomes its first row.
            matrix = matrix @ np.array([[0, -1, width - 1], [1, 0, 0], [0, 0, 1]])
            shapes.append((width, height))
        else:
            shapes.append((height, width))
        to_page[i] = matrix
    return Cuts(to_page, shapes)


def cut(page: Tensor, cuts: Cuts, max_pixels: int = MAX_CUT_PIXELS) -> list[Crop]:
    """The lines of `page`, uint8 (height, width, 3), by OpenCV's cubic interpolation.

    `max_pixels` are cut at once, or one line.
    """
    if not cuts.shapes:
        return []
    # float32 (1, 3, height, width)
    pixels = page.permute(2, 0, 1)[None].float()
    crops: list[Crop] = []
    for start, end in _chunks(cuts.shapes, max_pixels):
        crops += _cut_chunk(pixels, cuts.to_page[start:end], cuts.shapes[start:end])
    return crops


def _chunks(shapes: Sequence[Shape], max_pixels: int) -> list[tuple[int, int]]:
    """Ranges of lines of at most `max_pixels` in all, or of one line."""
    chunks, start, total = [], 0, 0
    for i, (height, width) in enumerate(shapes):
        if i > start and total + height * width > max_pixels:
            chunks.append((start, i))
            start, total = i, 0
        total += height * width
    return [*chunks, (start, len(shapes))]


def _cut_chunk(pixels: Tensor, to_page: NDArray[np.float64], shapes: Sequence[Shape]) -> list[Crop]:
    device = pixels.device
    counts = [height * width for height, width in shapes]
    total = sum(counts)
    # int64 (lines, 3): the crop's width, its number of pixels, and its first pixel of all
    layout = np.array([[w for _, w in shapes], counts, np.cumsum([0, *counts[:-1]])]).T
    lines, matrices = send(layout, device), send(to_page, device)
    # int64 (pixels,): the line of each pixel, and its place there
    owners = torch.repeat_interleave(lines[:, 1], output_size=total)
    local = torch.arange(total, device=device) - lines[owners, 2]
    widths = lines[owners, 0]
    # float64 (pixels, 3): x, y and 1 in the crop, then on the page, up to a factor
    spots = torch.stack([local % widths, local // widths, torch.ones_like(local)], dim=1).double()
    across, down, factors = ((matrices[owners, row] * spots).sum(dim=1) for row in range(3))
    # float64 (pixels, 2): from -1, the outer edge of the first pixel, to 1, that of the last
    grid = torch.stack(
        [
            (2 * across / factors + 1) / pixels.shape[3] - 1,
            (2 * down / factors + 1) / pixels.shape[2] - 1,
        ],
        dim=1,
    )
    sampled = functional.grid_sample(
        pixels, grid.float()[None, None], "bicubic", "border", align_corners=False
    )
    # uint8 (pixels, 3)
    flat = sampled[0, :, 0].round().clamp(0, 255).to(torch.uint8).T.contiguous()
    parts = torch.split(flat, counts)
    return [Crop(part, *shape) for part, shape in zip(parts, shapes, strict=True)]


def resize(image: Tensor, shape: Shape) -> Tensor:
    """`image`, uint8 (height, width, 3), at `shape`, by OpenCV's linear interpolation."""
    if image.shape[:2] == shape:
        return image
    (height, width), (new_height, new_width) = image.shape[:2], shape
    columns = _axis(width, new_width, new_width, image.device)
    # int32 (height, new width, 3): whole-number sums, 2,048 times too large
    wide = (
        image[:, columns.low] * columns.low_weights[:, None]
        + image[:, columns.high] * columns.high_weights[:, None]
    )
    rows = _axis(height, new_height, new_height, image.device)
    return _blend(
        wide[rows.low],
        wide[rows.high],
        rows.low_weights[:, None, None],
        rows.high_weights[:, None, None],
    )


def line_pixels(crops: Sequence[Crop], width_px: int) -> tuple[Tensor, Tensor]:
    """The lines at the recogniser's size, as `workers.engines.text_lines.line_pixels` makes them.

    Returns uint8 (lines, 48, `width_px`, 3), and the width of each line in it, int64 (lines,);
    what stands right of that is undefined.
    """
    device = crops[0].pixels.device
    sizes = send(_places_of(crops), device)
    # int64 (lines, 1) each
    height, width, scaled, first, step = (column[:, None] for column in sizes.unbind(dim=1))
    columns = _axis(width, scaled, width_px, device)
    rows = _axis(height, TEXT_HEIGHT_PX, TEXT_HEIGHT_PX, device)
    margin_px = (LINE_HEIGHT_PX - TEXT_HEIGHT_PX) // 2
    # int64 (48,): rows of text, of which the first and the last fill the margins
    framed = torch.arange(-margin_px, LINE_HEIGHT_PX - margin_px, device=device)
    framed = framed.clamp(0, TEXT_HEIGHT_PX - 1)
    flat = torch.cat([crop.pixels for crop in crops])

    def sums(row: Tensor) -> Tensor:
        """int32 (lines, 42, width, 3): the sums along each row, 2,048 times too large."""
        starts = (row * width)[:, :, None]
        begin, advance = first[:, :, None], step[:, :, None]
        return (
            flat[begin + advance * (starts + columns.low[:, None])]
            * columns.low_weights[:, None, :, None]
            + flat[begin + advance * (starts + columns.high[:, None])]
            * columns.high_weights[:, None, :, None]
        )

    text = _blend(
        sums(rows.low),
        sums(rows.high),
        rows.low_weights[:, :, None, None],
        rows.high_weights[:, :, None, None],
    )
    return text[:, framed], sizes[:, 2]


def _places_of(crops: Sequence[Crop]) -> NDArray[np.int64]:
    """Height, width, scaled width, first pixel among those of all crops, and step to the next.

    int64 (lines, 5). A line upside down begins at its last pixel and goes backwards.
    """
    counts = [len(crop.pixels) for crop in crops]
    ends = np.cumsum(counts).tolist()
    return np.array(
        [
            (crop.height_px, crop.width_px, crop.scaled_px)
            + ((end - 1, -1) if crop.is_turned else (end - count, 1))
            for crop, count, end in zip(crops, counts, ends, strict=True)
        ],
        np.int64,
    )


class _Axis(NamedTuple):
    """The two old pixels that each new pixel lies between, int64, and their weights, int32.

    (pixels,), or (lines, pixels) for many lines.
    """

    low: Tensor
    high: Tensor
    low_weights: Tensor
    high_weights: Tensor


def _axis(old: int | Tensor, new: int | Tensor, count: int, device: torch.device) -> _Axis:
    """Where `count` new pixels lie if a length `old` becomes `new`: () or int64 (lines, 1).

    As OpenCV computes it: places in float32, weights in 1/2,048.
    """
    pixels = torch.arange(count, device=device, dtype=torch.float64)
    scale = 1 / (new / old) if isinstance(old, int) else 1 / (new / old.double())
    spots = ((pixels + 0.5) * scale - 0.5).float()
    low = spots.floor()
    shares = spots - low
    one = 1 << _COEFFICIENT_BITS
    return _Axis(
        _within(low.long(), old),
        _within(low.long() + 1, old),
        ((1 - shares) * one).round().int(),
        (shares * one).round().int(),
    )


def _within(pixels: Tensor, length: int | Tensor) -> Tensor:
    """The nearest pixels that there are."""
    pixels = pixels.clamp(min=0)
    return pixels.clamp(max=length - 1) if isinstance(length, int) else pixels.minimum(length - 1)


def _blend(upper: Tensor, lower: Tensor, upper_weights: Tensor, lower_weights: Tensor) -> Tensor:
    """uint8: OpenCV's weighted sum of two rows of sums that are 2,048 times too large."""
    total = ((upper >> 4) * upper_weights >> 16) + ((lower >> 4) * lower_weights >> 16)
    return ((total + 2) >> 2).to(torch.uint8)
