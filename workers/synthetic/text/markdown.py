"""Texts and Markdown as blocks, and blocks as Markdown: the face of all that makes blocks.

Reads Markdown by CommonMark (markdown-it-py). Raw HTML, and tables, which CommonMark does not know,
become code blocks that show their source. What a page cannot show is dropped: targets of links, the
language of code, thematic breaks.

    blocks = markdown_blocks("# Title\\n\\nSome *words*.")
    to_text(blocks), to_markdown(blocks)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from workers.synthetic.text.blocks import (
    BULLET,
    Run,
    Style,
    TextBlock,
    cut,
    normal_blocks,
    plain_blocks,
    to_text,
)
from workers.synthetic.text.markdown_writing import to_markdown

__all__ = [
    "Run",
    "TextBlock",
    "cut",
    "markdown_blocks",
    "normal_blocks",
    "plain_blocks",
    "to_markdown",
    "to_text",
]

# A quote is one level and an item two, so the normal form's 24 fit; the parser drops what is
# nested deeper.
_MAX_NESTING = 64
_PARSER = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING})

_DELIMITER_ROW = re.compile(r"[ \t]*[-:|][-:| \t]*")


def markdown_blocks(text: str) -> tuple[TextBlock, ...]:
    """The blocks of a Markdown text, in normal form.

    A text that is nested too deep for the parser is read as plain text, so that nothing is lost.
    """
    tokens = _PARSER.parse(text)
    if max((token.level for token in tokens), default=0) >= _MAX_NESTING - 1:
        return normal_blocks(plain_blocks(text))
    return normal_blocks(_blocks(tokens))


@dataclass(slots=True)
class _Container:
    """An open quote or item; the first block in an item takes its `marker`, which is then empty."""

    kind: str
    marker: str = ""


@dataclass(slots=True)
class _Numbering:
    """An open list; `number` is that of its next item, None for bullets."""

    number: int | None

    def next_marker(self, delimiter: str) -> str:
        if self.number is None:
            return BULLET
        self.number += 1
        return f"{self.number - 1}{delimiter}"


def _blocks(tokens: Sequence[Token]) -> Iterator[TextBlock]:
    containers: list[_Container] = []
    lists: list[_Numbering] = []
    heading = 0
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            start = int(token.attrs.get("start", 1)) if token.tag == "ol" else None
            lists.append(_Numbering(start))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "list_item_open":
            containers.append(_Container("item", lists[-1].next_marker(token.markup)))
        elif token.type == "blockquote_open":
            containers.append(_Container("quote"))
        elif token.type in ("list_item_close", "blockquote_close"):
            yield from _items_without_text(containers)
            containers.pop()
        elif token.type == "heading_open":
            heading = int(token.tag[1:])
        elif token.type == "heading_close":
            heading = 0
        elif token.type == "inline" and heading:
            yield from _items_without_text(containers)
            yield TextBlock("heading", tuple(_runs(token.children or [])), heading)
        elif token.type == "inline":
            yield from _paragraph(token, containers)
        elif token.type in ("fence", "code_block", "html_block"):
            yield from _items_without_text(containers)
            yield TextBlock("code", (Run(token.content.removesuffix("\n")),))


def _items_without_text(containers: Iterable[_Container]) -> Iterator[TextBlock]:
    """The items that still have their markers, because no text of theirs has taken them."""
    for level, container in enumerate(c for c in containers if c.kind == "item"):
        if container.marker:
            yield TextBlock("item", (), level, container.marker)
            container.marker = ""


def _paragraph(token: Token, containers: list[_Container]) -> Iterator[TextBlock]:
    """A paragraph as a block of its innermost container; a table at its end is a code block."""
    lines = token.content.split("\n")
    table = _table_start(lines)
    children = token.children or []
    if table < len(lines):
        children = _PARSER.parseInline("\n".join(lines[:table]))[0].children or []
    if table:
        yield from _items_without_text(containers[:-1])
        yield _placed(tuple(_runs(children)), containers)
    if table < len(lines):
        yield from _items_without_text(containers)
        yield TextBlock("code", (Run("\n".join(lines[table:])),))


def _table_start(lines: Sequence[str]) -> int:
    """The line on which a table begins, as in GitHub's Markdown; the count of lines without one."""
    for number in range(1, len(lines)):
        if "|" in lines[number - 1] and _DELIMITER_ROW.fullmatch(lines[number]):
            return number - 1
    return len(lines)


def _placed(runs: tuple[Run, ...], containers: Sequence[_Container]) -> TextBlock:
    if not containers:
        return TextBlock("paragraph", runs)
    innermost = containers[-1]
    depth = sum(container.kind == innermost.kind for container in containers)
    if innermost.kind == "quote":
        return TextBlock("quote", runs, depth)
    marker, innermost.marker = innermost.marker, ""
    return TextBlock("item", runs, depth - 1, marker)


def _runs(tokens: Iterable[Token]) -> Iterator[Run]:
    strong = emphasis = 0
    for token in tokens:
        style: Style = "strong" if strong else "emphasis" if emphasis else ""
        if token.type in ("strong_open", "strong_close"):
            strong += token.nesting
        elif token.type in ("em_open", "em_close"):
            emphasis += token.nesting
        elif token.type == "code_inline":
            yield Run(token.content, "code")
        elif token.type in ("softbreak", "hardbreak"):
            yield Run(" " if token.type == "softbreak" else "\n", style)
        elif token.type == "image":
            yield from (Run(run.text, run.style or style) for run in _runs(token.children or []))
        else:
            yield Run(token.content, style)
