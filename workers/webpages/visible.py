"""Texts of documents as HTML, with the characters made visible that would act without being seen.

A right-to-left override turns a line around, a tag character carries a hidden letter, an escape is
a command for a terminal. A person who judges a text has to see that they are there. Pure.

    shown("a\\u202eb")      # 'a<span class="unseen" title="RIGHT-TO-LEFT OVERRIDE">U+202E</span>b'
    unmarked("a\\u202eb")   # 'a‹U+202E›b', for where no element can stand
"""

from __future__ import annotations

import re
import unicodedata
from html import escape

# Control characters but tab and line feed, lone surrogates, changes of direction that last, what
# has no width and joins nothing, tags. Joiners and the marks LRM and RLM stay: scripts need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b\u202a-\u202e\u2060-\u2069\u206a-\u206f"
    "\ufeff\U000e0000-\U000e007f]"
)


def shown(text: str) -> str:
    """`text` as HTML: escaped, with each unseen character as its code point."""
    return _UNSEEN.sub(_element, escape(text))


def unmarked(text: str) -> str:
    """`text` with each unseen character as its code point, still to be escaped.

    >>> unmarked("a\\x1b[2J")
    'a‹U+001B›[2J'
    """
    return _UNSEEN.sub(lambda match: f"‹{_code_point(match[0])}›", text)


def _element(match: re.Match[str]) -> str:
    name = escape(unicodedata.name(match[0], "control character"))
    return f'<span class="unseen" title="{name}">{_code_point(match[0])}</span>'


def _code_point(char: str) -> str:
    return f"U+{ord(char):04X}"
