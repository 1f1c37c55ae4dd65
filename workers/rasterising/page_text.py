"""Whether a drawn page's text layer is taken for its reading, and which view is upright.

Owns the order of the tests: the layer's own signals, then its coverage of the print, then its
language. Does not read the layer, or draw. All of this runs in the child.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pymupdf
from PIL import Image

from schemas.hidden_text import HiddenText
from schemas.pages import Reading
from schemas.recipe_sections import TextLayer
from workers import textlayer
from workers.layout.placed_lines import Edges
from workers.rasterising.doubtful import is_doubtful
from workers.rasterising.drawing import PagePicture
from workers.rasterising.layer_coverage import layer_coverage
from workers.rasterising.settings import RasterSettings, is_out_of_memory
from workers.textlayer.content import FirstRead, first_read
from workers.textlayer.orientation import AS_DISPLAYED, View

# A dense broadsheet page has 30,000 characters. A longer layer is not for people, and the steps
# after the child (counting tokens, signatures, storing) have no limits of their own.
_MAX_LAYER_CHARS = 500_000


@dataclass(frozen=True, slots=True)
class Around:
    """The edges of a page's neighbours, and what was read of the page itself with them."""

    neighbours: Edges
    first: FirstRead | None


@dataclass(frozen=True, slots=True)
class PageText:
    """A page's text layer or why it is not taken, and the view in which the page is upright.

    `doubted` is a layer that is taken if an engine's reading bears it out. `hidden` is what the
    layer says and the picture does not show; None where there is no layer or none was read.
    """

    layer: Reading | None = None
    layer_reason: str | None = None
    view: View = AS_DISPLAYED
    doubted: Reading | None = None
    hidden: HiddenText | None = None


def page_text(
    pdf_page: pymupdf.Page,
    page: str,
    settings: RasterSettings,
    around: Around,
    drawn: PagePicture,
    grey: Image.Image,
) -> PageText:
    """The text layer if the routing wants it and it is good enough, and the upright view.

    `drawn` and `grey` show the page as displayed.
    """
    layer_reason = hidden = None
    try:
        if settings.routing != "never":
            shown = _picture(pdf_page, drawn.picture, grey)
            first = around.first or first_read(pdf_page)
            layer = textlayer.extract(pdf_page, shown, around.neighbours, first, settings.layout)
            layer_reason, hidden = _unfit(layer, settings.text_layer), layer.hidden
            seen = None
            if layer_reason is None and layer.view == AS_DISPLAYED:
                floor = settings.min_coverage
                seen = layer_coverage(pdf_page, shown.grey, layer.blocks, floor)
                layer_reason = "incomplete" if seen is not None and seen < floor else None
            if layer_reason is None:
                reading = Reading(
                    page,
                    layer.text,
                    layer.blocks,
                    coverage=seen,
                    cleaned_chars=layer.cleaned_chars,
                )
                if settings.routing != "only" and is_doubtful(layer):
                    return PageText(None, "doubtful", layer.view, reading, hidden)
                return PageText(reading, None, layer.view, hidden=hidden)
        view = textlayer.upright_view(pdf_page, around.first)
        return PageText(None, layer_reason, view, hidden=hidden)
    except MemoryError:
        raise
    except Exception as exc:
        if is_out_of_memory(str(exc)):
            raise MemoryError from exc
        was_wanted = settings.routing != "never"
        return PageText(None, f"failed: {type(exc).__name__}" if was_wanted else None)


def _picture(pdf_page: pymupdf.Page, picture: Image.Image, grey: Image.Image) -> textlayer.Picture:
    rect = pdf_page.rect
    zoom = max(picture.size) / max(rect.width, rect.height)
    return textlayer.Picture(picture, np.asarray(grey), zoom)


def _unfit(layer: textlayer.TextLayer, floors: TextLayer) -> str | None:
    """Why a text layer may not replace a reading; None where it may."""
    return (
        "too_long" if len(layer.text) > _MAX_LAYER_CHARS else textlayer.judge(layer.signals, floors)
    )
