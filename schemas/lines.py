"""Errors and messages of other programs as one line. Pure.

first_line(exc)     the first line of an error: libraries put advice and traces below it
last_line(text)     the last line: a remote traceback ends in the error itself
error_line(exc)     the whole error, for a message of ours
one_line(message)   a message that any table holds, cut to `MAX_DETAIL_CHARS`
"""

from __future__ import annotations

import re

MAX_DETAIL_CHARS = 500

HARMFUL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that break readers of a table: controls, lone surrogates, non-characters."""

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def first_line(exc: BaseException) -> str:
    """The first line of an error; the name of its class where it has no text."""
    return (str(exc).strip() or type(exc).__name__).splitlines()[0]


def last_line(text: str, prefix: str = "") -> str:
    """The last line that is not blank; empty where there is none.

    With `prefix`, the last line that begins with it, if any does, without it.

    >>> last_line("Traceback (most recent call last):\\n  ...\\nValueError: no page\\n")
    'ValueError: no page'
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    prefixed = [line for line in lines if line.startswith(prefix)]
    return (prefixed or lines or [""])[-1].removeprefix(prefix)


def error_line(exc: BaseException) -> str:
    """The text of an error without line breaks and colours, else the name of its class."""
    return " ".join(_COLOURS.sub("", str(exc)).split()) or type(exc).__name__


def one_line(message: object) -> str:
    """A message as one line that any table holds, of at most `MAX_DETAIL_CHARS` characters.

    Bytes of a file name that are not UTF-8 show as escapes, such as `\\udcff`; other harmful
    characters are removed.
    """
    shown = str(message).encode("utf-8", "backslashreplace").decode()
    return " ".join(HARMFUL.sub(" ", shown).split())[:MAX_DETAIL_CHARS]
