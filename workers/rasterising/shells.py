"""PDFs whose pages only say that the content is elsewhere: portfolios and dynamic XFA forms.

The PDF's catalog shows which they are, and for forms their page does too. Runs in the child.
"""

from __future__ import annotations

import re

import pymupdf

from schemas.errors import DocumentError

# Adobe writes this page in the language of the form's author; the addresses stay.
_PLACEHOLDER = re.compile(r"Please wait\b|adobe\.com/go/(?:reader_download|acrreader)", re.I)
_MAX_PLACEHOLDER_CHARS = 4_000


def refuse_shell(document: pymupdf.Document) -> None:
    """Raises DocumentError where the pages of a PDF are only a cover or a placeholder."""
    catalog = document.pdf_catalog()
    if _has(document, catalog, "Collection"):
        _refuse_portfolio(document, catalog)
    if _has(document, catalog, "AcroForm/XFA"):
        _refuse_dynamic_form(document, catalog)


def _refuse_portfolio(document: pymupdf.Document, catalog: int) -> None:
    count = document.embfile_count()
    is_hidden = document.xref_get_key(catalog, "Collection/View") == ("name", "/H")
    if count == 0 or is_hidden:  # then a viewer shows the pages, and not the list of files
        return
    files = "1 file" if count == 1 else f"{count:,} files"
    raise DocumentError(
        "portfolio",
        f"a PDF portfolio: a cover around {files}; take them out (`pdfdetach -saveall`) and add "
        "them as documents",
    )


def _refuse_dynamic_form(document: pymupdf.Document, catalog: int) -> None:
    """A static form has pages with fields on them; a dynamic one only has a placeholder."""
    if document.page_count != 1:
        return
    page = document.load_page(0)
    if any(widget.field_type_string != "Signature" for widget in page.widgets()):
        return
    is_drawn_by_program = document.xref_get_key(catalog, "NeedsRendering") == ("bool", "true")
    if is_drawn_by_program or _PLACEHOLDER.search(page.get_text()[:_MAX_PLACEHOLDER_CHARS]):
        raise DocumentError(
            "xfa_form",
            "a dynamic XFA form: its only page asks to wait for Adobe Reader; print it to PDF in "
            "that program and add the print",
        )


def _has(document: pymupdf.Document, catalog: int, key: str) -> bool:
    kind, _ = document.xref_get_key(catalog, key)
    return kind not in ("null", "undefined")
