"""Draw a page of a PDF, and measure the marks on it. `frames` draws images.

Documents are opened, and their errors reported, in `render`. All of this runs in the child.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pymupdf
from PIL import Image
from pymupdf import mupdf

from schemas.errors import DocumentError
from schemas.recipe import Raster
from workers.textlayer.orientation import AS_DISPLAYED, View

_INK_CONTRAST = 40  # grey levels from the background that count as a mark
# What MuPDF says, besides the errors that it counts, where a stream that it needs is missing or
# broken. Other warnings tell what it could mend, as in many a healthy file: a wrong length, a
# checksum, a profile.
_LOST = re.compile(
    r"cannot load content stream|content stream is not a stream|read error; treating as end of file"
)


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A picture, and the memory that it shows and must not outlive.

    `errors` are those that MuPDF met in the page's operators and went on after.
    """

    picture: Image.Image
    memory: Any = None
    errors: int = 0


def draw_pdf_page(page: Any, raster: Raster, view: View = AS_DISPLAYED) -> PagePicture:
    """A page of a PDF on white, as it lies in `view`. Raises DocumentError for one too large.

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
    scale = mupdf.FzMatrix(zoom, 0, 0, zoom, 0, 0)
    matrix = mupdf.fz_concat(mupdf.FzMatrix(*view.matrix(width, height)), scale)
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
    return PagePicture(picture, pixmap, cookie.m_internal.errors)


def ink_share(grey: Image.Image) -> float:
    """The share of pixels unlike the background, by every third pixel of every third row."""
    size = (max(1, grey.width // 3), max(1, grey.height // 3))
    histogram = grey.resize(size, Image.Resampling.NEAREST).histogram()
    background = histogram.index(max(histogram))
    darker = sum(histogram[: max(0, background - _INK_CONTRAST)])
    lighter = sum(histogram[background + _INK_CONTRAST + 1 :])
    return (darker + lighter) / sum(histogram)


def lost_content(drawn: PagePicture) -> str | None:
    """What MuPDF said of the page drawn last, where not all of its content could be drawn.

    Its warnings must have been reset before that page was loaded.
    """
    said: list[str] = pymupdf.TOOLS.mupdf_warnings(reset=False).splitlines()
    if not drawn.errors and not any(_LOST.search(line) for line in said):
        return None
    telling = (line for line in said if "error: " in line or _LOST.search(line))
    return next(telling, f"{drawn.errors} errors")
