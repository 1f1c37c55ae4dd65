"""Rasterise pages of PDFs and images in killable children, and read their text layers.

A child opens one document at a time by path, so memory depends on the page, not on the file. It
has an address-space limit and dies with its parent; a page that crashes or hangs a native library
costs only its child. What counts as a page of which file is settled in the inventory; this module
knows paths and page indices only.
"""

from __future__ import annotations

import atexit
import functools
import multiprocessing
import os
import resource
import signal
from collections.abc import Iterator
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pebble
import pymupdf
from PIL import Image, ImageOps
from pymupdf import mupdf

from schemas.errors import DocumentError
from schemas.ids import page_id
from schemas.pages import PageError, PageImage, RasteredPage, Reading
from schemas.recipe import Raster, TextLayer
from workers import textlayer
from workers.native import die_with_parent
from workers.pictures import encode
from workers.signatures import image_hash

PDF = "application/pdf"
_MULTI_PAGE_IMAGES = {"image/tiff", "image/webp"}
# A task costs 0.25 ms whatever it does, a page 7 to 15. When a chunk hangs or crashes its pages
# are done again one by one, so a hung page costs its time twice and its neighbours nothing.
_PAGES_PER_TASK = 8
# MuPDF keeps all it parsed while a document is open, and pictures longer: 3,000 pages with a
# picture each took 565 MiB where 64 pages took 193.
_USES_BEFORE_REOPENING = 64
_INK_CONTRAST = 40  # grey levels from the background that count as a mark


@dataclass(frozen=True, slots=True)
class RasterSettings:
    """What a page image is made like, and whether the text layer may stand for a reading."""

    raster: Raster
    routing: str
    text_layer: TextLayer
    min_ink_share: float


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """Limits of one child: seconds a page, bytes of address space."""

    page_timeout_s: float
    memory_bytes: int


def sniff(head: bytes) -> str | None:
    """The media type by a file's first 1024 bytes, or None for what is no document here."""
    if b"%PDF-" in head[:1024]:
        return PDF
    for magic, media_type in (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"II*\x00", "image/tiff"),
        (b"MM\x00*", "image/tiff"),
        (b"II+\x00", "image/tiff"),
        (b"MM\x00+", "image/tiff"),
    ):
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None


class Rasterizer:
    """A child process that renders pages, replaced whenever it dies."""

    def __init__(self, settings: RasterSettings, limits: ChildLimits) -> None:
        self._settings = settings
        self._limits = limits
        self._pool = pebble.ProcessPool(
            max_workers=1,
            initializer=_start_child,
            initargs=[limits.memory_bytes],
            context=multiprocessing.get_context("spawn"),
        )

    def count_pages(self, path: Path, media_type: str) -> int:
        """Pages of a document. Raises DocumentError where they cannot be counted."""
        future = self._schedule(_count_pages, str(path), media_type)
        error = None
        try:
            return int(future.result())
        except Exception as exc:  # noqa: BLE001 - a worker's boundary: becomes a typed reject
            error = _page_error(exc, self._limits)
        raise DocumentError(error.reason, error.detail)

    def rasterise(
        self, path: Path, media_type: str, doc_id: str, indices: range
    ) -> Iterator[RasteredPage]:
        """Render pages in order; a page that fails is a RasteredPage with an error."""
        document = (str(path), media_type, doc_id)
        chunks = [
            indices[start : start + _PAGES_PER_TASK]
            for start in range(0, len(indices), _PAGES_PER_TASK)
        ]
        futures = [self._render(document, chunk) for chunk in chunks]
        for chunk, future in zip(chunks, futures, strict=True):
            try:
                yield from future.result()
            except Exception:  # noqa: BLE001 - one of these pages ended the child: which, is seen alone
                for index in chunk:
                    yield self._render_alone(document, index)

    def _render_alone(self, document: tuple[str, str, str], index: int) -> RasteredPage:
        try:
            (page,) = self._render(document, range(index, index + 1)).result()
        except Exception as exc:  # noqa: BLE001 - a worker's boundary: becomes a typed reject
            return RasteredPage(page_id(document[2], index), error=_page_error(exc, self._limits))
        return page  # type: ignore[no-any-return]

    def _render(self, document: tuple[str, str, str], indices: range) -> Any:
        return self._schedule(_render_pages, *document, indices, self._settings, self._limits)

    def _schedule(self, function: Any, *args: Any) -> Any:
        return self._pool.schedule(function, args=args, timeout=self._limits.page_timeout_s)

    def close(self) -> None:
        """End the child."""
        self._pool.stop()
        self._pool.join()


@functools.lru_cache(maxsize=1)
def shared_rasterizer(settings: RasterSettings, limits: ChildLimits) -> Rasterizer:
    """This process's rasterizer: its child stays warm from one shard to the next."""
    rasterizer = Rasterizer(settings, limits)
    atexit.register(rasterizer.close)
    return rasterizer


def _page_error(exc: Exception, limits: ChildLimits) -> PageError:
    detail = " ".join(str(exc).split())[:500]
    if isinstance(exc, DocumentError):
        return PageError(exc.reason, exc.detail)
    if isinstance(exc, FutureTimeoutError | TimeoutError):
        return PageError("timeout", f"not done after {limits.page_timeout_s:g} s")
    if isinstance(exc, MemoryError) or "malloc" in detail:
        return PageError("memory_limit", f"needed more than {limits.memory_bytes / 2**20:.0f} MiB")
    if isinstance(exc, pebble.ProcessExpired):
        return PageError("native_crash", f"the rasterising process ended: {detail}")
    return PageError("corrupt", f"{type(exc).__name__}: {detail}")


# ---- in the child -------------------------------------------------------------------------


@dataclass(slots=True)
class _OpenDocument:
    key: tuple[str, int, int] | None = None
    handle: Any = None
    uses: int = 0


_open = _OpenDocument()


def _start_child(memory_bytes: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver, which ends us
    die_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    Image.MAX_IMAGE_PIXELS = None  # the recipe's limit is checked instead, before decoding


def _opened(path: str, media_type: str) -> Any:
    # The same path may hold another file by now.
    found = os.stat(path)
    key = (path, found.st_size, found.st_mtime_ns)
    if _open.key != key or _open.uses >= _USES_BEFORE_REOPENING:
        if _open.handle is not None:
            _open.handle.close()
        _open.key, _open.handle = None, None
        if _open.uses >= _USES_BEFORE_REOPENING:
            _open.uses = 0
            # Closing leaves the pictures there. Not at each document: colour transforms go too.
            pymupdf.TOOLS.store_shrink(100)
        _open.handle = _open_pdf(path) if media_type == PDF else _open_image(path)
        _open.key = key
    _open.uses += 1
    return _open.handle


def _open_pdf(path: str) -> Any:
    try:
        document = pymupdf.open(path, filetype="pdf")
    except (RuntimeError, ValueError) as exc:
        raise DocumentError("corrupt", f"PDF cannot be opened: {exc}") from exc
    if document.needs_pass:
        raise DocumentError("encrypted", "PDF needs a password; decrypt it and add it again")
    return document


def _open_image(path: str) -> Image.Image:
    try:
        return Image.open(path)
    except OSError as exc:
        raise DocumentError("corrupt", f"image cannot be opened: {exc}") from exc


def _count_pages(path: str, media_type: str) -> int:
    document = _opened(path, media_type)
    if media_type == PDF:
        count = document.page_count
        if count == 0 and document.is_repaired:
            raise DocumentError("corrupt", "PDF is damaged: no page is left after repair")
    else:
        count = getattr(document, "n_frames", 1) if media_type in _MULTI_PAGE_IMAGES else 1
    if count < 1:
        raise DocumentError("no_pages", "the document has no page")
    return int(count)


def _render_pages(
    path: str,
    media_type: str,
    doc_id: str,
    indices: range,
    settings: RasterSettings,
    limits: ChildLimits,
) -> list[RasteredPage]:
    pages = []
    for index in indices:
        page = page_id(doc_id, index)
        try:
            pages.append(_render_page(path, media_type, page, index, settings))
        except Exception as exc:  # noqa: BLE001 - a worker's boundary: becomes a typed reject
            pages.append(RasteredPage(page, error=_page_error(exc, limits)))
    return pages


def _render_page(
    path: str, media_type: str, page: str, index: int, settings: RasterSettings
) -> RasteredPage:
    document = _opened(path, media_type)
    layer, layer_reason = None, None
    if media_type == PDF:
        pdf_page = document.load_page(index)
        picture, _memory = _render_pdf_page(pdf_page, settings.raster)
        if settings.routing != "never":
            layer, layer_reason = _read_layer(pdf_page, page, settings.text_layer)
    else:
        picture = _render_frame(document, index, settings.raster)
    grey = picture.convert("L")  # the whole: on a sample of it the hash would not bear rescaling
    ink_share = _ink_share(grey)
    if ink_share < settings.min_ink_share:
        error = PageError("blank", f"{ink_share:.6f} of the pixels are marked")
        return RasteredPage(page, error=error, ink_share=ink_share)
    failure: PageError | None = None
    if settings.routing == "only" and layer is None:
        failure = PageError("no_text_layer", layer_reason or "not a PDF")
    return RasteredPage(
        page,
        PageImage(page, encode(picture, settings.raster), picture.width, picture.height),
        ink_share,
        image_hash(grey),
        layer,
        layer_reason,
        failure,
    )


def _render_pdf_page(page: Any, raster: Raster) -> tuple[Image.Image, Any]:
    """The page on white, and the pixmap whose memory the picture shows and must not outlive.

    Pixels of four bytes are the ones that Pillow takes from MuPDF without a copy, which is 10 %
    of a page's time. On white paper they hold what `Page.get_pixmap` gives, but that transparent
    groups may round to another of 256 levels.
    """
    width, height = page.rect.width, page.rect.height
    longest, shortest = max(width, height), min(width, height)
    if longest > raster.max_page_points or longest > shortest * raster.max_aspect:
        raise DocumentError("page_too_large", f"page of {width:.6g} x {height:.6g} points")
    # A hair less than the target, so that rounding outwards never adds a pixel.
    zoom = (raster.longest_edge_px - 1e-3) / longest
    matrix = mupdf.FzMatrix(zoom, 0, 0, zoom, 0, 0)
    bounds = mupdf.fz_round_rect(mupdf.fz_transform_rect(mupdf.fz_bound_page(page.this), matrix))
    pixmap = mupdf.fz_new_pixmap_with_bbox(mupdf.fz_device_rgb(), bounds, mupdf.FzSeparations(), 1)
    mupdf.fz_clear_pixmap_with_value(pixmap, 255)
    device = mupdf.fz_new_draw_device(matrix, pixmap)
    mupdf.fz_run_page(page.this, device, mupdf.FzMatrix(), mupdf.FzCookie())
    mupdf.fz_close_device(device)
    size = (mupdf.fz_pixmap_width(pixmap), mupdf.fz_pixmap_height(pixmap))
    samples = mupdf.fz_pixmap_samples_memoryview(pixmap)
    stride = mupdf.fz_pixmap_stride(pixmap)
    return Image.frombuffer("RGBX", size, samples, "raw", "RGBX", stride, 1), pixmap


def _read_layer(pdf_page: Any, page: str, floors: TextLayer) -> tuple[Reading | None, str | None]:
    try:
        layer = textlayer.extract(pdf_page)
    except MemoryError:
        raise
    except Exception as exc:  # noqa: BLE001 - an engine can still read the page
        return None, f"failed: {type(exc).__name__}"
    reason = textlayer.judge(layer.signals, floors)
    if reason is not None:
        return None, reason
    return Reading(page, layer.text, layer.blocks), None


def _render_frame(image: Image.Image, index: int, raster: Raster) -> Image.Image:
    image.seek(index)
    width, height = image.size
    if width * height > raster.max_image_pixels:
        raise DocumentError("page_too_large", f"image of {width} x {height} pixels")
    if max(width, height) > raster.max_aspect * min(width, height):
        raise DocumentError("page_too_large", f"image of {width} x {height} pixels is too narrow")
    frame = ImageOps.exif_transpose(image)
    if frame.mode.startswith(("I", "F")):
        frame = _eight_bits(frame)
    if frame.mode in ("RGBA", "LA", "PA") or "transparency" in frame.info:
        frame = frame.convert("RGBA")
        paper = Image.new("RGBA", frame.size, "white")
        frame = Image.alpha_composite(paper, frame)
    frame = frame.convert("RGB")
    edge = raster.longest_edge_px
    if max(frame.size) > edge:
        frame.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    return frame


def _eight_bits(frame: Image.Image) -> Image.Image:
    """Greys of 16 or 32 bits or floats in 8 bits; `convert` would clip them at 255."""
    values = np.asarray(frame)
    if values.dtype == np.uint16:
        return Image.fromarray((values >> 8).astype(np.uint8))
    # Integers of 32 bits and floats have no fixed white: the brightest value is it.
    low, high = float(values.min()), float(values.max())
    scaled = (values.astype(np.float64) - low) * (255 / (high - low)) if high > low else values * 0
    return Image.fromarray(scaled.astype(np.uint8))


def _ink_share(grey: Image.Image) -> float:
    """The share of pixels unlike the background, by every third pixel of every third row."""
    size = (max(1, grey.width // 3), max(1, grey.height // 3))
    histogram = grey.resize(size, Image.Resampling.NEAREST).histogram()
    background = histogram.index(max(histogram))
    darker = sum(histogram[: max(0, background - _INK_CONTRAST)])
    lighter = sum(histogram[background + _INK_CONTRAST + 1 :])
    return (darker + lighter) / sum(histogram)
