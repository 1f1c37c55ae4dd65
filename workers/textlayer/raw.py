"""The types of MuPDF's text: the dictionaries of PyMuPDF's `Page.get_text("dict")`."""

from __future__ import annotations

from typing import TypedDict

from schemas.pages import Box


class RawSpan(TypedDict):
    """Text in one style, as `get_text("dict")` gives it."""

    text: str
    font: str
    size: float
    flags: int
    char_flags: int
    alpha: int
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
