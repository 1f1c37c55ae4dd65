"""Blocks of text to be set: their values, plain text as blocks, pieces, and the normal form.

Does not know fonts or pages. `markdown` reads Markdown into blocks, and `markdown_writing` writes
it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Style = Literal["", "strong", "emphasis", "code"]

BULLET = "•"
MAX_DEPTH = 24
"""The deepest quote or list in normal form, which the parser's limit of nesting allows."""
MAX_NUMBER = 999_999_999
"""The largest number of an item: CommonMark reads nine digits at most."""

_NUMBERED = re.compile(r"([0-9]{1,18})([.)])")
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
# Controls, surrogates and noncharacters: CommonMark reads them, and references to them, as U+FFFD.
_LAST_OF_PLANES = "".join(chr(plane << 16 | 0xFFFE + i) for plane in range(17) for i in (0, 1))
_NEVER_READ = re.compile(
    f"[\0-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_LAST_OF_PLANES}]"
)


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one style; `\\n` is a line break."""

    text: str
    style: Style = ""


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A block of a text.

    `level` is 1 to 6 for a heading, the depth from 1 for a quote, the depth from 0 for an item,
    else 0. `marker` is an item's bullet or number; an item without one continues the item before.
    """

    kind: Literal["paragraph", "heading", "item", "code", "quote"]
    runs: tuple[Run, ...]
    level: int = 0
    marker: str = ""

    @property
    def text(self) -> str:
        """The characters of the runs, without the marker. `cut` counts these."""
        return "".join(run.text for run in self.runs)


def plain_blocks(text: str) -> tuple[TextBlock, ...]:
    """The paragraphs of a plain text: blank lines separate them, other line ends are kept."""
    parts = _BLANK_LINES.split(_line_ends(text))
    lines = (part.strip("\n").rstrip() for part in parts)
    return tuple(TextBlock("paragraph", (Run(part),)) for part in lines if part)


def to_text(blocks: Iterable[TextBlock]) -> str:
    """The visible text: markers and the texts of runs, with a blank line between blocks."""
    texts = (" ".join(part for part in (b.marker, b.text) if part) for b in blocks)
    return "\n\n".join(texts)


def cut(block: TextBlock, start: int, stop: int) -> TextBlock:
    """The characters `start` to `stop` of a block's text, as a block of its own.

    Only the piece from the start has the marker: the others continue the item.
    """
    runs = []
    at = 0
    for run in block.runs:
        piece = run.text[max(0, start - at) : max(0, stop - at)]
        at += len(run.text)
        if piece:
            runs.append(replace(run, text=piece))
    return replace(block, runs=tuple(runs), marker="" if start else block.marker)


def normal_blocks(blocks: Iterable[TextBlock]) -> tuple[TextBlock, ...]:
    """What Markdown can express of `blocks`, in the form that reading that Markdown gives.

    Lines lose their outer space, code spans and headings their line breaks. Blocks without text
    are removed. Neighbouring runs of one style are joined, and white space at the ends of a styled
    run is moved out of it. An item is at most one level deeper than the item before it; one without
    a marker continues that item, and is a paragraph where there is none.
    """
    normalised: list[TextBlock] = []
    for block in blocks:
        normal = _normal_code(block) if block.kind == "code" else _normal_text(block)
        if normal.kind == "item":
            normal = _in_its_list(normal, normalised)
        if normal.text or normal.marker:
            normalised.append(normal)
    return tuple(normalised)


def _line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _readable(text: str) -> str:
    return _NEVER_READ.sub("\ufffd", _line_ends(text))


def _normal_code(block: TextBlock) -> TextBlock:
    text = _readable(block.text)
    return TextBlock("code", (Run(text),) if text.strip() else ())


def _normal_text(block: TextBlock) -> TextBlock:
    runs = _normal_runs(block.runs, one_line=block.kind == "heading")
    if block.kind == "heading":
        return TextBlock("heading", runs, min(max(block.level, 1), 6))
    if block.kind == "quote":
        return TextBlock("quote", runs, min(max(block.level, 1), MAX_DEPTH))
    if block.kind == "item":
        level = min(max(block.level, 0), MAX_DEPTH - 1)
        return TextBlock("item", runs, level, _normal_marker(block.marker))
    return TextBlock("paragraph", runs)


def _normal_marker(marker: str) -> str:
    match = _NUMBERED.fullmatch(marker)
    if match:
        return f"{min(int(match[1]), MAX_NUMBER)}{match[2]}"
    return BULLET if marker else ""


def _in_its_list(item: TextBlock, earlier: list[TextBlock]) -> TextBlock:
    """`item` at a level that the `earlier` blocks allow.

    An item that continues one without text takes its marker and its place in `earlier`.
    """
    before = earlier[-1] if earlier and earlier[-1].kind == "item" else None
    if item.marker:
        return replace(item, level=min(item.level, before.level + 1 if before else 0))
    if before is None:
        return TextBlock("paragraph", item.runs)
    item = replace(item, level=min(item.level, before.level))
    if item.runs and not before.runs and before.level == item.level:
        earlier.pop()
        return replace(item, marker=before.marker)
    return item


def _normal_runs(runs: Sequence[Run], one_line: bool) -> tuple[Run, ...]:
    pieces = [piece for run in runs for piece in _pieces(run, one_line)]
    normal: list[Run] = []
    for line in _lines(pieces):
        stripped = _stripped(_joined(line))
        if stripped and normal:
            ends_alike = normal[-1].style == stripped[0].style != "code"
            normal.append(Run("\n", stripped[0].style if ends_alike else ""))
        normal += stripped
    return tuple(_joined(normal))


def _pieces(run: Run, one_line: bool) -> Iterator[Run]:
    """A run in characters that CommonMark reads, without style on the white space at its ends."""
    text = _readable(run.text)
    if one_line or run.style == "code":
        text = text.replace("\n", " ")
    if run.style == "code" and text.strip():
        yield Run(text, "code")
        return
    core = text.strip()
    lead = text[: len(text) - len(text.lstrip())]
    yield Run(lead)
    yield Run(core, run.style if core else "")
    yield Run(text[len(lead) + len(core) :])


def _lines(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """The runs of each line, without line breaks."""
    line: list[Run] = []
    for run in runs:
        first, *rest = run.text.split("\n")
        line.append(replace(run, text=first))
        for text in rest:
            yield line
            line = [replace(run, text=text)]
    yield line


def _joined(runs: Iterable[Run]) -> list[Run]:
    """The runs without empty ones, neighbours of the same style joined."""
    joined: list[Run] = []
    for run in runs:
        if joined and run.style == joined[-1].style:
            joined[-1] = Run(joined[-1].text + run.text, run.style)
        elif run.text:
            joined.append(run)
    return joined


def _stripped(line: list[Run]) -> list[Run]:
    """A line without its outer space, except that of code spans."""
    if line and line[0].style != "code":
        line = _joined([replace(line[0], text=line[0].text.lstrip()), *line[1:]])
    if line and line[-1].style != "code":
        line = _joined([*line[:-1], replace(line[-1], text=line[-1].text.rstrip())])
    return line
