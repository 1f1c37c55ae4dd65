"""A page's operators, interpreted once: its text is read from them, and its picture drawn later.

Interpreting takes 0.7 ms on a page of a manual and 700 ms on one of 44 MB of operators, which is
all that such a page costs. A list takes up to 6 MB; pictures would come on top, so a page that may
have some gets none. It must not outlive its document, because fonts of Type 3 do not.
"""

from __future__ import annotations

import pymupdf
from pymupdf import mupdf


def has_xobjects(page: pymupdf.Page) -> bool:
    """Whether the page's resources have pictures or forms: 20 µs, where PyMuPDF's lists of them
    take 0.6 ms, and as long for each form inside of a form.
    """
    resources = mupdf.pdf_page_resources(pymupdf._as_pdf_page(page))
    return int(mupdf.pdf_dict_len(mupdf.pdf_dict_gets(resources, "XObject"))) > 0


def display_list(page: pymupdf.Page) -> mupdf.FzDisplayList | None:
    """The display list of a page as displayed; None where it may hold pictures, or is rotated.

    PyMuPDF reads text without a page's rotation.
    """
    if not page.parent.is_pdf or page.rotation or has_xobjects(page):
        return None
    commands = mupdf.FzDisplayList(mupdf.fz_bound_page(page.this))
    device = mupdf.fz_new_list_device(commands)
    # With a cookie MuPDF goes on after an error in the operators.
    mupdf.fz_run_page(page.this, device, mupdf.FzMatrix(), mupdf.FzCookie())
    mupdf.fz_close_device(device)
    return commands


def run(commands: mupdf.FzDisplayList, device: mupdf.FzDevice) -> None:
    """Give all of the page to `device`."""
    everything = mupdf.FzRect(mupdf.FzRect.Fixed_INFINITE)
    mupdf.fz_run_display_list(commands, device, mupdf.FzMatrix(), everything, mupdf.FzCookie())


def read(commands: mupdf.FzDisplayList, page: pymupdf.Page, flags: int) -> pymupdf.TextPage:
    """The page's text, as `Page.get_textpage` gives it."""
    text = mupdf.FzStextPage(mupdf.fz_bound_page(page.this))
    device = mupdf.fz_new_stext_device(text, mupdf.FzStextOptions(flags))
    run(commands, device)
    mupdf.fz_close_device(device)
    return pymupdf.TextPage(text)
