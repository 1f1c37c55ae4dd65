"""What books, office files, pages of HTML and pictures say of themselves."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from schemas.provenance import NOTHING, Provenance
from tests import formats
from tests.workers.rasterising.test_description import described
from workers.rasterising import Rasterizer, sniff_file
from workers.rasterising.description_books import of_epub, of_fb2, of_mobi
from workers.rasterising.description_files import of_html, of_ooxml, of_opendocument, of_picture
from workers.rasterising.media_types import DOCX, EPUB, FB2, HTML, MOBI
from workers.rasterising.plain_xml import xml_of

SAYS = Provenance(title="Kilns & ovens", author="A. Potter", language="en")
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
CORE = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<cp:coreProperties xmlns:cp="http://'
    f'schemas.openxmlformats.org/package/2006/metadata/core-properties" {DC}>'
    "<dc:title>Kilns &amp; ovens</dc:title><dc:creator>A. Potter</dc:creator>"
    "<cp:lastModifiedBy>B. Clerk</cp:lastModifiedBy><dc:language>en</dc:language>"
    "</cp:coreProperties>"
)
META = (
    '<office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    f'xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" {DC}><office:meta>'
    "<dc:creator>B. Clerk</dc:creator><meta:initial-creator>A. Potter</meta:initial-creator>"
    "<dc:title>Kilns &amp; ovens</dc:title><dc:language>en</dc:language>"
    "</office:meta></office:document-meta>"
)
OPF = (
    f'<package xmlns="http://www.idpf.org/2007/opf" version="3.0" {DC}><metadata>'
    "<dc:title>Kilns &amp; ovens</dc:title><dc:creator>A. Potter</dc:creator>"
    "<dc:language>en</dc:language><dc:rights>CC BY 4.0</dc:rights>"
    '<meta property="tdm-reservation">{}</meta></metadata><manifest>'
    '<item id="c" href="chapter0.xhtml" media-type="application/xhtml+xml"/></manifest>'
    '<spine><itemref idref="c"/></spine></package>'
)
PAGE = (
    "<!-- <title>Not this</title> --><html LANG=en><head><title>Kilns\n&amp; ovens</title>"
    "<meta content='A. Potter' name=author><link rel='license nofollow' "
    'href="https://creativecommons.org/licenses/by/4.0/"><meta name="tdm-reservation" content="1">'
    '<meta name="robots" content="noindex, noai"></head><body><title>Nor this</title>A kiln.'
)


def fb2() -> bytes:
    info = (
        "<description><title-info><genre>x</genre><author><first-name>A.</first-name>"
        "<last-name>Potter</last-name></author><book-title>Kilns &amp; ovens</book-title>"
        '<coverpage><image l:href="#c"/></coverpage><lang>en</lang></title-info></description>'
    )
    book = formats.fb2().decode().replace("<body>", f"{info}<body>", 1)
    space = 'xmlns:l="http://www.w3.org/1999/xlink" xmlns='
    return book.replace("xmlns=", space, 1).encode()


def mobi() -> bytes:
    """A book with fields behind its header."""
    fields = ((503, "Kilns & ovens"), (100, "A. Potter"), (524, "en"))
    exth = b"".join(struct.pack(">II", k, 8 + len(v.encode())) + v.encode() for k, v in fields)
    exth = b"EXTH" + struct.pack(">II", 12 + len(exth), len(fields)) + exth
    data = formats.mobi()
    first, second = (int.from_bytes(data[at : at + 4], "big") for at in (78, 86))
    header = bytearray(data[first:second])
    header[128:132] = struct.pack(">I", 0x40)
    place = 16 + int.from_bytes(header[20:24], "big")
    record = bytes(header[:place]) + exth
    start = first + len(record)
    return data[:86] + struct.pack(">I", start) + data[90:first] + record + data[second:]


FILES: list[tuple[str, bytes, str, Provenance]] = [
    ("epub", formats.epub(more={"book.opf": OPF.format(1)}), EPUB,
     Provenance(title=SAYS.title, author=SAYS.author, language="en", license="CC-BY-4.0",
                license_from="document", reserved="tdm-reservation")),
    ("fb2", fb2(), FB2, SAYS),
    ("mobi", mobi(), MOBI, SAYS),
    ("html", PAGE.encode(), HTML,
     Provenance(title=SAYS.title, author=SAYS.author, language="en", license="CC-BY-4.0",
                license_from="document", reserved="tdm-reservation; noai")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "kind", "says"), FILES, ids=[f[0] for f in FILES])
def test_books_and_pages_say_who_wrote_them(
    name: str, data: bytes, kind: str, says: Provenance, rasterizer: Rasterizer, tmp_path: Path
) -> None:
    path = tmp_path / f"a.{name}"
    path.write_bytes(data)
    assert sniff_file(path, path.name) == kind
    pages, found = rasterizer.describe(path, kind)
    assert (pages > 0, found) == (True, says)


def test_an_epub_that_reserves_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.epub").write_bytes(formats.epub(more={"book.opf": OPF.format(0)}))
    assert of_epub(tmp_path / "a.epub").reserved is None


def test_office_files_say_their_titles_and_first_authors(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(formats.zipped({"docProps/core.xml": CORE}))
    assert of_ooxml(path) == SAYS
    path.write_bytes(formats.zipped({"meta.xml": META}))
    assert of_opendocument(path) == SAYS
    path.write_bytes(formats.docx())
    assert of_ooxml(path) == NOTHING


def test_the_facts_of_an_office_file_are_its_own_and_not_those_of_the_pdf_made_of_it(
    rasterizer: Rasterizer, tmp_path: Path
) -> None:
    """Such a file is read by LibreOffice, where there is one; the PDF is at hand here."""
    from workers.rasterising import render

    (tmp_path / "a.docx").write_bytes(formats.zipped({"docProps/core.xml": CORE}))
    import pymupdf

    made = pymupdf.open()
    made.new_page()
    made.set_metadata({"title": "From a release of LibreOffice"})
    made.save(tmp_path / "made.pdf")
    found = render.describe(
        str(tmp_path / "made.pdf"), "application/pdf", str(tmp_path / "a.docx"), DOCX
    )
    assert found == (1, SAYS)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_picture_says_what_its_xmp_says_of_data_mining(kind: str) -> None:
    packet = described(
        "<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"
        "</plus:DataMining><dc:title>A kiln</dc:title>"
    ).encode()
    out = io.BytesIO()
    if kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet.decode())
        formats.picture().save(out, kind, pnginfo=info)
    elif kind == "TIFF":
        formats.picture().save(out, kind, tiffinfo={700: packet})
    else:
        formats.picture().save(out, kind, xmp=packet)
    with Image.open(io.BytesIO(out.getvalue())) as image:
        found = of_picture(image)
    assert found == Provenance(title="A kiln", reserved="DMI-PROHIBITED-AIMLTRAINING")


def test_entities_are_not_expanded() -> None:
    assert xml_of('<!DOCTYPE x [<!ENTITY a "A">]><x>&a;</x>') is None


READERS = [of_epub, of_fb2, of_mobi, of_html, of_ooxml, of_opendocument]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any") / "file"


@given(
    st.sampled_from([data for _, data, _, _ in FILES] + [formats.zipped({"meta.xml": META})]),
    st.lists(st.tuples(st.integers(0, 5000), st.binary(min_size=1, max_size=4)), max_size=6),
    st.sampled_from(READERS),
)
def test_any_file_is_read_or_says_nothing(place: Path, data, changes, read) -> None:
    changed = bytearray(data)
    for at, piece in changes:
        changed[at : at + len(piece)] = piece
    place.write_bytes(changed)
    assert isinstance(read(place), Provenance)
