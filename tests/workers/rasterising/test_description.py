"""What a PDF says of itself, from its information dictionary and its XMP."""

from __future__ import annotations

import zlib
from pathlib import Path

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.provenance import NOTHING, Provenance
from workers.rasterising import Rasterizer
from workers.rasterising.description import MAX_XMP_BYTES
from workers.rasterising.media_types import PDF
from workers.rasterising.xmp import parse_xmp

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:cc="http://creativecommons.org/ns#"
 xmlns:tdm="http://www.w3.org/ns/tdmrep/"
 xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"
 xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/">{}</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
BY = "http://creativecommons.org/licenses/by/4.0/"


def described(text: str) -> str:
    return XMP.format(f'<rdf:Description rdf:about="">{text}</rdf:Description>')


def licence(text: str) -> str | None:
    return parse_xmp(described(text).encode()).license()


def facts(rasterizer: Rasterizer, path: Path, document: pymupdf.Document) -> Provenance:
    path.write_bytes(document.tobytes())
    pages, found = rasterizer.describe(path, PDF)
    assert pages == 1
    return found


def one_page() -> pymupdf.Document:
    document = pymupdf.open()
    document.new_page()
    return document


def test_a_pdf_says_its_title_author_language_and_licence(rasterizer, tmp_path: Path) -> None:
    document = one_page()
    document.set_metadata({"title": "Über\nGerüste", "author": "A. N. Other"})
    document.set_language("de")
    document.set_xml_metadata(described(f'<cc:license rdf:resource="{BY}"/>'))
    assert facts(rasterizer, tmp_path / "a.pdf", document) == Provenance(
        title="Über Gerüste",
        author="A. N. Other",
        language="de",
        license="CC-BY-4.0",
        license_from="document",
    )


def test_what_only_the_xmp_says_counts_too(rasterizer, tmp_path: Path) -> None:
    document = one_page()
    items = "<rdf:Seq><rdf:li>One</rdf:li><rdf:li>Two</rdf:li></rdf:Seq>"
    document.set_xml_metadata(
        described(
            '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">A title</rdf:li></rdf:Alt></dc:title>'
            f"<dc:creator>{items}</dc:creator><tdm:reservation>1</tdm:reservation>"
        )
    )
    expected = Provenance(title="A title", author="One; Two", reserved="tdm-reservation")
    assert facts(rasterizer, tmp_path / "a.pdf", document) == expected


def test_a_pdf_without_any_says_nothing(rasterizer, tmp_path: Path) -> None:
    assert facts(rasterizer, tmp_path / "a.pdf", one_page()) == NOTHING


@pytest.mark.parametrize("size", [1000, MAX_XMP_BYTES + 1], ids=["packed", "bomb"])
def test_packed_xmp_is_read_up_to_a_limit(rasterizer, tmp_path: Path, size: int) -> None:
    document = one_page()
    document.set_xml_metadata("<x/>")
    xref = int(document.xref_get_key(document.pdf_catalog(), "Metadata")[1].split()[0])
    data = described("<cc:license>MIT</cc:license>" + " " * size).encode()
    document.update_stream(xref, zlib.compress(data), compress=False)
    document.xref_set_key(xref, "Filter", "/FlateDecode")
    found = facts(rasterizer, tmp_path / "a.pdf", document)
    assert found.license == ("MIT" if size == 1000 else None)


def test_damaged_metadata_costs_nothing_else(rasterizer, tmp_path: Path) -> None:
    document = one_page()
    document.set_metadata({"title": "A title"})
    document.set_xml_metadata("<rdf:RDF")
    document.xref_set_key(document.pdf_catalog(), "Lang", "[1 2]")
    assert facts(rasterizer, tmp_path / "a.pdf", document) == Provenance(title="A title")
    document.xref_set_key(document.pdf_catalog(), "Metadata", "9999 0 R")
    assert facts(rasterizer, tmp_path / "b.pdf", document) == Provenance(title="A title")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"<xmpRights:WebStatement>{BY}</xmpRights:WebStatement>", "CC-BY-4.0"),
        ("<xmpRights:WebStatement>see inside</xmpRights:WebStatement>", None),
        ("<dc:rights><rdf:Alt><rdf:li>CC BY-SA 4.0</rdf:li></rdf:Alt></dc:rights>", "CC-BY-SA-4.0"),
        ("<dc:rights><rdf:Alt><rdf:li>Copyright 2020</rdf:li></rdf:Alt></dc:rights>", None),
        # The licence itself comes before where to read about rights.
        (f"<dc:rights>MIT</dc:rights><cc:license>{BY}</cc:license>", "CC-BY-4.0"),
    ],
)
def test_the_most_specific_statement_is_the_licence(text: str, name: str | None) -> None:
    assert licence(text) == name


def test_a_property_may_be_an_attribute_and_the_packet_utf_16() -> None:
    packet = XMP.format(f'<rdf:Description cc:license="{BY}" plus:DataMining="DMI-ALLOWED"/>')
    found = parse_xmp(packet.encode("utf-16"))
    assert (found.license(), found.reserved()) == ("CC-BY-4.0", None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<tdm:reservation>0</tdm:reservation>", None),
        (
            "<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-GENAIMLTRAINING"
            "</plus:DataMining><tdm:reservation>1</tdm:reservation>",
            "DMI-PROHIBITED-GENAIMLTRAINING; tdm-reservation",
        ),
        ("<dc:rights>All rights reserved, noai</dc:rights>", "noai"),
    ],
)
def test_what_is_reserved_is_read(text: str, words: str | None) -> None:
    assert parse_xmp(described(text).encode()).reserved() == words


def test_entities_are_not_expanded() -> None:
    packet = '<!DOCTYPE x [<!ENTITY a "MIT">]>' + described("<cc:license>&a;</cc:license>")
    assert parse_xmp(packet.encode()).pairs == ()


@given(st.binary() | st.text().map(described).map(str.encode))
def test_any_packet_is_read_or_left_out(packet: bytes) -> None:
    found = parse_xmp(packet)
    assert found.license() is None or len(found.license() or "") <= 200
