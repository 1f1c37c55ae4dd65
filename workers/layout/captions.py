"""How captions begin, in the languages of many manuals. Pure."""

from __future__ import annotations

import re

_NAMES = (
    r"(?:fig(?:ure|\.)?|table|tab\.|plate|listing|abb(?:ildung|\.)|tabelle|tableau|figura|tabla|"
    r"tabela|tabella|rysunek|obrázek|рис(?:унок|\.)|табл(?:ица|\.)|图|圖|図|表)"
)
_NUMBER = r"\s*\d+(?:[.-]\d+)*"
_CAPTION = re.compile(rf"^{_NAMES}{_NUMBER}\s?(?:[.:：]|[–—-]\s)", re.IGNORECASE)
_BEGINNING = re.compile(rf"^\s*{_NAMES}{_NUMBER}(?![\w.-])", re.IGNORECASE)


def is_caption(text: str) -> bool:
    """Whether a text is a caption for sure: `Figure 3: a knot`, `Table 2.1. Ropes`, `図 4：結び`.

    `Figure 3 shows a knot` is a sentence.
    """
    return _CAPTION.match(text) is not None


def begins_caption(text: str) -> bool:
    """Whether a text begins as captions do; some have nothing after the number but a space.

    >>> begins_caption("Table 1.7 Ropes"), is_caption("Table 1.7 Ropes"), begins_caption("Part 3")
    (True, False, False)
    """
    return _BEGINNING.match(text) is not None or is_caption(text)
