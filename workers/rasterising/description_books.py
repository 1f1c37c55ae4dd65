"""What books state of themselves: EPUB in its package, MOBI in its header, FB2 in its description.

Runs in the child. What cannot be read is left out.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

from schemas.provenance import NOTHING, Provenance, stated
from workers.rasterising.archives import BROKEN_ZIP, read_entry
from workers.rasterising.markup import unicode_of
from workers.rasterising.plain_xml import local_name, xml_of, xml_up_to
from workers.rasterising.xmp import DC, TDM_PROPERTY, Properties, statement

_RESERVATION = ("tdm-reservation", "tdm:reservation")
_HEAD_CHARS = 2**20


def of_epub(path: Path) -> Provenance:
    """From the metadata of its package; TDMRep, "TDM Metadata in EPUB files"."""
    try:
        with zipfile.ZipFile(path) as archive:
            container = xml_of(unicode_of(read_entry(archive, "META-INF/container.xml")))
            files = [] if container is None else container.iter()
            name = next(n.get("full-path") for n in files if local_name(n) == "rootfile")
            package = xml_of(unicode_of(read_entry(archive, name or "")))
    except (*BROKEN_ZIP, StopIteration):
        return NOTHING
    if package is None:
        return NOTHING
    metadata = next((node for node in package if local_name(node) == "metadata"), None)
    return NOTHING if metadata is None else statement(Properties(tuple(_pairs(metadata))))


def _pairs(metadata: ElementTree.Element) -> list[tuple[str, str]]:
    pairs = []
    for node in metadata.iter():
        value = (node.text or node.get("content") or "").strip()
        if (node.get("property") or node.get("name")) in _RESERVATION:
            pairs.append((TDM_PROPERTY, value))
        elif value and isinstance(node.tag, str):
            pairs.append((node.tag, value))
    return pairs


def of_fb2(path: Path) -> Provenance:
    """From its description of the title, which comes before the text."""
    text = unicode_of(path.read_bytes())[:_HEAD_CHARS]
    info = xml_up_to(text, ("title-info",))
    if info is None:
        return NOTHING
    title, language, authors = None, None, []
    for node in info:
        name = local_name(node)
        if name == "book-title":
            title = stated(node.text)
        elif name == "lang":
            language = stated(node.text)
        elif name == "author":
            parts = [n.text for n in node if local_name(n).endswith("name") and n.text]
            authors.append(" ".join(parts))
    return Provenance(title=title, author=stated("; ".join(authors)), language=language)


# ---- MOBI: https://wiki.mobileread.com/wiki/MOBI ------------------------------------------------

_RECORDS_AT, _HEADER = 78, b"MOBI"
_NAME_AT, _FLAGS_AT, _HAS_MORE = 84, 128, 0x40
_FIELDS = {100: "creator", 109: "rights", 503: "title", 524: "language"}
_MOST_FIELDS = 200


def of_mobi(path: Path) -> Provenance:
    """From the fields behind its header (EXTH), and its full name."""
    data = path.read_bytes()
    first = _number(data, _RECORDS_AT)
    record = data[first : first + 2**16]
    if record[16:20] != _HEADER:
        return NOTHING
    encoding = "utf-8" if _number(record, 28) == 65001 else "cp1252"
    start, length = _number(record, _NAME_AT), _number(record, _NAME_AT + 4)
    name = record[start : start + length].decode(encoding, "replace")
    pairs: list[tuple[str, str]] = []
    at = 16 + _number(record, 20)
    if _number(record, _FLAGS_AT) & _HAS_MORE and record[at : at + 4] == b"EXTH":
        count = _number(record, at + 8)
        at += 12
        for _ in range(min(count, _MOST_FIELDS)):
            kind, size = _number(record, at), _number(record, at + 4)
            if size < 8:
                break
            if kind in _FIELDS:
                text = record[at + 8 : at + size].decode(encoding, "replace")
                pairs.append((DC + _FIELDS[kind], text.strip()))
            at += size
    return statement(Properties(tuple(pairs))).over(Provenance(title=stated(name)))


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")
