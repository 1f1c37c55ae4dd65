"""What kind of markup a file begins with: its root element, and whether it is text at all."""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARATION = re.compile(r"<\?[^>]*\?>")
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_DOCTYPE = re.compile(r"<!DOCTYPE\s+([\w:]+)[^>\[]*(\[[^\]]*\]\s*)?>", re.I)
_ROOT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)(?=[\s/>])")
_HTML_ROOTS = frozenset({"html", "head", "body"})


def byte_order(head: bytes) -> tuple[str | None, int]:
    """The encoding that a byte-order mark names, and the mark's length; None and 0 without one."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    return None, 0


def root_element(head: bytes) -> str | None:
    """The local name of the root element of XML or HTML, «html» for all that begins a page.

    None where the bytes do not begin with markup.
    """
    encoding, length = byte_order(head)
    text = head[length:].decode(encoding or "latin-1", "replace").lstrip()
    if not text.startswith("<"):
        return None
    while match := _DECLARATION.match(text) or _COMMENT.match(text):
        text = text[match.end() :].lstrip()
    if match := _DOCTYPE.match(text):
        if match[1].lower() == "html":
            return "html"
        text = text[match.end() :].lstrip()
    while match := _DECLARATION.match(text) or _COMMENT.match(text):
        text = text[match.end() :].lstrip()
    root = _ROOT.match(text)
    if root is None:
        return None
    return "html" if root[1].lower() in _HTML_ROOTS else root[1]


def is_text(head: bytes) -> bool:
    """Whether the bytes may begin a text: there is no control character of binary files."""
    encoding, length = byte_order(head)
    text = head[length:].decode(encoding or "latin-1", "replace")
    return bool(text.strip()) and not any(sign in text for sign in "\x00\x01\x02\x03\x04\x7f")
