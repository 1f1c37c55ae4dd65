"""Draw a page: MuPDF for PDFs, Pillow for images; and measure the marks on what was drawn.

Documents are opened, and their errors told, in `workers.render`. All of this runs in the child.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymupdf
from PIL import Image, ImageOps
from pymupdf import mupdf

from schemas.errors import DocumentError
from schemas.recipe import Raster

_INK_CONTRAST = 40  # grey levels from the background that count as a mark
# What MuPDF says, besides the errors that it counts, where a stream that it needs is missing or
# broken. Other warnings tell what it could mend, as in many a healthy file: a wrong length, a
# checksum, a profile.
_LOST = re.compile(
    r"cannot load content stream|content stream is not a stream|read error; treating as end of file"
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture, and the memory that it shows and must not outlive.

    `errors` are those that MuPDF met in the page's operators and went on after.
    """

    picture: Image.Image
    memory: Any = None
    errors: int = 0


def draw_pdf_page(page: Any, raster: Raster) -> Drawn:
    """A page of a PDF on white. Raises DocumentError for one too large.

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
    cookie = mupdf.FzCookie()
    mupdf.fz_run_page(page.this, device, mupdf.FzMatrix(), cookie)
    mupdf.fz_close_device(device)
    size = (mupdf.fz_pixmap_width(pixmap), mupdf.fz_pixmap_height(pixmap))
    samples = mupdf.fz_pixmap_samples_memoryview(pixmap)
    stride = mupdf.fz_pixmap_stride(pixmap)
    picture = Image.frombuffer("RGBX", size, samples, "raw", "RGBX", stride, 1)
    return Drawn(picture, pixmap, cookie.m_internal.errors)


def draw_frame(image: Image.Image, index: int, raster: Raster) -> Drawn:
    """A frame of an image file, upright and on white. Raises DocumentError for one too large."""
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
    return Drawn(frame)


def _eight_bits(frame: Image.Image) -> Image.Image:
    """Greys of 16 or 32 bits or floats in 8 bits; `convert` would clip them at 255."""
    values = np.asarray(frame)
    if values.dtype == np.uint16:
        return Image.fromarray((values >> 8).astype(np.uint8))
    # Integers of 32 bits and floats have no fixed white: the brightest value is it.
    low, high = float(values.min()), float(values.max())
    scaled = (values.astype(np.float64) - low) * (255 / (high - low)) if high > low else values * 0
    return Image.fromarray(scaled.astype(np.uint8))


def ink_share(grey: Image.Image) -> float:
    """The share of pixels unlike the background, by every third pixel of every third row."""
    size = (max(1, grey.width // 3), max(1, grey.height // 3))
    histogram = grey.resize(size, Image.Resampling.NEAREST).histogram()
    background = histogram.index(max(histogram))
    darker = sum(histogram[: max(0, background - _INK_CONTRAST)])
    lighter = sum(histogram[background + _INK_CONTRAST + 1 :])
    return (darker + lighter) / sum(histogram)


def lost_content(drawn: Drawn) -> str | None:
    """What MuPDF said of the page drawn last, where not all of its content could be drawn.

    Its warnings must have been reset before that page was loaded.
    """
    said: list[str] = pymupdf.TOOLS.mupdf_warnings(reset=False).splitlines()
    if not drawn.errors and not any(_LOST.search(line) for line in said):
        return None
    telling = (line for line in said if "error: " in line or _LOST.search(line))
    return next(telling, f"{drawn.errors} errors")
