"""What a PDF says of itself: title, author, language, licence, what is reserved. In the child.

Its information dictionary and its XMP are read by their objects: PyMuPDF's own way also loads the
outline. What cannot be read is left out, and never costs the document.
"""

from __future__ import annotations

import zlib

import pymupdf

from schemas.provenance import NOTHING, Provenance, stated
from workers.rasterising.opening import Opened
from workers.rasterising.xmp import Properties, parse_xmp

MAX_XMP_BYTES = 2**20
"""Of packed and of unpacked XMP, which is some kilobytes; larger holds a preview picture."""
_UNREADABLE = (pymupdf.mupdf.FzErrorBase, RuntimeError, ValueError)


def facts_of(document: Opened) -> Provenance:
    """What an open document says of itself; nothing for any other than a PDF."""
    if not isinstance(document, pymupdf.Document) or not document.is_pdf:
        return NOTHING
    catalog = document.pdf_catalog()
    xmp = parse_xmp(_xmp(document, catalog))
    license_ = xmp.license()
    return Provenance(
        title=_text(document, -1, "Info/Title") or _joined(xmp, "title"),
        author=_text(document, -1, "Info/Author") or _joined(xmp, "creator"),
        language=_text(document, catalog, "Lang") or _joined(xmp, "language"),
        license=license_,
        license_from=license_ and "document",
        reserved=xmp.reserved(),
    )


def _joined(xmp: Properties, name: str) -> str | None:
    return stated("; ".join(xmp.dublin_core(name)))


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
