"""Markdown's marks that several grammars set: items of lists, fences of code."""

from __future__ import annotations

import re

_BULLET = re.compile(r"[•·▪◦‣●○■□–*-]\s+")
_NUMBERED = re.compile(r"[0-9]{1,3}[.)]\s")
_TICKS = re.compile("`{3,}")


def list_item(text: str, marker: str) -> str:
    """`text` after `marker`, which replaces a bullet in the text; a number in the text stays."""
    bullet = _BULLET.match(text)
    if _NUMBERED.match(text):
        return marker[: len(marker) - len(marker.lstrip())] + text
    return marker + (text if bullet is None else text[bullet.end() :])


def fenced(text: str, language: str = "") -> str:
    """`text` in a fence longer than any run of ticks in it."""
    ticks = max((len(run) for run in _TICKS.findall(text)), default=2) + 1
    fence = "`" * ticks
    return f"{fence}{language}\n{text}\n{fence}"
