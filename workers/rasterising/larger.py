"""The larger image of a page whose stored image is too small for its print.

Owns drawing it, from a PDF or an image file. `small_print` decides whether and how large. All of
this runs in the child.
"""

from __future__ import annotations

import numpy as np
import pymupdf
from PIL import Image

from schemas.pages import PageImage
from schemas.recipe_sections import Raster
from workers.rasterising.drawing import draw_pdf_page
from workers.rasterising.frames import ImageFile, fitted, read_frame
from workers.rasterising.pictures import encode
from workers.rasterising.small_print import large_edge_px, letter_height_px
from workers.textlayer.orientation import View

_MEASURED = 0.4
"""Print is measured in the stored image down to this scale; smaller letters are blots there."""
_WHOLE_PAGE = 0.5
"""A picture over this share of a PDF's page is the page: it has no finer print than its pixels."""


def larger_frame(
    opened: ImageFile, index: int, grey: Image.Image, page: str, raster: Raster
) -> PageImage | None:
    """The larger image of a frame whose stored picture is `grey`; None where it is of no use."""
    most = max(opened.image.size)
    scale = max(grey.size) / most
    if large_edge_px(0.1, grey.size, most) is None:
        return None
    frame = None
    if scale >= _MEASURED:
        letters = letter_height_px(np.asarray(grey))
    else:
        frame = read_frame(opened, index, raster)
        native = letter_height_px(np.asarray(frame.picture.convert("L")))
        letters = None if native is None else native * scale
    edge = large_edge_px(letters, grey.size, most)
    if edge is None:
        return None
    picture = fitted(frame or read_frame(opened, index, raster), edge)
    return _encoded(picture, page)


def larger_page(
    pdf_page: pymupdf.Page, grey: Image.Image, page: str, raster: Raster, view: View
) -> PageImage | None:
    """The larger image of a PDF's page whose stored picture is `grey`; None as above."""
    letters = letter_height_px(np.asarray(grey))
    if large_edge_px(letters, grey.size, np.inf) is None:
        return None
    edge = large_edge_px(letters, grey.size, _most_edge_px(pdf_page))
    if edge is None:
        return None
    large = raster.model_copy(update={"longest_edge_px": edge})
    drawn = draw_pdf_page(pdf_page, large, view)
    return _encoded(drawn.picture.convert("RGB"), page)


def _most_edge_px(pdf_page: pymupdf.Page) -> float:
    """The longest edge at which a scanned page is drawn pixel by pixel; infinite for another."""
    whole = pdf_page.rect
    edges = [
        max(whole.width, whole.height) * info["width"] / pymupdf.Rect(info["bbox"]).width
        for info in pdf_page.get_image_info()
        if abs(pymupdf.Rect(info["bbox"]) & whole) >= _WHOLE_PAGE * abs(whole)
    ]
    return max(edges, default=np.inf)


def _encoded(picture: Image.Image, page: str) -> PageImage:
    # Always a JPEG: it is read once and never stored.
    return PageImage(page, encode(picture, Raster()), picture.width, picture.height)
