"""A page's operators, interpreted once: its text is read from them, and its picture drawn later.

Interpreting takes 0.7 ms on a page of a manual and 700 ms on one of 44 MB of operators, which is
all that such a page costs. A list takes up to 6 MB, and the files of its pictures come on top, so
a page with large ones gets none. It must not outlive its document, because fonts of Type 3 do not.
"""

from __future__ import annotations

import pymupdf
from pymupdf import mupdf

_MAX_PICTURE_BYTES = 500_000
_MAX_XOBJECTS = 100


def has_xobjects(page: pymupdf.Page) -> bool:
    """Whether the page's resources have pictures or forms: 20 µs, where PyMuPDF's lists of them
    take 0.6 ms, and as long for each form inside of a form.
    """
    return int(mupdf.pdf_dict_len(_xobjects(_resources(page)))) > 0


def _resources(page: pymupdf.Page) -> mupdf.PdfObj:
    return mupdf.pdf_page_resources(pymupdf._as_pdf_page(page))


def _xobjects(resources: mupdf.PdfObj) -> mupdf.PdfObj:
    return mupdf.pdf_dict_gets(resources, "XObject")


def _has_large_pictures(page: pymupdf.Page) -> bool:
    """Whether the files of the page's pictures are large, or there are many XObjects to look at."""
    left = [_xobjects(_resources(page))]
    count = size = 0
    while left:
        xobjects = left.pop()
        for i in range(mupdf.pdf_dict_len(xobjects)):
            xobject = mupdf.pdf_dict_get_val(xobjects, i)
            count += 1
            if mupdf.pdf_to_name(mupdf.pdf_dict_gets(xobject, "Subtype")) == "Form":
                left.append(_xobjects(mupdf.pdf_dict_gets(xobject, "Resources")))
            else:
                size += mupdf.pdf_dict_get_int(xobject, mupdf.PDF_ENUM_NAME_Length)
            if count > _MAX_XOBJECTS or size > _MAX_PICTURE_BYTES:
                return True
    return False


def display_list(page: pymupdf.Page) -> mupdf.FzDisplayList | None:
    """The display list of a page as displayed; None where it has large pictures, or is rotated.

    PyMuPDF reads text without a page's rotation.
    """
    if not page.parent.is_pdf or page.rotation or _has_large_pictures(page):
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


def read(
    page: pymupdf.Page,
    flags: int,
    commands: mupdf.FzDisplayList | None,
    *,
    is_everywhere: bool = False,
) -> pymupdf.TextPage:
    """The page's text, as `Page.get_textpage` gives it; from its display list if there is one.

    With `is_everywhere` also what lies outside of the page.
    """
    if commands is None:
        everywhere = pymupdf.INFINITE_RECT() if is_everywhere else None
        return page.get_textpage(clip=everywhere, flags=flags)
    sheet = mupdf.fz_bound_page(page.this)
    text = mupdf.FzStextPage(mupdf.FzRect(mupdf.FzRect.Fixed_INFINITE) if is_everywhere else sheet)
    device = mupdf.fz_new_stext_device(text, mupdf.FzStextOptions(flags))
    run(commands, device)
    mupdf.fz_close_device(device)
    return pymupdf.TextPage(text)
