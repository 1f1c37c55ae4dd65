"""What a page shows of the text that MuPDF gives: hidden text out, wrong letters mended.

Owns the order of the steps; each is a module of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pymupdf
from pymupdf import mupdf

from workers.textlayer import rtl, spacing
from workers.textlayer.bidi import RIGHT_TO_LEFT
from workers.textlayer.covers import Log, drawn_over
from workers.textlayer.hidden import NOTHING_HIDDEN, Hidden, without_hidden
from workers.textlayer.maps import with_mended_maps
from workers.textlayer.mask import draw_text_alone
from workers.textlayer.math_signs import with_math_signs
from workers.textlayer.orientation import AS_DISPLAYED, View
from workers.textlayer.page_text import (
    CODE_FLAGS,
    PageText,
    blocks_with_chars,
    read_text,
    spelled_out,
    view_matrix,
)
from workers.textlayer.picture import Picture
from workers.textlayer.raw import RawBlock, line_texts
from workers.textlayer.scripts import with_mended_scripts
from workers.textlayer.spots import Sources, spots_of
from workers.textlayer.symbols import dingbats_have_codes, with_mended_symbols

Hide = Callable[[Sequence[RawBlock], Callable[[], Sequence[RawBlock]]], Hidden]
"""Takes out of blocks what the page does not show, and says what that was. The second argument
gives the same blocks with `chars` for each span."""


def hide_nothing(_: Sequence[RawBlock], __: Callable[[], Sequence[RawBlock]]) -> Hidden:
    """For a page that is read without its picture."""
    return NOTHING_HIDDEN


def hider(
    page: pymupdf.Page, view: View, picture: Picture, matrix: pymupdf.Matrix, log: Log
) -> Hide:
    """Takes out of blocks what `picture`, which shows `view`, does not show.

    `matrix` leads from the blocks to the view.
    """
    to_view = matrix if view == AS_DISPLAYED else view_matrix(page, view)
    rect = page.rect
    to_pixels = pymupdf.Matrix(*view.matrix(rect.width, rect.height))
    to_pixels *= pymupdf.Matrix(picture.zoom, picture.zoom)

    def hide(blocks: Sequence[RawBlock], with_chars: Callable[[], Sequence[RawBlock]]) -> Hidden:
        height, width = picture.grey.shape
        sources = Sources(
            draw=lambda wanted: draw_text_alone(page, wanted, to_pixels, (height, width)),
            chars=functools.cache(with_chars),
        )
        spots = spots_of(blocks, matrix, picture, drawn_over(log, to_view), sources)
        return without_hidden(blocks, spots)

    return hide


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows of its text; `with_chars` where it must be put in logical order.

    `hidden` was taken out.
    """

    blocks: Sequence[RawBlock]
    with_chars: bool
    hidden: Hidden = NOTHING_HIDDEN


def shown_text(text: PageText, hide: Hide) -> Shown:
    """The blocks with the spaces that they show, without what `hide` takes out."""
    texts = line_texts(text.blocks)
    if RIGHT_TO_LEFT.search("\n".join(texts)):
        with_chars = spelled_out(text.textpage)
        hidden = hide(with_chars, lambda: with_chars)
        return Shown(with_chars, True, hidden)
    blocks = text.blocks
    if chosen := spacing.suspects(blocks, texts):
        blocks = spacing.with_spaces(blocks, blocks_with_chars(text.textpage), chosen)
    hidden = hide(blocks, lambda: blocks_with_chars(text.textpage))
    return Shown(blocks, False, hidden)


def readable(
    page: pymupdf.Page,
    view: View,
    shown: Shown,
    commands: mupdf.FzDisplayList | None = None,
) -> Sequence[RawBlock]:
    """The blocks with the text that their fonts draw, in logical order.

    `commands` are the displayed page's, if the caller has them.
    """
    blocks = with_math_signs(
        shown.blocks, lambda: read_text(page, view, CODE_FLAGS, commands).blocks
    )
    if page.parent.is_pdf:  # in other formats text is text: no map leads to it from codes of a font
        blocks = with_mended_maps(page, blocks)
        blocks = with_mended_symbols(blocks, lambda: dingbats_have_codes(page))
    blocks = with_mended_scripts(blocks)
    return rtl.in_logical_order(blocks) if shown.with_chars else blocks
