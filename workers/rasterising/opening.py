"""Open a document for its pages: a PDF, an e-book, a page of HTML, a drawing, a comic, an image.

Owns which library opens what, and why a document is not opened. Files other than PDFs are given to
MuPDF as bytes, so that it has no folder to look for their pictures and style sheets in. All of this
runs in the child.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import TypeAlias

import pymupdf

from schemas.errors import DocumentError
from workers.rasterising import archives, markup, reflow
from workers.rasterising.comics import Comic, open_comic
from workers.rasterising.frames import ImageFile, count_frames, open_image
from workers.rasterising.media_types import (
    CBZ,
    EPUB,
    FB2,
    HTML,
    MARKDOWN,
    MOBI,
    PDF,
    SVG,
    XPS,
    has_text,
)
from workers.rasterising.settings import is_out_of_memory
from workers.rasterising.shells import refuse_shell

Opened: TypeAlias = pymupdf.Document | ImageFile | Comic

_TYPES = {
    EPUB: "epub", MOBI: "mobi", FB2: "fb2", XPS: "xps", SVG: "svg", HTML: "html", MARKDOWN: "html",
}  # fmt: skip
"""MuPDF's names of the formats that it opens, beside PDF."""
_BOOKS = (EPUB, MOBI, FB2)
_LOCKED_TEXT = re.compile(rb"""URI\s*=\s*["'][^"']*\.x?html?["']""", re.I)
_MOBI_RECORDS_AT, _MOBI_ENCRYPTION_AT = 78, 12


class _Document(pymupdf.Document):  # type: ignore[misc]  # PyMuPDF has no types
    """A document of which only pages are read.

    PyMuPDF also loads its metadata and its outline, which takes 40 ms for that of a long manual.
    """

    def init_doc(self) -> None:
        """Load nothing."""


def open_document(path: str, media_type: str) -> Opened:
    """Open a document. Raises DocumentError where that is impossible."""
    if media_type == PDF:
        return _open_pdf(path)
    if media_type == CBZ:
        return open_comic(path)
    return _open_other(path, media_type) if has_text(media_type) else open_image(path, media_type)


def count_pages(document: Opened) -> int:
    """The pages of an open document. Raises DocumentError where it has none that say anything."""
    if isinstance(document, ImageFile):
        return count_frames(document)
    if isinstance(document, Comic):
        return len(document.entries)
    count = int(document.page_count)  # MuPDF refuses to count more pages than a PDF has objects
    if count < 1:
        if document.is_pdf and document.is_repaired:
            raise DocumentError("corrupt", "PDF is damaged: no page is left after repair")
        raise DocumentError("no_pages", "the document has no page")
    if document.is_pdf:
        refuse_shell(document)
    return count


def _open_pdf(path: str) -> pymupdf.Document:
    document = _opened("PDF", filename=path, filetype="pdf")
    if not document.is_pdf:  # MuPDF goes by content, and a file can be several things at once
        raise DocumentError("corrupt", "PDF cannot be opened: the file is something else as well")
    if document.needs_pass:
        raise DocumentError("encrypted", "PDF needs a password; decrypt it and add it again")
    return document


def _open_other(path: str, media_type: str) -> pymupdf.Document:
    data = Path(path).read_bytes()
    if _is_locked(path, data, media_type):
        raise DocumentError("encrypted", "the book is locked (DRM); add a copy without a lock")
    if media_type == HTML:
        data = markup.html_bytes(data)
    elif media_type == MARKDOWN:
        data = markup.markdown_bytes(data)
    elif media_type in (FB2, SVG):
        data = markup.xml_bytes(data)
    is_book = media_type in _BOOKS
    reflow.prepare_style(is_book)
    name = _TYPES[media_type]
    document = _opened(name.upper(), stream=data, filetype=name)
    if document.is_pdf:
        raise DocumentError(
            "corrupt", f"{name.upper()} cannot be opened: the file is a PDF as well"
        )
    if document.is_reflowable:
        reflow.lay_out(document, is_book)
    return document


def _opened(kind: str, **source: object) -> pymupdf.Document:
    try:
        return _Document(**source)
    except (RuntimeError, ValueError) as exc:
        cause = exc.__cause__ or exc  # PyMuPDF's own message only says that it failed
        if is_out_of_memory(str(cause)):
            raise MemoryError from exc
        raise DocumentError("corrupt", f"{kind} cannot be opened: {cause}") from exc


def _is_locked(path: str, data: bytes, media_type: str) -> bool:
    """Whether a book's text is encrypted. Encrypted fonts alone lock nothing."""
    if media_type == MOBI:
        first = int.from_bytes(data[_MOBI_RECORDS_AT : _MOBI_RECORDS_AT + 4], "big")
        return any(data[first + _MOBI_ENCRYPTION_AT : first + _MOBI_ENCRYPTION_AT + 2])
    if media_type != EPUB:
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            locks = archives.read_entry(archive, "META-INF/encryption.xml")
    except archives.BROKEN_ZIP:  # no such entry, or a zip that MuPDF may repair
        return False
    return _LOCKED_TEXT.search(locks) is not None
