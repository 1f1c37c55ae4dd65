"""The types of MuPDF's text: the dictionaries of PyMuPDF's `get_text`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypedDict

from schemas.pages import Box

MONO_FONT = re.compile(r"mono|courier|cmtt|cmsltt|sftt|typewriter|consol|inconsolata", re.I)
"""Names of fonts whose letters are of one width; MuPDF's flag misses some."""


class RawChar(TypedDict):
    """A character of `get_text("rawdict")`; MuPDF made up a `synthetic` one, a space."""

    c: str
    bbox: Box
    synthetic: bool


class RawSpan(TypedDict):
    """Text in one style: of `get_text("dict")` with `text`, of "rawdict" with `chars`."""

    text: str
    chars: list[RawChar]
    font: str
    size: float
    flags: int
    char_flags: int
    alpha: int
    color: int
    origin: tuple[float, float]
    bbox: Box


class RawLine(TypedDict):
    """A line of `get_text("dict")`; `dir` is cosine and sine, `wmode` 1 for vertical writing."""

    spans: list[RawSpan]
    bbox: Box
    dir: tuple[float, float]
    wmode: int


class RawBlock(TypedDict, total=False):
    """Of type 0, a paragraph with `number` and `lines`; of type 3, a path: `isrect`, `stroked`."""

    type: int
    bbox: Box
    number: int
    lines: list[RawLine]
    isrect: bool
    stroked: bool


def line_texts(blocks: Sequence[RawBlock]) -> list[str]:
    """The text of each line, all blocks through."""
    return [
        "".join([span["text"] for span in line["spans"]])
        for block in blocks
        for line in block.get("lines", ())
    ]
