"""Removes the characters that would break consumers of a text. Pure."""

from __future__ import annotations

import re

from schemas.lines import HARMFUL

_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85]")


def clean(text: str) -> str:
    """`text` without control characters, lone surrogates, and white space at its ends."""
    return HARMFUL.sub("", _LINE_END.sub("\n", text)).strip()


def harmful_chars(text: str) -> int:
    """How many control characters and lone surrogates `clean` removes; space is not counted."""
    return len(HARMFUL.findall(text))
