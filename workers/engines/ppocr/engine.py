"""The `ppocr` engine: PP-OCRv6 (small) in torch, on a CUDA device where there is one.

Owns: the order of work, which keeps the device busy. A pool of threads decodes, finds boxes,
makes blocks, and waits for results; the caller's thread forms batches and starts the models.
Does not: load weights (`weights`, `layout`), run models (`device`), find boxes (`boxes`), cut lines
(`images`), or interpret them (`transcripts`, `workers.engines.text_lines`).

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

from schemas.pages import PageImage, Reading
from workers.engines.engine import Engine
from workers.engines.ppocr.batches import Buckets, Budget, run_in_parts
from workers.engines.ppocr.device import PpOcrModels, Precision
from workers.engines.ppocr.sheets import (
    Found,
    Layout,
    Opened,
    Sheet,
    Unread,
    cut_lines,
    open_page,
)
from workers.engines.ppocr.transcripts import Transcriber
from workers.engines.ppocr.transfers import Fetched
from workers.engines.text_lines import SURE_CONFIDENCE, Recognised, choose_side, usable_cores
from workers.layout.tables.model import shared_grid_model

_PAGE_PIXELS = 1280 * 992
"""An A4 page at 1280 px, at the detector's size."""
_LINE_PIXELS = 48 * 560
"""A line of mean width."""
CUDA_PAGES = 16
CUDA_LINES = 128
"""In a batch on CUDA, where a half of the free memory holds both kinds."""
_PAGE_BYTES = 133 * _PAGE_PIXELS
"""The detector takes 0.4 GB for 3 million pixels in float32: 0.17 GB a page, 2.7 GB a batch."""
_LINE_BYTES = 560 // 8 * 18710 * 12
"""Of the classes' scores at each of 70 steps, and their softmax in float32: 16 MB a line, 2 GB a
batch."""
_MAX_WAITING_PAGES = 64
_MAX_WAITING_LINES = 4096
"""A waiting page takes 4 MB on the host and on the device, a line 0.03 MB on the device: 0.4 GB."""


class PpOcrEngine:
    """Reads pages on one device; only one thread at a time may call it.

    Args:
        threads: default, all cores that this process may use. On the CPU each computes its own
            batch, and torch is set to one thread an operator, for the whole process.
        device: a torch device; default, CUDA if there is one, else the CPU.
        precision: default, fp32 on the CPU and fp16 on CUDA. On 8 real pages fp16 changed 1 of
            11,324 characters and no page's accuracy; bf16 changed 12.
        is_compiled: let `torch.compile` join small kernels, for about a minute of start-up.
        has_layout: the layout model names the blocks, and on the CPU a table model tells the rows
            of the few tables that neither rules nor alignment part.
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
        self.has_layout = has_layout
        self.grid = shared_grid_model(1) if has_layout else None
        self.models = PpOcrModels(device, precision, is_compiled, has_layout)
        self.transcribe = Transcriber(self.models.characters)
        free_bytes = self.models.free_bytes()
        if free_bytes is not None:
            pages, lines = free_bytes // 4 // _PAGE_BYTES, free_bytes // 4 // _LINE_BYTES
            self.use_batches(min(CUDA_PAGES, pages), min(CUDA_LINES, lines), lanes=1)
        else:
            # Larger batches are no faster a page or line, and load the cores less evenly.
            self.use_batches(1, 4, lanes=self.threads)
            torch.set_num_threads(1)

    def use_batches(self, pages: int, lines: int, lanes: int) -> None:
        """Put so many pages and lines of mean size in a batch, for each of `lanes` at once."""
        self.page_budget = Budget(pages * _PAGE_PIXELS)
        self.line_budget = Budget(lines * _LINE_PIXELS)
        self.lanes = lanes

    def read(self, pages: Sequence[PageImage]) -> list[Reading]:
        """Read `pages`; a page that fails is a `Reading` with an error.

        Raises what the device raises, except for a lack of memory: that is no page's fault.
        """
        with ThreadPoolExecutor(self.threads, "ppocr") as pool:
            return _Call(self, pool).read([Sheet(page) for page in pages])


class _Call:
    """One call of `read`: the pages and lines in work.

    A page goes through `_opened`, `_detect`, `_cut` and `_take_crops`. Each of its lines goes
    through `_recognise`, `_decode` and `_take_text`, and once more upside down if its confidence
    is low. `_open`, `_cut`, `_decode` and `Sheet.finish` run in the pool, the rest in the
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
                opening.append((sheet, self._pool.submit(self._open, sheet)))
            if not opening:
                return
            sheet, future = opening.popleft()
            if exc := future.exception():
                sheet.fail(exc)
            else:
                yield from future.result()

    def _open(self, sheet: Sheet) -> list[Opened]:
        return open_page(sheet, self._engine.models, self._engine.has_layout)

    def _detect(self, batch: Sequence[Opened]) -> None:
        """Start detection and layout of `batch`, and then the cutting of its lines."""
        if not batch:
            return
        parts = run_in_parts(self._start_detection, batch, self._engine.page_budget)
        cutting = []
        for items, maps in parts:
            if isinstance(maps, Fetched):
                for index, item in enumerate(items):
                    future = self._pool.submit(self._cut, maps, index, item)
                    cutting.append((item, future))
            else:
                items[0].sheet.fail(maps)
        self._cutting.append(cutting)

    def _start_detection(self, batch: Sequence[Opened]) -> Fetched:
        models = self._engine.models
        maps = models.detect([item.pixels for item in batch], batch[0].shape)
        sheets = [item.sheet for item in batch if item.number == 0]
        squeezed = [sheet.squeezed for sheet in sheets if sheet.squeezed is not None]
        if squeezed:
            laid_out = models.lay_out(squeezed)
            seen = (sheet for sheet in sheets if sheet.squeezed is not None)
            for number, sheet in enumerate(seen):
                sheet.layout = Layout(laid_out, number)
        return maps

    def _cut(self, maps: Fetched, index: int, opened: Opened) -> Found:
        [likely] = maps.wait()
        return cut_lines(opened, likely[index], self._engine.models)

    def _recognise(self, batch: Sequence[Unread]) -> None:
        """Start recognition of `batch`, and then its decoding."""
        if not batch:
            return
        _, width_px = batch[0].shape
        parts = run_in_parts(
            lambda items: self._engine.models.recognise([item.crop for item in items], width_px),
            batch,
            self._engine.line_budget,
        )
        for items, maxima in parts:
            if isinstance(maxima, Fetched):
                widths_px = [item.crop.scaled_px for item in items]
                lines = self._pool.submit(self._decode, maxima, widths_px)
                self._decoding.append((items, lines))
            else:
                items[0].sheet.fail(maxima)

    def _decode(self, maxima: Fetched, widths_px: Sequence[int]) -> list[Recognised]:
        classes, probabilities = maxima.wait()
        with self._engine.models.clock.host("transcripts"):
            return self._engine.transcribe(classes, probabilities, widths_px)

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
        cuts = [
            line
            for found in sheet.found
            if found is not None
            for line in zip(found.corners, found.crops, strict=True)
        ]
        if None in sheet.found:
            return
        sheet.lines = [None] * len(cuts)
        sheet.missing = len(cuts)
        for index, (corners, crop) in enumerate(cuts):
            self._add_line(Unread(sheet, index, corners, crop))
        if not cuts:
            self._finish(sheet)

    def _add_line(self, item: Unread) -> None:
        self._recognise(self._lines.add(item.shape, item))

    def _take_text(self, item: Unread, line: Recognised) -> None:
        if item.upright is None and line.confidence < SURE_CONFIDENCE:
            turned = replace(item.crop, is_turned=True)
            self._add_line(replace(item, crop=turned, upright=line))
            return
        sides = (line, None) if item.upright is None else (item.upright, line)
        item.sheet.lines[item.index] = choose_side(item.corners, *sides)
        item.sheet.missing -= 1
        if not item.sheet.missing:
            self._finish(item.sheet)

    def _finish(self, sheet: Sheet) -> None:
        self._pool.submit(sheet.finish, self._engine.models.clock, self._engine.grid)
