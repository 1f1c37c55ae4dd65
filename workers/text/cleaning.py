"""Characters that would break consumers of a text, and their removal. Pure."""

from __future__ import annotations

import re

from schemas.lines import HARMFUL

_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85]")


def clean(text: str) -> str:
    """`text` without what breaks consumers: control characters, lone surrogates, outer space."""
    return HARMFUL.sub("", _LINE_END.sub("\n", text)).strip()


def harmful_chars(text: str) -> int:
    """How many characters `clean` removes because they break consumers; space is not counted."""
    return len(HARMFUL.findall(text))
