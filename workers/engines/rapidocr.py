"""The `rapidocr` engine: PP-OCRv6 (small) on ONNX Runtime, offline, on CPU cores.

Owns: loading the two models that the `rapidocr` wheel ships, spreading pages and lines over
threads, and making blocks of lines. Detection's post-processing, the crop and the CTC decoder
are RapidOCR's own. Does not: rasterise, judge quality, or find the reading order
(`workers.reading_order`). It never downloads: RapidOCR's own loaders, which may, are not called.

Why it is faster than RapidOCR page by page (2 cores of an EPYC 9004, 30 pages at 1280 px):
recognition is 80 % of the time and its cost is the pixels it sees. Its convolutions run near the
peak of a core in a batch of one, 75 us a column of 48 pixels, so a batch buys nothing and costs
its padding (43,400 columns a page in batches of six, 32,900 alone), and two lines side by side
use two cores better than two threads inside one operator (37 us a column against 41 to 50). So:
one line a call, one thread a call, as many calls at once as there are cores, and lines of one
page fill the time in which another is in detection. A line then also reads the same whatever its
neighbours. The orientation model is left out: it turned upright lines over, 3.1 % wrong
characters with it and 1.7 % without on 1,556 lines.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from typing import NamedTuple

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from rapidocr.ch_ppocr_det.utils import DBPostProcess
from rapidocr.ch_ppocr_rec.utils import CTCLabelDecode
from rapidocr.utils.process_img import get_rotate_crop_image

from schemas.errors import ModelError
from schemas.pages import Block, Box, PageError, PageImage, Reading, join_blocks
from workers.engines import Engine
from workers.reading_order import join_lines, paragraphs

Pixels = NDArray[np.uint8]
"""uint8 (height, width, 3), BGR as OpenCV decodes and as the models were trained."""
Tensor = NDArray[np.float32]
"""float32 (1, 3, height, width), -1 to 1."""

_DETECTOR = "PP-OCRv6_det_small.onnx"
_RECOGNISER = "PP-OCRv6_rec_small.onnx"

_DETECTOR_STRIDE_PX = 32
_MIN_SIDE_PX = 736
"""Smaller pages are enlarged for detection, as RapidOCR does: its `limit_side_len`."""
_MAX_SIDE_PX = 2000
"""Larger pages are reduced for detection, as RapidOCR does: its `max_side_len`."""

_LINE_HEIGHT_PX = 48
_TEXT_HEIGHT_PX = 42
"""The crop's share of it; the rest repeats its edge. Page lines are 16 to 24 px and are enlarged
anyway, and width follows height: 42 / 48 is 12 % less work, with as many errors on 1,556 lines
(43 px: 0.0169 of the characters, as at full height; 40 px: 0.0173, 36 px: 0.0180)."""
_LINE_WIDTH_STEP_PX = 16
"""Widths are padded up to a multiple, so that the runtime plans memory for few shapes: at most
8192 / 16 = 512. A line of 560 px, the mean, gains 8 px: 1.4 %."""
_MAX_LINE_WIDTH_PX = 8192
"""170 heights: longer is a rule or a border, and its class scores alone would be 77 MB."""

_MIN_CONFIDENCE = 0.5
"""Below it a line is noise: RapidOCR's `text_score`."""
_SURE_CONFIDENCE = 0.8
"""Below it a line is read upside down too, in place of RapidOCR's orientation model."""
_TITLE_HEIGHT = 1.3
"""Of the page's median line: 13 points over 10."""


class _Line(NamedTuple):
    """One text line: its corners in pixels, float32 (4, 2), and what it says."""

    corners: NDArray[np.float32]
    text: str
    confidence: float
    is_upside_down: bool

    @property
    def is_read(self) -> bool:
        return bool(self.text) and self.confidence >= _MIN_CONFIDENCE

    @property
    def length_px(self) -> float:
        """The longer side: lines may be upright."""
        return float(np.ptp(self.corners, axis=0).max())


@dataclass(frozen=True, slots=True)
class _Page:
    """A page in flight: a future for each line that detection found."""

    lines: list[Future[_Line]]


class RapidOcrEngine:
    """Reads pages with `threads` cores; one engine may be called by one thread at a time.

    `threads`: default, all cores this process may run on.
    """

    name = "rapidocr"
    model = "PP-OCRv6-small"
    revision = version("rapidocr")  # the wheel carries the weights
    mode = "native"
    task = "text"
    guard = ""
    retries: Sequence[Engine] = ()
    figure: Engine | None = None

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or _cores()
        self._detector = _load(_DETECTOR)
        self._recogniser = _load(_RECOGNISER)
        characters = self._recogniser.get_modelmeta().custom_metadata_map["character"]
        self._decode = CTCLabelDecode(character=characters.splitlines())
        # The thresholds of RapidOCR's own configuration.
        self._find_boxes = DBPostProcess(
            thresh=0.3, box_thresh=0.5, unclip_ratio=1.6, use_dilation=True
        )

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        """Read `pages`; a page that fails is a `Reading` with an error."""
        readings: list[Reading] = []
        flying: deque[tuple[PageImage, Future[_Page]]] = deque()
        with ThreadPoolExecutor(self._threads, "rapidocr") as pool:
            for page in pages:
                # Two pages a thread: one in detection, one in lines. More only holds memory.
                if len(flying) >= 2 * self._threads:
                    readings.append(_finish(*flying.popleft()))
                flying.append((page, pool.submit(self._detect, page, pool)))
            readings += [_finish(page, future) for page, future in flying]
        return readings

    def _detect(self, page: PageImage, pool: ThreadPoolExecutor) -> _Page:
        """Find the lines of `page` and hand each to the pool."""
        image = _decode_image(page.data)
        scores = self._detector.run(None, {"x": _detector_input(image)})[0]
        corners, _ = self._find_boxes(scores, image.shape[:2])
        crops = [(quad, get_rotate_crop_image(image, quad)) for quad in corners]
        return _Page([pool.submit(self._read_line, quad, crop) for quad, crop in crops])

    def _read_line(self, corners: NDArray[np.float32], crop: Pixels) -> _Line:
        """Read `crop` as it is and, when that gives no clear text, upside down."""
        text, confidence = self._recognise(crop)
        if confidence < _SURE_CONFIDENCE:
            turned_text, turned_confidence = self._recognise(crop[::-1, ::-1])
            if turned_confidence > max(confidence, _SURE_CONFIDENCE):
                return _Line(corners, turned_text, turned_confidence, True)
        return _Line(corners, text, confidence, False)

    def _recognise(self, crop: Pixels) -> tuple[str, float]:
        scores = self._recogniser.run(None, {"x": _line_input(crop)})[0]
        [(text, confidence)], _ = self._decode(scores)
        return text.strip(), confidence


def _cores() -> int:
    """The cores this process may run on; only Linux tells, elsewhere all of them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _load(name: str) -> ort.InferenceSession:
    """A session that computes in its caller's thread, so that callers are the parallelism."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    model = files("rapidocr") / "models" / name
    try:
        data = model.read_bytes()
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime's errors share no narrower base
        raise ModelError(f"{model}: {exc}; reinstall rapidocr>=3.10, which ships it") from exc


def _decode_image(data: bytes) -> Pixels:
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image: Pixels | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    if image is None:
        raise ValueError(f"not an image that OpenCV decodes ({len(data)} bytes)")
    return image


def _detector_input(image: Pixels) -> Tensor:
    """The whole page, its sides rounded to the detector's stride."""
    height_px, width_px = image.shape[:2]
    scale = max(1.0, _MIN_SIDE_PX / min(height_px, width_px))
    scale = min(scale, _MAX_SIDE_PX / max(height_px, width_px))
    size_px = [
        max(round(side_px * scale / _DETECTOR_STRIDE_PX), 1) * _DETECTOR_STRIDE_PX
        for side_px in (width_px, height_px)
    ]
    return _tensor(cv2.resize(image, size_px), size_px[0])


def _line_input(crop: Pixels) -> Tensor:
    """One line at the recogniser's height, its width padded to the next step with grey."""
    height_px, width_px = crop.shape[:2]
    scaled_px = min(math.ceil(_TEXT_HEIGHT_PX * width_px / height_px), _MAX_LINE_WIDTH_PX)
    steps = math.ceil(scaled_px / _LINE_WIDTH_STEP_PX)
    margin_px = (_LINE_HEIGHT_PX - _TEXT_HEIGHT_PX) // 2
    resized = cv2.resize(crop, (scaled_px, _TEXT_HEIGHT_PX))
    framed = cv2.copyMakeBorder(resized, margin_px, margin_px, 0, 0, cv2.BORDER_REPLICATE)
    return _tensor(framed, steps * _LINE_WIDTH_STEP_PX)


def _tensor(image: Pixels, width_px: int) -> Tensor:
    tensor = np.zeros((1, 3, image.shape[0], width_px), np.float32)
    tensor[0, :, :, : image.shape[1]] = image.transpose(2, 0, 1)
    tensor[0, :, :, : image.shape[1]] *= 2 / 255
    tensor[0, :, :, : image.shape[1]] -= 1
    return tensor


def _finish(page: PageImage, future: Future[_Page]) -> Reading:
    """Wait for `page` and make its reading; this is the boundary where errors become data."""
    try:
        lines = [line.result() for line in future.result().lines]
        return _reading(page, lines)
    except Exception as exc:  # noqa: BLE001 - a worker's boundary
        error = PageError("engine_error", f"rapidocr: {type(exc).__name__}: {exc}")
        return Reading(page.page_id, error=error)


def _reading(page: PageImage, found: list[_Line]) -> Reading:
    lines = [line for line in found if line.is_read]
    if not lines:
        return Reading(page.page_id)
    corners = np.stack([line.corners for line in lines])
    # boxes: float (lines, 4)
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    # A page scanned upside down is ordered as it would be read.
    is_turned = 2 * sum(line.is_upside_down for line in lines) > len(lines)
    groups = paragraphs(-boxes[:, [2, 3, 0, 1]] if is_turned else boxes)
    usual_height_px = float(np.median(boxes[:, 3] - boxes[:, 1]))
    blocks = tuple(_block(page, lines, boxes, rows, usual_height_px) for rows in groups)
    return Reading(
        page.page_id,
        text=join_blocks(blocks),
        blocks=blocks,
        confidence=_page_confidence(found),
    )


def _block(
    page: PageImage,
    lines: list[_Line],
    boxes: NDArray[np.float32],
    rows: list[list[int]],
    usual_height_px: float,
) -> Block:
    members = [i for row in rows for i in row]
    heights_px = boxes[members, 3] - boxes[members, 1]
    is_title = len(rows) <= 3 and float(heights_px.min()) >= _TITLE_HEIGHT * usual_height_px
    return Block(
        label="title" if is_title else "text",
        bbox=_fractions(page, boxes[members]),
        text=join_lines([" ".join(lines[i].text for i in row) for row in rows]),
        confidence=_mean_confidence([lines[i] for i in members]),
    )


def _fractions(page: PageImage, boxes: NDArray[np.float32]) -> Box:
    x0, y0 = np.clip(boxes[:, :2].min(axis=0) / (page.width, page.height), 0, 1).tolist()
    x1, y1 = np.clip(boxes[:, 2:].max(axis=0) / (page.width, page.height), 0, 1).tolist()
    return (x0, y0, x1, y1)


def _page_confidence(lines: list[_Line]) -> float:
    """Weighted by length, a line that could not be read counting as 0.

    So a page in a script that the model does not know has a low confidence, though the few words
    that it does know were read well.
    """
    sure_px = sum(line.confidence * line.length_px for line in lines if line.is_read)
    return sure_px / sum(line.length_px for line in lines)


def _mean_confidence(lines: list[_Line]) -> float:
    """Weighted by length: a page number says less about a page than a paragraph."""
    weights = [len(line.text) for line in lines]
    return sum(w * line.confidence for w, line in zip(weights, lines, strict=True)) / sum(weights)
