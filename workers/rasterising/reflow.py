"""How e-books, HTML and Markdown, which have no pages of their own, are set as pages.

The page, the font size and the style sheet are fixed, and the fonts are those inside MuPDF, so that
a document has the same pages on every machine. All of this runs in the child.

    e-books (EPUB, MOBI, FB2)    A5, 10 points, the book's own style sheet and fonts
    HTML, Markdown               A4, 11 points, the page's own style sheet; wider for wide tables
"""

from __future__ import annotations

from typing import NamedTuple

import pymupdf
from pymupdf import mupdf

from workers.rasterising.markup import RULED


class Sheet(NamedTuple):
    """A page's size and the size of its font, in points."""

    width: float
    height: float
    font_size: float


_BOOK = Sheet(420, 595, 10)
_PAGE = Sheet(595, 842, 11)
_WIDER_BY = (1.0, 2**0.5, 2.0, 8**0.5, 4.0)
"""Widths of A4, A4 across, A3 across, A2 across and A1 across, over that of A4."""
_FITS = 1.01  # a letter's edge may stand out of its line
_LOOKED_AT = 64
"""Pages that are looked at for a wider sheet: the check takes 0.8 ms each."""
_RULES = "border:0.5pt solid black;padding:2pt 4pt;"
_BOTH = (
    "pre,code,tt,samp{white-space:pre-wrap} table{border-collapse:collapse} "
    "@page{margin:36pt 36pt} p{margin:1.35em 0}"
)
_BOOK_STYLE = f"{_BOTH} td,th{{{_RULES}}}"
_PAGE_STYLE = f"{_BOTH} [{RULED}] td,[{RULED}] th{{{_RULES}}} [{RULED}]{{border-collapse:collapse}}"


def prepare_style(is_book: bool) -> None:
    """Choose the style sheet of documents that are opened from now on."""
    mupdf.fz_set_user_css(_BOOK_STYLE if is_book else _PAGE_STYLE)


def lay_out(document: pymupdf.Document, is_book: bool) -> None:
    """Set the document's pages; those of HTML on the smallest sheet that they fit on."""
    if is_book:
        _set(document, _BOOK)
        return
    for wider in _WIDER_BY:
        height = _PAGE.height if wider == 1 else _PAGE.width * wider / 2**0.5
        _set(document, Sheet(_PAGE.width * wider, height, _PAGE.font_size))
        if not _is_wider(document):
            return


def _set(document: pymupdf.Document, sheet: Sheet) -> None:
    document.layout(width=sheet.width, height=sheet.height, fontsize=sheet.font_size)


def _is_wider(document: pymupdf.Document) -> bool:
    """Whether something stands out of a page at the right."""
    for index in range(min(document.page_count, _LOOKED_AT)):
        page = document.load_page(index)
        drawn = mupdf.FzRect(mupdf.FzRect.Fixed_EMPTY)
        device = mupdf.fz_new_bbox_device(drawn)
        mupdf.fz_run_page(page.this, device, mupdf.FzMatrix(), mupdf.FzCookie())
        mupdf.fz_close_device(device)
        if drawn.x1 > page.rect.width * _FITS:
            return True
    return False
