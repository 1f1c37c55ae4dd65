"""The types of MuPDF's text: the dictionaries of PyMuPDF's `get_text`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypedDict, cast

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


def copied(blocks: Sequence[RawBlock]) -> list[RawBlock]:
    """A copy of `blocks` whose lines, spans and characters can be changed."""
    return [_copied(block) if "lines" in block else block for block in blocks]


def _copied(block: RawBlock) -> RawBlock:
    lines = [{**line, "spans": list(map(_copied_span, line["spans"]))} for line in block["lines"]]
    return cast(RawBlock, {**block, "lines": lines})


def _copied_span(span: RawSpan) -> RawSpan:
    copy = span.copy()
    if "chars" in span:
        copy["chars"] = [char.copy() for char in span["chars"]]
    return copy


def plain_name(font: str) -> str:
    """A font's name without the mark of a subset."""
    return font[7:] if font[6:7] == "+" else font


def translate(span: RawSpan, table: Mapping[int, str]) -> None:
    """Put other characters in the text of `span`, in place, as `str.translate` does."""
    span["text"] = span["text"].translate(table)
    for char in span.get("chars", ()):
        char["c"] = char["c"].translate(table)
