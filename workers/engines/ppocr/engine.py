"""The `ppocr` engine: PP-OCRv6 (small) in torch, on a CUDA device where there is one.

Owns: the order of work, so that the device is never short of it. Decoding, resizing, finding
boxes and making blocks run in threads; the caller's thread gathers what they made into batches
and starts the models; results are waited for in the threads. Does not: load weights
(`ppocr_weights`), run models (`ppocr_device`), or know more of lines than `text_lines`.

Detection is batched over pages of equal input shape (the sides are multiples of 32 px), lines
over all pages of a call by their width (multiples of 16 px). Both models pool over the whole
image, so padding to a common size would let neighbours change what is read; equal shapes cannot,
and a line has exactly the tensor that the `rapidocr` engine gives it. A shard's pages have few
shapes and its lines about a hundred widths, so batches fill all the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import islice

import torch
from rapidocr.ch_ppocr_rec.utils import CTCLabelDecode

from schemas.pages import PageImage, Reading
from workers.engines import Engine
from workers.engines.ppocr.batches import Buckets, Budget, Shape, run_in_parts
from workers.engines.ppocr.device import Fetched, PpOcrModels, Precision
from workers.engines.text_lines import (
    SURE_CONFIDENCE,
    Line,
    LineCrop,
    LineFinder,
    Pixels,
    Said,
    choose_side,
    decode_image,
    detector_pixels,
    failed_reading,
    line_pixels,
    padded_width_px,
    reading_of,
    usable_cores,
)

_PAGE_PIXELS = 1280 * 992
"""A4 at 1280 px as the detector sees it."""
_LINE_PIXELS = 48 * 560
"""The mean line."""
_MAX_WAITING_PAGES = 64
_MAX_WAITING_LINES = 4096
"""A waiting page is its pixels twice, 8 MB; a line its crop and its input, 0.1 MB: 0.9 GB."""


@dataclass(slots=True)
class _Sheet:
    """A page in flight: its lines in the order in which detection found them."""

    page: PageImage
    lines: list[Line | None] = field(default_factory=list)
    missing: int = 0
    reading: Future[Reading] = field(default_factory=Future)

    def finish(self) -> None:
        """Make the reading, all lines being there; here errors become data."""
        try:
            found = [line for line in self.lines if line is not None]
            self.reading.set_result(reading_of(self.page, found))
        except Exception as exc:  # noqa: BLE001 - a worker's boundary
            self.fail(exc)

    def fail(self, exc: BaseException) -> None:
        """The page's reading is an error; the first one stands."""
        if not self.reading.done():
            self.reading.set_result(failed_reading("ppocr", self.page, exc))


@dataclass(frozen=True, slots=True)
class _Found:
    """A page that waits for detection."""

    sheet: _Sheet
    image: Pixels
    pixels: Pixels

    @property
    def shape(self) -> Shape:
        return (self.pixels.shape[0], self.pixels.shape[1])


@dataclass(frozen=True, slots=True)
class _Unread:
    """A line that waits for recognition; `upright` is what it said the right way up."""

    sheet: _Sheet
    index: int
    crop: LineCrop
    pixels: Pixels
    upright: Said | None = None

    @property
    def shape(self) -> Shape:
        return (self.pixels.shape[0], padded_width_px(self.pixels))


_Cut = tuple[LineCrop, Pixels]
"""A line of a page, and what the recogniser is to see of it."""


class PpOcrEngine:
    """Reads pages on one device; one engine may be called by one thread at a time.

    `threads`: default, all cores this process may run on. On the CPU each computes a batch of its
    own, and torch, for the whole process, is set to one thread an operator.
    `device`: a torch device; default, CUDA where there is one, else the CPU.
    `precision`: default, fp32 on the CPU and fp16 on CUDA: on 8 real pages fp16 changed 1 of 11,324
    characters and no page's accuracy; bf16 changed 12.
    `is_compiled`: let `torch.compile` join small kernels, at a minute or so of start-up.
    """

    name = "ppocr"
    model = "PP-OCRv6-small"
    revision = version("rapidocr")  # the wheel carries the weights
    mode = "native"
    task = "text"
    guard = ""
    retries: Sequence[Engine] = ()
    figure: Engine | None = None

    def __init__(
        self,
        threads: int | None = None,
        device: str | None = None,
        precision: Precision | None = None,
        is_compiled: bool = False,
    ) -> None:
        self.threads = threads or usable_cores()
        self.models = PpOcrModels(device, precision, is_compiled)
        if self.models.is_cuda:
            pages, lines, self.lanes = 16, 128, 1
        else:
            # Larger batches take as long a page or line, and fill the cores less evenly.
            pages, lines, self.lanes = 1, 4, self.threads
            torch.set_num_threads(1)
        self.decode = CTCLabelDecode(character=self.models.characters).decode
        self.find_lines = LineFinder()
        self.page_budget = Budget(pages * _PAGE_PIXELS)
        self.line_budget = Budget(lines * _LINE_PIXELS)

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        """Read `pages`; a page that fails is a `Reading` with an error.

        What the device raises, but for being out of memory, is no page's fault and is raised.
        """
        with ThreadPoolExecutor(self.threads, "ppocr") as pool:
            return _Call(self, pool).read([_Sheet(page) for page in pages])


class _Call:
    """One call of `read`: the pages and lines in flight. All but the pool's work is one thread's.

    A page goes through `_opened`, `_detect`, `_cut` and `_take_crops`; each of its lines through
    `_recognise`, `_decode` and `_take_said`, upside down once more if that was unclear.
    """

    def __init__(self, engine: PpOcrEngine, pool: ThreadPoolExecutor) -> None:
        self._engine = engine
        self._pool = pool
        self._pages: Buckets[_Found] = Buckets(
            engine.page_budget, _MAX_WAITING_PAGES * _PAGE_PIXELS
        )
        self._lines: Buckets[_Unread] = Buckets(
            engine.line_budget, _MAX_WAITING_LINES * _LINE_PIXELS
        )
        # Batches that the device was given and whose results have not been taken, oldest first.
        self._cutting: deque[list[tuple[_Sheet, Future[list[_Cut]]]]] = deque()
        self._decoding: deque[tuple[Sequence[_Unread], Future[list[Said]]]] = deque()

    def read(self, sheets: Sequence[_Sheet]) -> list[Reading]:
        for found in self._opened(sheets):
            self._detect(self._pages.add(found.shape, found))
            self._take()
        for batch in self._pages.flush():
            self._detect(batch)
            self._take()
        self._take(max_cutting=0)
        while self._lines or self._decoding:
            for unread in self._lines.flush():
                self._recognise(unread)
            self._take(max_cutting=0, max_decoding=0)
        return [sheet.reading.result() for sheet in sheets]

    def _opened(self, sheets: Sequence[_Sheet]) -> Iterator[_Found]:
        """Decoded pages in order, a few ahead of their use; pages that do not decode fail."""
        waiting = iter(sheets)
        opening: deque[tuple[_Sheet, Future[_Found]]] = deque()
        while True:
            for sheet in islice(waiting, 2 * self._engine.threads - len(opening)):
                opening.append((sheet, self._pool.submit(_open, sheet)))
            if not opening:
                return
            sheet, future = opening.popleft()
            if exc := future.exception():
                sheet.fail(exc)
            else:
                yield future.result()

    def _detect(self, batch: Sequence[_Found]) -> None:
        """Start detection of `batch`, and the cutting of its lines after it."""
        if not batch:
            return
        parts = run_in_parts(
            lambda items: self._engine.models.detect([item.pixels for item in items]),
            batch,
            self._engine.page_budget,
        )
        cutting = []
        for items, maps in parts:
            if isinstance(maps, Fetched):
                for index, item in enumerate(items):
                    future = self._pool.submit(self._cut, maps, index, item)
                    cutting.append((item.sheet, future))
            else:
                items[0].sheet.fail(maps)
        self._cutting.append(cutting)

    def _cut(self, maps: Fetched, index: int, found: _Found) -> list[_Cut]:
        [scores] = maps.wait()
        crops = self._engine.find_lines(scores[index], found.image)
        return [(crop, line_pixels(crop.pixels)) for crop in crops]

    def _recognise(self, batch: Sequence[_Unread]) -> None:
        """Start recognition of `batch`, and its decoding after it."""
        if not batch:
            return
        parts = run_in_parts(
            lambda items: self._engine.models.recognise([item.pixels for item in items]),
            batch,
            self._engine.line_budget,
        )
        for items, maxima in parts:
            if isinstance(maxima, Fetched):
                self._decoding.append((items, self._pool.submit(self._decode, maxima)))
            else:
                items[0].sheet.fail(maxima)

    def _decode(self, maxima: Fetched) -> list[Said]:
        classes, probabilities = maxima.wait()
        said, _ = self._engine.decode(classes, probabilities, remove_duplicate=True)
        return [(text.strip(), confidence) for text, confidence in said]

    def _take(self, max_cutting: int | None = None, max_decoding: int | None = None) -> None:
        """Take results, oldest first, until no more batches than these are under way.

        By default, one of pages and two of lines for each lane: the device looks at the next
        batch while the threads work on what it found in the last.
        """
        max_cutting = self._engine.lanes if max_cutting is None else max_cutting
        max_decoding = 2 * self._engine.lanes if max_decoding is None else max_decoding
        while len(self._cutting) > max_cutting:
            for sheet, future in self._cutting.popleft():
                if exc := future.exception():
                    sheet.fail(exc)
                else:
                    self._take_crops(sheet, future.result())
        while len(self._decoding) > max_decoding:
            items, said = self._decoding.popleft()
            for item, heard in zip(items, said.result(), strict=True):
                self._take_said(item, heard)

    def _take_crops(self, sheet: _Sheet, cuts: list[_Cut]) -> None:
        sheet.lines = [None] * len(cuts)
        sheet.missing = len(cuts)
        for index, (crop, pixels) in enumerate(cuts):
            self._add_line(_Unread(sheet, index, crop, pixels))
        if not cuts:
            self._pool.submit(sheet.finish)

    def _add_line(self, item: _Unread) -> None:
        self._recognise(self._lines.add(item.shape, item))

    def _take_said(self, item: _Unread, said: Said) -> None:
        if item.upright is None and said[1] < SURE_CONFIDENCE:
            pixels = line_pixels(item.crop.pixels[::-1, ::-1])
            self._add_line(replace(item, pixels=pixels, upright=said))
            return
        sides = (said, None) if item.upright is None else (item.upright, said)
        item.sheet.lines[item.index] = choose_side(item.crop.corners, *sides)
        item.sheet.missing -= 1
        if not item.sheet.missing:
            self._pool.submit(item.sheet.finish)


def _open(sheet: _Sheet) -> _Found:
    image = decode_image(sheet.page.data)
    return _Found(sheet, image, detector_pixels(image))
