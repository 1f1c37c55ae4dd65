"""What a document says of itself: title, author, language, licence, what is reserved. In the child.

Of a PDF the information dictionary and the XMP are read by their objects: PyMuPDF's own way also
loads the outline. What cannot be read is left out, and never costs the document.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pymupdf

from schemas.provenance import NOTHING, Provenance, stated
from workers.rasterising.description_books import of_epub, of_fb2, of_mobi
from workers.rasterising.description_files import of_html, of_ooxml, of_opendocument, of_picture
from workers.rasterising.frames import ImageFile
from workers.rasterising.media_types import (
    DOCX,
    EPUB,
    FB2,
    HTML,
    MOBI,
    ODP,
    ODS,
    ODT,
    PDF,
    PPTX,
    XLSX,
)  # fmt: skip
from workers.rasterising.opening import Opened
from workers.rasterising.xmp import parse_xmp, statement

MAX_XMP_BYTES = 2**20
"""Of packed and of unpacked XMP, which is some kilobytes; larger holds a preview picture."""
_UNREADABLE = (pymupdf.mupdf.FzErrorBase, RuntimeError, ValueError)


_BY_TYPE: Mapping[str, Callable[[Path], Provenance]] = {
    EPUB: of_epub, MOBI: of_mobi, FB2: of_fb2, HTML: of_html,
    DOCX: of_ooxml, PPTX: of_ooxml, XLSX: of_ooxml,
    ODT: of_opendocument, ODP: of_opendocument, ODS: of_opendocument,
}  # fmt: skip


def facts_of(document: Opened, path: Path, media_type: str) -> Provenance:
    """What the document at a path says of itself; `document` is it, or a PDF made of it."""
    if media_type in _BY_TYPE:
        try:
            return _BY_TYPE[media_type](path)
        except (ValueError, LookupError, RecursionError):
            return NOTHING
    if isinstance(document, ImageFile):
        return of_picture(document.image)
    return _of_pdf(document) if media_type == PDF else NOTHING


def _of_pdf(document: Opened) -> Provenance:
    assert isinstance(document, pymupdf.Document)
    catalog = document.pdf_catalog()
    facts = Provenance(
        title=_text(document, -1, "Info/Title"),
        author=_text(document, -1, "Info/Author"),
        language=_text(document, catalog, "Lang"),
    )
    return facts.over(statement(parse_xmp(_xmp(document, catalog))))


def _key(document: pymupdf.Document, xref: int, key: str) -> tuple[str, str]:
    """The type and the text of a value."""
    try:
        kind, value = document.xref_get_key(xref, key)
    except _UNREADABLE:
        return "null", "null"
    return kind, value


def _text(document: pymupdf.Document, xref: int, key: str) -> str | None:
    kind, value = _key(document, xref, key)
    return stated(value) if kind == "string" else None


def _xmp(document: pymupdf.Document, catalog: int) -> bytes:
    """The document's XMP; empty where there is none, or none that can be read within the limit."""
    kind, value = _key(document, catalog, "Metadata")
    if kind != "xref":
        return b""
    xref = int(value.split()[0])
    kind, length = _key(document, xref, "Length")
    if kind == "int" and int(length) > MAX_XMP_BYTES:
        return b""
    try:
        data = bytes(document.xref_stream_raw(xref) or b"")
    except (*_UNREADABLE, MemoryError):  # a length elsewhere may be any
        return b""
    return _unpacked(data, *_key(document, xref, "Filter"))


def _unpacked(data: bytes, kind: str, name: str) -> bytes:
    if kind == "null":
        return data if len(data) <= MAX_XMP_BYTES else b""
    if name.strip("[] ") != "/FlateDecode":
        return b""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(data, MAX_XMP_BYTES)
    except zlib.error:
        return b""
    return b"" if unpacker.unconsumed_tail else unpacked
