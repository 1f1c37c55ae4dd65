"""Write blocks as Markdown that CommonMark reads as the same blocks in normal form. Pure."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from workers.synthetic.text.blocks import BULLET, Run, TextBlock, normal_blocks

_SPECIAL = re.compile(r"[\\`*\[\]<]|&(?=#?\w+;)")
# An underscore within a word is read literally; at the end of a run the neighbour may be written
# as a reference, which ends the word.
_UNDERSCORE = re.compile(r"_(?<!\w[^\W_]_)|_(?![^\W_]\w)")
# What opens a block at the start of a line: headings, quotes, items, thematic breaks, underlines
# of headings, fences, the second row of a table.
_OPENING = re.compile(r"^(?:#{1,6}(?=\s|$)|>|[-+](?=\s|$)|[-:|][-:| \t]*$|=+[ \t]*$|~~~)")
_NUMBER = re.compile(r"^([0-9]{1,9})([.)])(?=\s|$)")
_CLOSING_HASHES = re.compile(r"(?:^|(?<=[ \t]))(#+)$")
_BACKTICKS = re.compile(r"`+")
_SAFE_NEIGHBOURS = frozenset(string.punctuation + " \n")


class _List(NamedTuple):
    """An open list: its bullet or delimiter, its last number, and the column of the texts."""

    sign: str
    number: int
    column: int


def to_markdown(blocks: Iterable[TextBlock]) -> str:
    """CommonMark that `markdown_blocks` reads as `normal_blocks(blocks)`."""
    parts: list[str] = []
    lists: list[_List] = []
    before: TextBlock | None = None
    for block in normal_blocks(blocks):
        if block.kind != "item":
            lists.clear()
            written = _outside_lists(block)
        else:
            written = _item(block, lists)
        if before is not None:
            # The text of an item begins no later than on the line after its marker.
            is_first_text = before.kind == "item" and not before.runs and block.level > before.level
            parts.append("\n" if is_first_text and block.kind == "item" else "\n\n")
        parts.append(written)
        before = block
    return "".join(parts)


def _outside_lists(block: TextBlock) -> str:
    if block.kind == "code":
        longest = max(map(len, _BACKTICKS.findall(block.text)), default=0)
        fence = "`" * max(3, longest + 1)
        return f"{fence}\n{block.text}\n{fence}"
    source = _inline(block.runs)
    if block.kind == "heading":
        return "#" * block.level + " " + _CLOSING_HASHES.sub(r"\\\1", source)
    if block.kind == "quote":
        return _prefixed(source, "> " * block.level, "> " * block.level)
    return source


def _item(block: TextBlock, lists: list[_List]) -> str:
    """An item in the open `lists`, which are updated: deeper ones end, a new one may begin."""
    source = _inline(block.runs)
    if not block.marker:
        del lists[block.level + 1 :]
        column = " " * lists[block.level].column
        return _prefixed(source, column, column)
    is_bullet = block.marker == BULLET
    sign, number = ("-", 0) if is_bullet else (block.marker[-1], int(block.marker[:-1]))
    margin = " " * (lists[block.level - 1].column if block.level else 0)
    gap = ""
    if not is_bullet and len(lists) > block.level:
        last = lists[block.level]
        # CommonMark numbers a list in sequence: before any other number, a thematic break ends it.
        if sign == last.sign and number != last.number + 1:
            gap = f"{margin}---\n\n"
    del lists[block.level :]
    marker = "- " if is_bullet else f"{block.marker} "
    lists.append(_List(sign, number, len(margin) + len(marker)))
    return gap + _prefixed(source, margin + marker, " " * lists[-1].column).rstrip(" ")


def _prefixed(source: str, first: str, others: str) -> str:
    return first + source.replace("\n", "\n" + others)


def _inline(runs: Sequence[Run]) -> str:
    """Runs in normal form as inline Markdown; line breaks are hard ones."""
    sources = [
        _code_span(run.text) if run.style == "code" else _escaped(run.text, number == 0)
        for number, run in enumerate(runs)
    ]
    for number, run in enumerate(runs):
        if run.style in ("strong", "emphasis"):
            _delimit(runs, sources, number)
    return "".join(sources)


def _delimit(runs: Sequence[Run], sources: list[str], number: int) -> None:
    """Put delimiters around the source of a run, so that CommonMark reads them as delimiters.

    A delimiter next to punctuation of the run needs space or punctuation on its other side
    (CommonMark, "left-flanking delimiter run"), so a letter there is written as a reference.
    Emphasis next to strong is written with underscores, because asterisks would run together;
    underscores always need space or punctuation outside.
    """
    source = sources[number]
    beside = [runs[i].style for i in (number - 1, number + 1) if 0 <= i < len(runs)]
    mark = "**" if runs[number].style == "strong" else "_" if "strong" in beside else "*"
    if number and (mark == "_" or not source[0].isalnum()):
        _free_end(runs[number - 1], sources, number - 1)
    if number + 1 < len(runs) and (mark == "_" or not source[-1].isalnum()):
        _free_start(runs[number + 1], sources, number + 1)
    sources[number] = mark + source + mark


def _free_end(run: Run, sources: list[str], number: int) -> None:
    last = sources[number][-1]
    if run.style == "" and last not in _SAFE_NEIGHBOURS:
        sources[number] = sources[number][:-1] + f"&#{ord(last)};"


def _free_start(run: Run, sources: list[str], number: int) -> None:
    first = sources[number][0]
    if run.style == "" and first not in _SAFE_NEIGHBOURS:
        sources[number] = f"&#{ord(first)};" + sources[number][1:]


def _escaped(text: str, opens_block: bool) -> str:
    """`text` with backslashes before characters that CommonMark would read as syntax."""
    text = _UNDERSCORE.sub(r"\\_", _SPECIAL.sub(r"\\\g<0>", text))
    # Every later line starts a line; the first one does so only in the first run of a block.
    first, *rest = text.split("\n")
    lines = [_at_start(first) if opens_block else first, *map(_at_start, rest)]
    return "\\\n".join(lines)


def _at_start(line: str) -> str:
    return _NUMBER.sub(r"\1\\\2", _OPENING.sub(r"\\\g<0>", line))


def _code_span(text: str) -> str:
    used = {len(run) for run in _BACKTICKS.findall(text)}
    ticks = "`" * next(length for length in range(1, len(used) + 2) if length not in used)
    has_ends = text[0] == "`" or text[-1] == "`" or (text[0] == text[-1] == " ")
    pad = " " if has_ends else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"
