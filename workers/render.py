"""Render one page of a PDF or an image, and read its text layer: what runs in the child.

A document is opened by path and one at a time, so memory depends on the page, not on the file.
Nothing is fetched for a document: MuPDF has no network code, its JavaScript is off, and embedded
files and external streams are not looked at. The deadlines are the parent's, in `workers.raster`.
"""

from __future__ import annotations

import os
import re
import resource
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymupdf
from PIL import Image, ImageOps
from pymupdf import mupdf

from schemas.errors import DocumentError
from schemas.ids import page_id
from schemas.pages import PageError, PageImage, RasteredPage, Reading
from schemas.recipe import Raster, TextLayer
from workers import native, textlayer
from workers.cleaning import one_line
from workers.pictures import encode
from workers.signatures import image_hash

PDF = "application/pdf"
_MULTI_PAGE_IMAGES = {"image/tiff", "image/webp"}
_PILLOW_FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/tiff": "TIFF",
    "image/webp": "WEBP",
}
# MuPDF keeps all it parsed while a document is open, and pictures longer: 3,000 pages with a
# picture each took 565 MiB where 64 pages took 193.
_USES_BEFORE_REOPENING = 64
_INK_CONTRAST = 40  # grey levels from the background that count as a mark
# A dense broadsheet page has 30,000 characters. A layer past this is for machines, and what comes
# after the child (counting, signing, storing) has no limits of its own.
_MAX_LAYER_CHARS = 500_000
_OUT_OF_MEMORY = re.compile(r"\b(m|c|re)alloc\b|[Cc]annot allocate")


@dataclass(frozen=True, slots=True)
class RasterSettings:
    """What a page image is made like, and whether the text layer may stand for a reading."""

    raster: Raster
    routing: str
    text_layer: TextLayer
    min_ink_share: float


@dataclass(slots=True)
class _OpenDocument:
    key: tuple[str, int, int] | None = None
    handle: Any = None
    uses: int = 0


_open = _OpenDocument()


def prepare(memory_bytes: int) -> str | None:
    """Fence this process in. What could not be forbidden, in words; None where all is."""
    native.die_with_parent()
    native.silence()
    native.limit_resources(memory_bytes)
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    Image.MAX_IMAGE_PIXELS = None  # the recipe's limit is checked instead, before decoding
    try:
        native.forbid_network_and_programs()
    except OSError as exc:
        return f"network and programs stay open to them, as {exc.strerror}"
    return None


def memory_error(memory_bytes: int) -> PageError:
    """The error of what outgrew the child."""
    return PageError("memory_limit", f"needed more than {memory_bytes / 2**20:.0f} MiB")


def _page_error(exc: Exception, path: str) -> PageError:
    # Where the file lies here is no property of the document.
    message = exc.detail if isinstance(exc, DocumentError) else str(exc)
    detail = one_line(message.replace(path, "the file"))
    if isinstance(exc, DocumentError):
        return PageError(exc.reason, detail)
    if isinstance(exc, MemoryError) or _OUT_OF_MEMORY.search(detail):
        return memory_error(resource.getrlimit(resource.RLIMIT_AS)[0])
    return PageError("corrupt", f"{type(exc).__name__}: {detail}")


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
        _open.handle = _open_pdf(path) if media_type == PDF else _open_image(path, media_type)
        _open.key = key
    _open.uses += 1
    return _open.handle


def _open_pdf(path: str) -> Any:
    try:
        document = pymupdf.open(path, filetype="pdf")
    except (RuntimeError, ValueError) as exc:
        cause = exc.__cause__ or exc  # PyMuPDF's own words only say that it failed
        if _OUT_OF_MEMORY.search(str(cause)):
            raise MemoryError from exc
        raise DocumentError("corrupt", f"PDF cannot be opened: {cause}") from exc
    if not document.is_pdf:  # MuPDF goes by content, and a file can be several things at once
        raise DocumentError("corrupt", "PDF cannot be opened: the file is something else as well")
    if document.needs_pass:
        raise DocumentError("encrypted", "PDF needs a password; decrypt it and add it again")
    return document


def _open_image(path: str, media_type: str) -> Image.Image:
    try:
        return Image.open(path, formats=[_PILLOW_FORMATS[media_type]])
    except (OSError, ValueError, SyntaxError) as exc:
        raise DocumentError("corrupt", f"image cannot be opened: {exc}") from exc


def count_pages(path: str, media_type: str) -> int | PageError:
    """Pages of a document, or why they cannot be counted."""
    try:
        document = _opened(path, media_type)
        if media_type == PDF:
            return _count_pdf_pages(document)
        count = getattr(document, "n_frames", 1) if media_type in _MULTI_PAGE_IMAGES else 1
        if count < 1:
            raise DocumentError("no_pages", "the document has no page")
        return int(count)
    except Exception as exc:  # noqa: BLE001 - a worker's boundary: becomes a typed reject
        return _page_error(exc, path)
    finally:
        _forget_warnings()


def _count_pdf_pages(document: Any) -> int:
    count = int(document.page_count)  # MuPDF refuses to count more pages than there are objects
    if count < 1:
        if document.is_repaired:
            raise DocumentError("corrupt", "PDF is damaged: no page is left after repair")
        raise DocumentError("no_pages", "the document has no page")
    return count


def render_pages(
    path: str, media_type: str, doc_id: str, indices: range, settings: RasterSettings
) -> list[RasteredPage]:
    """Render some pages of a document; a page that fails is a RasteredPage with an error."""
    pages = []
    for index in indices:
        page = page_id(doc_id, index)
        try:
            pages.append(_render_page(path, media_type, page, index, settings))
        except Exception as exc:  # noqa: BLE001 - a worker's boundary: becomes a typed reject
            pages.append(RasteredPage(page, error=_page_error(exc, path)))
    _forget_warnings()
    return pages


def _forget_warnings() -> None:
    pymupdf.TOOLS.reset_mupdf_warnings()  # PyMuPDF keeps them all, and a bad file gives many


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
    # Put so that a side that is no number is refused, too.
    if not (0 < longest <= raster.max_page_points and longest <= shortest * raster.max_aspect):
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
    except Exception as exc:
        if _OUT_OF_MEMORY.search(str(exc)):
            raise MemoryError from exc
        return None, f"failed: {type(exc).__name__}"
    if len(layer.text) > _MAX_LAYER_CHARS:
        return None, "too_long"
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
