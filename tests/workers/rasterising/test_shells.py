"""PDFs with only a cover or a placeholder are refused; those with pages of their own are kept."""

from __future__ import annotations

import pymupdf
import pytest

from schemas.errors import DocumentError
from workers.rasterising.shells import refuse_shell

WAIT = "Please wait... If this message is not eventually replaced by the proper contents"
FORM = "AcroForm=<</Fields[]/XFA(form)>>"


def opened(
    catalog: str = "",
    text: str = "An application for a kiln",
    pages: int = 1,
    files: int = 0,
    field: str = "",
) -> pymupdf.Document:
    """A PDF with `catalog` entries; `field` is the name of a type of field on its first page."""
    with pymupdf.open() as document:
        for _ in range(pages):
            document.new_page().insert_text((60, 60), text)
        if field:
            widget = pymupdf.Widget()
            widget.field_name = "name"
            widget.field_type = getattr(pymupdf, f"PDF_WIDGET_TYPE_{field}")
            widget.rect = pymupdf.Rect(60, 100, 300, 120)
            document[0].add_widget(widget)
        for number in range(files):
            document.embfile_add(f"{number}.pdf", b"%PDF-1.7")
        for entry in filter(None, catalog.split(";")):
            key, value = entry.split("=", 1)
            document.xref_set_key(document.pdf_catalog(), key, value)
        return pymupdf.open("pdf", document.tobytes())


@pytest.mark.parametrize(
    "made",
    [
        {},
        {"text": WAIT},
        {"files": 2},  # attachments, as an invoice has
        {"catalog": "Collection=<</View/D>>"},
        {"catalog": "Collection=<</View/H>>", "files": 3},
        {"catalog": FORM},
        {"catalog": f"{FORM};NeedsRendering=true", "pages": 3},
        {"catalog": "AcroForm/XFA=(form);NeedsRendering=true", "field": "TEXT"},
        {"catalog": "NeedsRendering=true"},
        {"catalog": "AcroForm=[1 2]"},
        {"catalog": "Collection=null;AcroForm=null"},
    ],
)
def test_a_pdf_with_pages_of_its_own_is_kept(made: dict[str, str | int]) -> None:
    refuse_shell(opened(**made))


@pytest.mark.parametrize(
    ("made", "reason", "detail"),
    [
        ({"catalog": "Collection=<</View/D>>", "files": 3}, "portfolio", "a cover around 3 files"),
        (
            {"catalog": "Collection=<</Sort<<>>>>", "files": 1, "pages": 2},
            "portfolio",
            "around 1 file;",
        ),
        ({"catalog": f"{FORM};NeedsRendering=true", "text": "Bitte warten"}, "xfa_form", "Reader"),
        ({"catalog": FORM, "text": WAIT}, "xfa_form", "print it to PDF"),
        ({"catalog": "AcroForm/XFA=[(a)(b)]", "text": WAIT}, "xfa_form", "print it to PDF"),
        (
            {"catalog": FORM, "text": "Veuillez patienter http://www.adobe.com/go/acrreader"},
            "xfa_form",
            "print it to PDF",
        ),
    ],
)
def test_a_pdf_that_is_a_shell_is_refused_with_the_remedy(
    made: dict[str, str | int], reason: str, detail: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        refuse_shell(opened(**made))
    assert caught.value.reason == reason
    assert detail in caught.value.detail
