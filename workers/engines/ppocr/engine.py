"""The `ppocr` engine: PP-OCRv6 (small) in torch, on a CUDA device where there is one.

Owns: the order of work, which keeps the device busy. A pool of threads decodes, resizes, finds
boxes, makes blocks, and waits for results; the caller's thread forms batches and starts the
models. Does not: load weights (`weights`), run models (`device`), or crop and interpret lines
(`workers.engines.text_lines`).

A batch of detection has pages of one input shape (the sides are multiples of 32 px), a batch of
recognition has lines of one width (multiples of 16 px) from all pages of a call. Both models pool
over the whole image, so with padding to a common size neighbours would change the text; with equal
shapes they cannot, and a line has exactly the tensor that the `rapidocr` engine gives it. Batches
still fill: a shard's pages have few shapes, and its lines about a hundred widths.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from importlib.metadata import version
from itertools import islice

import torch
from rapidocr.ch_ppocr_rec.utils import CTCLabelDecode

from schemas.pages import PageImage, Reading
from workers.engines.engine import Engine
from workers.engines.page_reading import reduced
from workers.engines.ppocr.batches import Buckets, Budget, run_in_parts
from workers.engines.ppocr.device import Fetched, PpOcrModels, Precision
from workers.engines.ppocr.sheets import Found, Opened, Sheet, Unread, open_page
from workers.engines.text_lines import (
    SURE_CONFIDENCE,
    LineFinder,
    Recognised,
    choose_side,
    line_pixels,
    recognised,
    usable_cores,
)
from workers.layout.regions import shared_layout_model

_PAGE_PIXELS = 1280 * 992
"""An A4 page at 1280 px, at the detector's size."""
_LINE_PIXELS = 48 * 560
"""A line of mean width."""
_MAX_WAITING_PAGES = 64
_MAX_WAITING_LINES = 4096
"""A waiting page takes 8 MB (its pixels twice), a line 0.1 MB (its crop and its input): 0.9 GB."""


class PpOcrEngine:
    """Reads pages on one device; only one thread at a time may call it.

    Args:
        threads: default, all cores that this process may use. On the CPU each computes its own
            batch, and torch is set to one thread an operator, for the whole process.
        device: a torch device; default, CUDA if there is one, else the CPU.
        precision: default, fp32 on the CPU and fp16 on CUDA. On 8 real pages fp16 changed 1 of
            11,324 characters and no page's accuracy; bf16 changed 12.
        is_compiled: let `torch.compile` join small kernels, for about a minute of start-up.
        has_layout: the layout model names the blocks, on the CPU.
    """

    name = "ppocr"
    model = "PP-OCRv6-small"
    revision = version("rapidocr")  # the weights are in its wheel
    mode = "native"
    task = "markdown"
    guard = ""
    is_continuous = False
    retries: Sequence[Engine] = ()
    figure: Engine | None = None

    def __init__(
        self,
        threads: int | None = None,
        device: str | None = None,
        precision: Precision | None = None,
        is_compiled: bool = False,
        has_layout: bool = True,
    ) -> None:
        self.threads = threads or usable_cores()
        self.layout = shared_layout_model(1) if has_layout else None
        self.models = PpOcrModels(device, precision, is_compiled)
        if self.models.is_cuda:
            pages, lines, self.lanes = 16, 128, 1
        else:
            # Larger batches are no faster a page or line, and load the cores less evenly.
            pages, lines, self.lanes = 1, 4, self.threads
            torch.set_num_threads(1)
        self.decode = CTCLabelDecode(character=self.models.characters).decode
        self.find_lines = LineFinder()
        self.page_budget = Budget(pages * _PAGE_PIXELS)
        self.line_budget = Budget(lines * _LINE_PIXELS)

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        """Read `pages`; a page that fails is a `Reading` with an error.

        Raises what the device raises, except for a lack of memory: that is no page's fault.
        """
        with ThreadPoolExecutor(self.threads, "ppocr") as pool:
            return _Call(self, pool).read([Sheet(page, self.layout) for page in pages])


class _Call:
    """One call of `read`: the pages and lines in work.

    A page goes through `_opened`, `_detect`, `_cut` and `_take_crops`. Each of its lines goes
    through `_recognise`, `_decode` and `_take_text`, and once more upside down if its confidence
    is low. `open_page`, `_cut`, `_decode` and `Sheet.finish` run in the pool, the rest in the
    caller's thread.
    """

    def __init__(self, engine: PpOcrEngine, pool: ThreadPoolExecutor) -> None:
        self._engine = engine
        self._pool = pool
        self._pages: Buckets[Opened] = Buckets(
            engine.page_budget, _MAX_WAITING_PAGES * _PAGE_PIXELS
        )
        self._lines: Buckets[Unread] = Buckets(
            engine.line_budget, _MAX_WAITING_LINES * _LINE_PIXELS
        )
        # Batches that are on the device and whose results are not taken yet, oldest first.
        self._cutting: deque[list[tuple[Opened, Future[Found]]]] = deque()
        self._decoding: deque[tuple[Sequence[Unread], Future[list[Recognised]]]] = deque()

    def read(self, sheets: Sequence[Sheet]) -> list[Reading]:
        for opened in self._opened(sheets):
            self._detect(self._pages.add(opened.shape, opened))
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

    def _opened(self, sheets: Sequence[Sheet]) -> Iterator[Opened]:
        """Decoded pages' tiles in order, a few pages ahead; a page that cannot be decoded fails."""
        waiting = iter(sheets)
        opening: deque[tuple[Sheet, Future[list[Opened]]]] = deque()
        while True:
            for sheet in islice(waiting, 2 * self._engine.threads - len(opening)):
                opening.append((sheet, self._pool.submit(open_page, sheet)))
            if not opening:
                return
            sheet, future = opening.popleft()
            if exc := future.exception():
                sheet.fail(exc)
            else:
                yield from future.result()

    def _detect(self, batch: Sequence[Opened]) -> None:
        """Start detection of `batch`, and then the cropping of its lines."""
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
                    cutting.append((item, future))
            else:
                items[0].sheet.fail(maps)
        self._cutting.append(cutting)

    def _cut(self, maps: Fetched, index: int, opened: Opened) -> Found:
        [scores] = maps.wait()
        crops = self._engine.find_lines(scores[index], opened.tile)
        lines = [(crop, line_pixels(crop.pixels)) for crop in crops]
        return Found(lines, reduced(scores[index], opened.tile))

    def _recognise(self, batch: Sequence[Unread]) -> None:
        """Start recognition of `batch`, and then its decoding."""
        if not batch:
            return
        parts = run_in_parts(
            lambda items: self._engine.models.recognise([item.pixels for item in items]),
            batch,
            self._engine.line_budget,
        )
        for items, maxima in parts:
            if isinstance(maxima, Fetched):
                widths_px = [item.pixels.shape[1] for item in items]
                lines = self._pool.submit(self._decode, maxima, widths_px)
                self._decoding.append((items, lines))
            else:
                items[0].sheet.fail(maxima)

    def _decode(self, maxima: Fetched, widths_px: Sequence[int]) -> list[Recognised]:
        classes, probabilities = maxima.wait()
        lines, _ = self._engine.decode(classes, probabilities, remove_duplicate=True)
        return [
            recognised(text, confidence, steps, width_px)
            for (text, confidence), steps, width_px in zip(lines, classes, widths_px, strict=True)
        ]

    def _take(self, max_cutting: int | None = None, max_decoding: int | None = None) -> None:
        """Take results, oldest first, until no more batches than these remain on the device.

        By default one batch of pages and two of lines for each lane remain: the device computes
        the next batch while the threads work on the results of the last.
        """
        max_cutting = self._engine.lanes if max_cutting is None else max_cutting
        max_decoding = 2 * self._engine.lanes if max_decoding is None else max_decoding
        while len(self._cutting) > max_cutting:
            for opened, future in self._cutting.popleft():
                if exc := future.exception():
                    opened.sheet.fail(exc)
                else:
                    opened.sheet.found[opened.number] = future.result()
                    self._take_crops(opened.sheet)
        while len(self._decoding) > max_decoding:
            items, future_lines = self._decoding.popleft()
            for item, line in zip(items, future_lines.result(), strict=True):
                self._take_text(item, line)

    def _take_crops(self, sheet: Sheet) -> None:
        """Give the lines of a page whose tiles are all detected to recognition."""
        cuts = [cut for found in sheet.found if found is not None for cut in found.lines]
        if None in sheet.found:
            return
        sheet.lines = [None] * len(cuts)
        sheet.missing = len(cuts)
        for index, (crop, pixels) in enumerate(cuts):
            self._add_line(Unread(sheet, index, crop, pixels))
        if not cuts:
            self._pool.submit(sheet.finish)

    def _add_line(self, item: Unread) -> None:
        self._recognise(self._lines.add(item.shape, item))

    def _take_text(self, item: Unread, line: Recognised) -> None:
        if item.upright is None and line.confidence < SURE_CONFIDENCE:
            pixels = line_pixels(item.crop.pixels[::-1, ::-1])
            self._add_line(replace(item, pixels=pixels, upright=line))
            return
        sides = (line, None) if item.upright is None else (item.upright, line)
        item.sheet.lines[item.index] = choose_side(item.crop.corners, *sides)
        item.sheet.missing -= 1
        if not item.sheet.missing:
            self._pool.submit(item.sheet.finish)
