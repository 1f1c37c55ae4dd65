"""Read XMP, the RDF that a document carries: its licence, what is reserved, its title. Pure.

XMP writes a property as an element or as an attribute of `rdf:Description`, and its value as text,
as `rdf:resource` or as the items of a list; all of these are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from schemas.licenses import is_address, license_named, spdx_name
from schemas.lines import one_line
from schemas.provenance import Provenance, stated
from schemas.reservations import NO_AI, TDM_RESERVATION
from workers.rasterising.plain_xml import xml_of

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC = "{http://purl.org/dc/elements/1.1/}"
TDM_PROPERTY = "{http://www.w3.org/ns/tdmrep/}reservation"
_LICENSE = "{http://creativecommons.org/ns#}license"
_STATEMENT = "{http://ns.adobe.com/xap/1.0/rights/}WebStatement"
_DATA_MINING = "{http://ns.useplus.org/ldf/xmp/1.0/}DataMining"
# https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/
_TDM_RESERVATION = re.compile(r"\{https?://www\.w3\.org/ns/tdmrep[/#]?\}reservation")
_PROHIBITED = re.compile(r"DMI-PROHIBITED[A-Z-]*")
_MOST_VALUES = 20


@dataclass(frozen=True, slots=True)
class Properties:
    """The properties of an XMP packet, each with a value, in their order."""

    pairs: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """The values of a property, by its namespace in braces and its name."""
        return [value for key, value in self.pairs if key == name]

    def dublin_core(self, name: str) -> Sequence[str]:
        """The values of a property of Dublin Core, each once."""
        return list(dict.fromkeys(self.values(DC + name)))[:_MOST_VALUES]

    def license(self) -> str | None:
        """The licence that the document states, the most specific statement first."""
        addresses = [text for text in self.values(_STATEMENT) if is_address(text)]
        rights = [t for t in self.values(DC + "rights") if is_address(t) or spdx_name(t)]
        statements = (*self.values(_LICENSE), *addresses, *rights)
        return next((name for text in statements if (name := license_named(text))), None)

    def reserved(self) -> str | None:
        """What the document reserves: `tdm-reservation`, a term of PLUS, `noai`; joined by `; `."""
        words: list[str] = []
        for name, value in self.pairs:
            if _TDM_RESERVATION.fullmatch(name) and value == "1":
                words.append(TDM_RESERVATION)
            elif name == _DATA_MINING and (found := _PROHIBITED.search(value)):
                words.append(found[0])
            elif name == DC + "rights" and (found := NO_AI.search(value)):
                words.append(found[0].lower())
        return one_line("; ".join(dict.fromkeys(words))) or None


def parse_xmp(packet: bytes) -> Properties:
    """The properties of a packet; none where it is no XML."""
    root = xml_of(packet.decode(_encoding(packet), "replace"))
    if root is None:
        return Properties(())
    pairs = (pair for node in root.iter(_RDF + "Description") for pair in _pairs(node))
    return Properties(tuple((name, value.strip()) for name, value in pairs if value.strip()))


def statement(properties: Properties) -> Provenance:
    """What the properties of a document state of it."""

    def joined(name: str) -> str | None:
        return stated("; ".join(properties.dublin_core(name)))

    license_ = properties.license()
    return Provenance(
        title=joined("title"),
        author=joined("creator"),
        language=joined("language"),
        license=license_,
        license_from=license_ and "document",
        reserved=properties.reserved(),
    )


def _encoding(packet: bytes) -> str:
    """XMP is UTF-8, or UTF-16 with a mark."""
    return "utf-16" if packet[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"


def _pairs(description: ElementTree.Element) -> Iterator[tuple[str, str]]:
    yield from description.attrib.items()
    for node in description:
        yield node.tag, node.text or ""
        yield node.tag, node.get(_RDF + "resource") or ""
        for item in node.iterfind(f"./*/{_RDF}li"):
            yield node.tag, item.text or ""
