"""Small documents of each format, made here: books, pages of HTML, drawings, comics, images."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

import pymupdf
from PIL import Image, ImageDraw

TITLE = "The Water Pump"
PROSE = (
    "A pump moves water from a low place to a high one. Its piston draws the water up, and a valve "
    "keeps the water from running back."
)
SHORT = "A pump moves water from low to high"
BODY = (
    f"<h1>{TITLE}</h1><p>{PROSE}</p><h2>Parts</h2><ul><li>the piston</li><li>the valve</li></ul>"
    "<table><tr><th>Part</th><th>Price</th></tr><tr><td>Piston</td><td>12.50</td></tr>"
    "<tr><td>Valve</td><td>3.99</td></tr></table>"
)
MARKDOWN = f"""# {TITLE}

{PROSE}

## Parts

- the piston
- the valve

| Part | Price |
|---|---|
| Piston | 12.50 |
| Valve | 3.99 |
"""


def zipped(entries: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip with these entries, in their order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries.items():
            stored = name == "mimetype"  # so that a reader finds it in the first bytes
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_STORED if stored else method)
    return out.getvalue()


def html(body: str = BODY, head: str = "") -> bytes:
    return f"<!DOCTYPE html>\n<html><head>{head}</head><body>{body}</body></html>".encode()


def epub(bodies: Sequence[str] = (BODY,), more: Mapping[str, bytes | str] | None = None) -> bytes:
    """A book of one chapter for each body; `more` are further files in it."""
    names = [f"chapter{number}.xhtml" for number in range(len(bodies))]
    items = "".join(
        f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in names
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container version="1.0" xmlns="urn:oasis:names:tc:'
            'opendocument:xmlns:container"><rootfiles><rootfile full-path="book.opf" '
            'media-type="application/oebps-package+xml"/></rootfiles></container>',
            "book.opf": '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
            f"<metadata/><manifest>{items}</manifest><spine>{spine}</spine></package>",
        }
        | {
            name: f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{body}</body></html>'
            for name, body in zip(names, bodies, strict=True)
        }
        | dict(more or {}),
    )


def fb2(encoding: str = "utf-8", text: str = PROSE) -> bytes:
    book = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n'
        '<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0"><body><section>'
        f"<title><p>{TITLE}</p></title><p>{text}</p></section></body></FictionBook>"
    )
    return book.encode(encoding)


def mobi(body: str = BODY, encryption: int = 0) -> bytes:
    """A book for Mobipocket readers, without compression."""
    text = f"<html><body>{body}</body></html>".encode()
    header = struct.pack(">HHIHHHH", 1, 0, len(text), 1, 4096, encryption, 0)
    header += b"MOBI" + struct.pack(">IIIII", 232, 2, 65001, 1, 6) + b"\xff" * 40
    header += struct.pack(">I", 2) + b"\0" * 200
    records = [header, text]
    at = 78 + 8 * len(records) + 2
    starts = [at, at + len(header)]
    listing = b"".join(struct.pack(">II", start, 2 * k) for k, start in enumerate(starts))
    name = b"book".ljust(32, b"\0") + b"\0" * 28 + b"BOOKMOBI" + b"\0" * 8
    return name + struct.pack(">H", len(records)) + listing + b"\0\0" + b"".join(records)


def xps(text: str = SHORT, uri: str | None = None) -> bytes:
    """A page of 480 x 320 with a line of text, and a picture by `uri`."""
    relation = "http://schemas.microsoft.com/xps/2005/06/fixedrepresentation"
    brush = (
        f'<Path Data="M 0,0 L 90,0 90,90 0,90 z"><Path.Fill><ImageBrush ImageSource="{uri}" '
        'Viewbox="0,0,9,9" Viewport="0,0,90,90" ViewboxUnits="Absolute" ViewportUnits="Absolute"/>'
        "</Path.Fill></Path>"
        if uri
        else ""
    )
    kind = '<Default Extension="{}" ContentType="application/{}"/>'
    kinds = (
        ("rels", "vnd.openxmlformats-package.relationships+xml"),
        ("fdseq", "vnd.ms-package.xps-fixeddocumentsequence+xml"),
        ("fdoc", "vnd.ms-package.xps-fixeddocument+xml"),
        ("fpage", "vnd.ms-package.xps-fixedpage+xml"),
        ("ttf", "vnd.ms-opentype"),
    )
    space = 'xmlns="http://schemas.microsoft.com/xps/2005/06"'
    return zipped(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
            f'content-types">{"".join(kind.format(*pair) for pair in kinds)}</Types>',
            "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
            f'relationships"><Relationship Id="R0" Type="{relation}" Target="/all.fdseq"/>'
            "</Relationships>",
            "all.fdseq": f'<FixedDocumentSequence {space}><DocumentReference Source="/one.fdoc"/>'
            "</FixedDocumentSequence>",
            "one.fdoc": f'<FixedDocument {space}><PageContent Source="/1.fpage"/></FixedDocument>',
            "1.fpage": f'<FixedPage {space} Width="480" Height="320" xml:lang="en">{brush}<Glyphs '
            'Fill="#FF000000" FontUri="/font.ttf" FontRenderingEmSize="24" OriginX="40" '
            f'OriginY="160" UnicodeString="{text}"/></FixedPage>',
            "font.ttf": pymupdf.Font("figo").buffer,
        }
    )


def svg(inside: str = "", view: str = "0 0 400 200") -> bytes:
    return (
        f'<?xml version="1.0"?>\n<!-- drawn by hand -->\n<svg xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{view}" width="400" height="200">'
        '<rect x="20" y="90" width="300" height="60" fill="navy"/>'
        f'<text x="20" y="50" font-size="20">{SHORT}</text>{inside}</svg>'
    ).encode()


def picture(marks: int = 1) -> Image.Image:
    """A picture with so many bars on it."""
    image = Image.new("RGB", (120, 160), "white")
    draw = ImageDraw.Draw(image)
    for mark in range(marks):
        draw.rectangle((10, 10 + 20 * mark, 100, 18 + 20 * mark), "black")
    return image


def encoded(format_name: str, marks: int = 1) -> bytes:
    """That picture as a file; Pillow needs a library for some formats."""
    out = io.BytesIO()
    picture(marks).save(out, format_name)
    return out.getvalue()


def cbz(pages: int = 3) -> bytes:
    """A comic whose page n has n bars; the names of its pages are not in the order of letters."""
    entries = {f"comic/page {n}.png": encoded("PNG", n) for n in range(pages, 0, -1)}
    return zipped({"comic/ComicInfo.xml": "<ComicInfo/>", **entries})


def docx(body: str = f"<w:p><w:r><w:t>{PROSE}</w:t></w:r></w:p>", links: str = "") -> bytes:
    """The least that is a file of Word; `links` are relations to what lies elsewhere."""
    names = "http://schemas.openxmlformats.org"
    office = f"{names}/officeDocument/2006"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return zipped(
        {
            "word/document.xml": f'<w:document xmlns:w="{names}/wordprocessingml/2006/main" '
            f'xmlns:r="{office}/relationships" xmlns:a="{names}/drawingml/2006/main" '
            f'xmlns:wp="{names}/drawingml/2006/wordprocessingDrawing" '
            f'xmlns:pic="{names}/drawingml/2006/picture"><w:body>{body}</w:body></w:document>',
            "word/_rels/document.xml.rels": f'<Relationships xmlns="{names}/package/2006/'
            f'relationships">{links}</Relationships>',
            "_rels/.rels": f'<Relationships xmlns="{names}/package/2006/relationships">'
            f'<Relationship Id="R1" Type="{office}/relationships/officeDocument" '
            'Target="word/document.xml"/></Relationships>',
            "[Content_Types].xml": f'<Types xmlns="{names}/package/2006/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        }
    )


def compound(streams: Sequence[str]) -> bytes:
    """A compound file with the names of these streams, which are empty."""
    free, end = 0xFFFF_FFFF, 0xFFFF_FFFE
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109I", 0, *[free] * 108)
    entries = b""
    for number, name in enumerate(("Root Entry", *streams)):
        words = name.encode("utf-16-le") + b"\0\0"
        entry = words.ljust(64, b"\0") + struct.pack("<HBB", len(words), 2 if number else 5, 1)
        entries += entry + struct.pack("<III", free, free, free) + b"\0" * 48
    sectors = -(-len(entries) // 512)
    chain = [0xFFFF_FFFD, *range(2, sectors + 1), end]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")
    return header + table + entries.ljust(sectors * 512, b"\0")
