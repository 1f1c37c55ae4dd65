"""Draw a page of a PDF, and measure the marks on it. `frames` draws images.

`render` opens documents and reports their errors. All of this runs in the child.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pymupdf
from PIL import Image
from pymupdf import mupdf

from schemas.errors import DocumentError
from schemas.recipe_sections import Raster
from workers.textlayer import display_list
from workers.textlayer.orientation import AS_DISPLAYED, View

_INK_CONTRAST = 40  # grey levels from the background that count as a mark
_WHITE = 255
# Warnings of MuPDF, which it does not count as errors, about a stream that it needs and that is
# missing or broken. Its other warnings report what it repaired, as in many good files: a wrong
# length, a checksum, a colour profile.
_LOST = re.compile(
    r"cannot load content stream|content stream is not a stream|read error; treating as end of file"
)


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page as it was drawn.

    `memory` holds the pixels of `picture` where MuPDF drew them, and must live as long. `errors`
    counts the errors in the page's operators after which MuPDF went on.
    """

    picture: Image.Image
    memory: mupdf.FzPixmap | None = None
    errors: int = 0


def draw_pdf_page(
    page: pymupdf.Page,
    raster: Raster,
    view: View = AS_DISPLAYED,
    commands: mupdf.FzDisplayList | None = None,
) -> PagePicture:
    """A page of a PDF on white, as it lies in `view`. Raises DocumentError for one too large.

    `commands` are the page's, if the caller has them; they were interpreted before, so that their
    errors and messages are not counted here.

    Pixels have four bytes: those Pillow takes from MuPDF without a copy, which would be 10 % of a
    page's time. They equal those of `Page.get_pixmap`, except that transparent groups may round
    to another of 256 levels, and that a pixel may differ at the edge of a clipped picture.
    """
    rect = page.rect
    width, height = rect.width, rect.height
    longest, shortest = max(width, height), min(width, height)
    # Written this way so that NaN is refused too.
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
    if commands is None:
        mupdf.fz_run_page(page.this, device, mupdf.FzMatrix(), cookie)
    else:
        display_list.run(commands, device)
    mupdf.fz_close_device(device)
    size = (mupdf.fz_pixmap_width(pixmap), mupdf.fz_pixmap_height(pixmap))
    samples = mupdf.fz_pixmap_samples_memoryview(pixmap)
    stride = mupdf.fz_pixmap_stride(pixmap)
    picture = Image.frombuffer("RGBX", size, samples, "raw", "RGBX", stride, 1)
    return PagePicture(picture, pixmap, cookie.m_internal.errors)


def ink_share(grey: Image.Image) -> float:
    """The share of pixels that differ from the background, in every third pixel and row."""
    size = (max(1, grey.width // 3), max(1, grey.height // 3))
    sample = grey.resize(size, Image.Resampling.NEAREST)
    # pixels: uint8 (height / 3, width / 3)
    pixels = np.asarray(sample)
    # A histogram takes 0.34 ms of a page, as it counts one level after the other; this takes 0.03.
    if 2 * np.count_nonzero(pixels == _WHITE) > pixels.size:
        background = _WHITE
    else:
        histogram = sample.histogram()
        background = histogram.index(max(histogram))
    darker = np.count_nonzero(pixels < background - _INK_CONTRAST)
    lighter = np.count_nonzero(pixels > background + _INK_CONTRAST)
    return (darker + lighter) / pixels.size


def lost_content(drawn: PagePicture) -> str | None:
    """MuPDF's message about content that it could not draw; None where it drew everything.

    `drawn` is the page drawn last. The caller resets MuPDF's warnings before it loads the page.
    """
    warnings: list[str] = pymupdf.TOOLS.mupdf_warnings(reset=False).splitlines()
    if not drawn.errors and not any(_LOST.search(line) for line in warnings):
        return None
    causes = (line for line in warnings if "error: " in line or _LOST.search(line))
    return next(causes, f"{drawn.errors} errors")
