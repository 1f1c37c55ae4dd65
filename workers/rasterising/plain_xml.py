"""XML of documents, read without what makes it dangerous. Pure.

A document type can declare entities that unpack to gigabytes, or that name other files. So XML that
has one is refused.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from xml.etree import ElementTree

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_DOCTYPE = "<!DOCTYPE"


def xml_of(text: str) -> ElementTree.Element | None:
    """The root of a text of XML; None where it is none, or has a document type."""
    text = _DECLARATION.sub("", text.strip("\0\ufeff \r\n\t"), count=1)
    if _DOCTYPE in text:
        return None
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return None


def xml_up_to(text: str, names: Iterable[str]) -> ElementTree.Element | None:
    """The first element of one of these local names, of a text that may be cut behind it."""
    text = _DECLARATION.sub("", text.strip("\0\ufeff \r\n\t"), count=1)
    if _DOCTYPE in text:
        return None
    wanted = set(names)
    try:
        for _, node in ElementTree.iterparse(io.StringIO(text), ["end"]):
            if local_name(node) in wanted:
                found: ElementTree.Element = node
                return found
    except (ElementTree.ParseError, ValueError):
        pass
    return None


def local_name(node: ElementTree.Element) -> str:
    """The name of an element without its namespace; empty for a comment."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""
