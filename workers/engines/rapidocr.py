"""The `rapidocr` engine: PP-OCRv6 (small) on ONNX Runtime, offline, on CPU cores.

Owns: loading the two models that the `rapidocr` wheel ships, and spreading pages and lines over
threads. Does not: rasterise, judge quality, or make blocks of lines
(`workers.engines.page_reading`). It never downloads: RapidOCR's own loaders, which may download,
are not called.

Why it is faster than RapidOCR, which reads page by page (measured on 2 cores of an EPYC 9004, 30
pages at 1280 px):

- Recognition takes 80 % of the time, and its cost is proportional to the pixels that it sees.
- A batch of one already uses a core almost fully: 75 us a column of 48 pixels. Larger batches
  gain nothing and add padding: 43,400 columns a page in batches of six, 32,900 alone.
- Two lines side by side use two cores better than two threads inside one operator: 37 us a column
  against 41 to 50.

So each call reads one line with one thread, and there are as many calls at once as cores; lines of
one page are read while another page is in detection. A line also reads the same whatever its
neighbours. The orientation model is left out because it turned upright lines over: on 1,556 lines
3.1 % of the characters were wrong with it, 1.7 % without.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from schemas.errors import EnvironmentFault, NoEngineError
from schemas.pages import Block, PageImage, Reading
from workers.engines.engine import Engine
from workers.engines.page_reading import (
    Sight,
    failed_reading,
    likely_text,
    reading_of,
    reduced,
)
from workers.engines.text_lines import (
    DETECTOR,
    RECOGNISER,
    SURE_CONFIDENCE,
    Line,
    LineCrop,
    Pixels,
    Recognised,
    choose_side,
    decode_image,
    decoded,
    detector_pixels,
    find_lines,
    has_page_shape,
    line_pixels,
    model_file,
    padded_width_px,
    recognised,
    usable_cores,
)
from workers.engines.tiles import tiles_of
from workers.layout.regions import shared_layout_model
from workers.layout.tables.model import shared_grid_model

Tensor = NDArray[np.float32]
"""float32 (1, 3, height, width), -1 to 1."""


@dataclass(frozen=True, slots=True)
class _Page:
    """A page in work: a future for each line that detection found, and one for its regions."""

    lines: list[Future[Line]]
    regions: Future[tuple[Block, ...]] | None
    sight: Sight


class RapidOcrEngine:
    """Reads pages with `threads` cores; only one thread at a time may call it.

    Args:
        threads: default, all cores that this process may use.
        has_layout: the layout model names the blocks.
    """

    name = "rapidocr"
    model = "PP-OCRv6-small"
    revision = version("rapidocr")  # the weights are in its wheel
    mode = "native"
    task = "markdown"
    guard = ""
    is_continuous = False
    retries: Sequence[Engine] = ()
    figure: Engine | None = None

    def __init__(self, threads: int | None = None, has_layout: bool = True) -> None:
        self._threads = threads or usable_cores()
        # One thread, as for a line: pages are what keeps the cores busy.
        self._layout = shared_layout_model(1) if has_layout else None
        self._grid = shared_grid_model(1) if has_layout else None
        self._detector = _load(DETECTOR)
        self._recogniser = _load(RECOGNISER)
        characters = self._recogniser.get_modelmeta().custom_metadata_map["character"]
        self._letters = ["", *characters.splitlines(), " "]

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        """Read `pages`; a page that fails is a `Reading` with an error."""
        readings: list[Reading] = []
        started: deque[tuple[PageImage, Future[_Page]]] = deque()
        with ThreadPoolExecutor(self._threads, "rapidocr") as pool:
            for page in pages:
                # Two pages a thread: one in detection, one in recognition. More only take memory.
                if len(started) >= 2 * self._threads:
                    readings.append(_finish(*started.popleft()))
                started.append((page, pool.submit(self._detect, page, pool)))
            readings += [_finish(page, future) for page, future in started]
        return readings

    def lines(self, page: PageImage) -> list[Line]:
        """The lines that are read on `page`, as they stand there: no turn, no blocks, no layout.

        Raises ValueError where the image cannot be decoded.
        """
        with ThreadPoolExecutor(self._threads, "rapidocr") as pool:
            found = self._detect(page, pool)
            return [line for future in found.lines if (line := future.result()).is_read]

    def _detect(self, page: PageImage, pool: ThreadPoolExecutor) -> _Page:
        """Find the lines of `page` and give each to the pool."""
        image = decode_image(page.data)
        layout = self._layout if has_page_shape(page) else None
        regions = pool.submit(layout.regions, page) if layout else None
        tiles = tiles_of(image)
        lines: list[Future[Line]] = []
        maps = []
        for tile in tiles:
            pixels = detector_pixels(tile.pixels)
            scores = self._detector.run(None, {"x": _tensor(pixels, pixels.shape[1])})[0]
            crops = find_lines(scores, tile)
            lines += [pool.submit(self._read_line, crop) for crop in crops]
            maps.append(reduced(scores, tile))
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        sight = Sight(grey, likely_text(tiles, maps), grid=self._grid)
        return _Page(lines, regions, sight)

    def _read_line(self, crop: LineCrop) -> Line:
        """Read `crop` as it is and, if the confidence is low, upside down too."""
        upright = self._recognise(crop.pixels)
        is_sure = upright.confidence >= SURE_CONFIDENCE
        turned = None if is_sure else self._recognise(crop.pixels[::-1, ::-1])
        return choose_side(crop.corners, upright, turned)

    def _recognise(self, crop: Pixels) -> Recognised:
        line = line_pixels(crop)
        scores = self._recogniser.run(None, {"x": _tensor(line, padded_width_px(line.shape[1]))})[0]
        classes = scores.argmax(axis=2)
        probabilities = scores.max(axis=2)
        text, confidence = decoded(classes[0], probabilities[0], self._letters)
        return recognised(text, confidence, classes[0], line.shape[1])


def _load(name: str) -> ort.InferenceSession:
    """A session that computes in its caller's thread: parallel callers are what uses the cores."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    model = model_file(name)
    try:
        data = model.read_bytes()
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime's errors share no narrower base
        raise NoEngineError(f"{model}: {exc}; reinstall rapidocr>=3.10, which ships it") from exc


def _tensor(image: Pixels, width_px: int) -> Tensor:
    tensor = np.zeros((1, 3, image.shape[0], width_px), np.float32)
    tensor[0, :, :, : image.shape[1]] = image.transpose(2, 0, 1)
    tensor[0, :, :, : image.shape[1]] *= 2 / 255
    tensor[0, :, :, : image.shape[1]] -= 1
    return tensor


def _finish(page: PageImage, future: Future[_Page]) -> Reading:
    """Wait for `page` and make its reading; here exceptions become the page's error."""
    try:
        done = future.result()
        regions = done.regions.result() if done.regions else ()
        sight = replace(done.sight, regions=regions)
        return reading_of(page, [line.result() for line in done.lines], sight)
    except EnvironmentFault:
        raise
    except Exception as exc:  # noqa: BLE001 - a worker's boundary
        return failed_reading("rapidocr", page, exc)
