"""Removes the characters that would break consumers of a text or a message. Pure."""

from __future__ import annotations

import re

MAX_DETAIL_CHARS = 500

_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85]")
_HARMFUL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """`text` without control characters, lone surrogates, and white space at its ends."""
    return _HARMFUL.sub("", _LINE_END.sub("\n", text)).strip()


def harmful_chars(text: str) -> int:
    """How many control characters and lone surrogates `clean` removes; space is not counted."""
    return len(_HARMFUL.findall(text))


def first_line(exc: BaseException) -> str:
    """What an exception says first, or else its name: libraries add advice and traces below."""
    return (str(exc).strip() or type(exc).__name__).splitlines()[0]


def one_line(message: object) -> str:
    """A message as one line that any table holds, of at most `MAX_DETAIL_CHARS` characters.

    Bytes of a file name that are not UTF-8 show as escapes, such as `\\udcff`; other harmful
    characters go.
    """
    shown = str(message).encode("utf-8", "backslashreplace").decode()
    return " ".join(_HARMFUL.sub(" ", shown).split())[:MAX_DETAIL_CHARS]
