"""What office files, pages of HTML and pictures state of themselves.

Runs in the child. What cannot be read is left out.
"""

from __future__ import annotations

import html
import re
import zipfile
from pathlib import Path

from PIL import Image

from schemas.licenses import license_named
from schemas.provenance import NOTHING, Provenance, stated
from schemas.reservations import TDM_RESERVATION, reserved_by_headers
from workers.rasterising.archives import BROKEN_ZIP, read_entry
from workers.rasterising.markup import unicode_of
from workers.rasterising.plain_xml import xml_of
from workers.rasterising.xmp import DC, Properties, parse_xmp, statement

# ---- office files: what their programs call the properties of a document ------------------------


def of_ooxml(path: Path) -> Provenance:
    """Of DOCX, PPTX and XLSX: `docProps/core.xml` (ECMA-376, part 2)."""
    return _of_entry(path, "docProps/core.xml")


def of_opendocument(path: Path) -> Provenance:
    """Of ODT, ODP and ODS: `meta.xml`, whose `creator` is whoever saved it last."""
    return _of_entry(path, "meta.xml")


def _of_entry(path: Path, entry: str) -> Provenance:
    try:
        with zipfile.ZipFile(path) as archive:
            root = xml_of(unicode_of(read_entry(archive, entry)))
    except BROKEN_ZIP:
        return NOTHING
    if root is None:
        return NOTHING
    pairs = [
        (node.tag, node.text.strip())
        for node in root.iter()
        if isinstance(node.tag, str) and node.text and node.text.strip()
    ]
    first = [(DC + "creator", text) for tag, text in pairs if tag.endswith("}initial-creator")]
    if first:
        pairs = [*first, *(pair for pair in pairs if pair[0] != DC + "creator")]
    return statement(Properties(tuple(pairs)))


# ---- HTML ---------------------------------------------------------------------------------------

_HEAD_CHARS = 2**18
_BODY = re.compile(r"<body\b", re.I)
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_TITLE = re.compile(r"<title\b[^>]{0,1000}>([^<]{1,2000})</title", re.I)
_TAG = re.compile(r"<(html|meta|link)\b([^>]{0,4000})>", re.I)
_ATTRIBUTE = re.compile(r"""([\w:.-]{1,40})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


def of_html(path: Path) -> Provenance:
    """From the head of the page; TDMRep, "TDM Metadata in HTML Content"."""
    text = unicode_of(path.read_bytes())[:_HEAD_CHARS]
    body = _BODY.search(text)
    head = _COMMENT.sub("", text[: body.start()] if body else text)
    language, authors, license_ = None, [], None
    headers: list[tuple[str, str]] = []
    for tag in _TAG.finditer(head):
        values = {
            name.lower(): html.unescape(one or two or three)
            for name, one, two, three in _ATTRIBUTE.findall(tag[2])
        }
        name, content = values.get("name", "").lower(), values.get("content", "")
        if tag[1].lower() == "html":
            language = language or stated(values.get("lang") or values.get("xml:lang"))
        elif tag[1].lower() == "link":
            if "license" in values.get("rel", "").lower().split():
                license_ = license_ or license_named(values.get("href", ""))
        elif name == "author":
            authors.append(content)
        elif name == TDM_RESERVATION:
            headers.append((name, content))
        elif name == "robots":
            headers.append(("x-robots-tag", content))
    title = _TITLE.search(head)
    return Provenance(
        title=stated(html.unescape(title[1])) if title else None,
        author=stated("; ".join(authors)),
        language=language,
        license=license_,
        license_from=license_ and "document",
        reserved=reserved_by_headers(headers),
    )


# ---- pictures -----------------------------------------------------------------------------------

_TIFF_XMP = 700


def of_picture(image: Image.Image) -> Provenance:
    """From its XMP, where the IPTC puts what it says of data mining."""
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    if packet is None:
        packet = getattr(image, "tag_v2", {}).get(_TIFF_XMP)
    if isinstance(packet, str):
        packet = packet.encode("utf-8", "replace")
    return statement(parse_xmp(packet)) if isinstance(packet, bytes) else NOTHING
