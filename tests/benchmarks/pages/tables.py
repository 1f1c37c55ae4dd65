"""Tables out of a reading: Markdown's pipe tables and HTML tables, their spans expanded. Pure.

(table,) = tables_in("| a | b |\\n|---|---|\\n| 1 | 2 |")
table[1][0].text        # "1"
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from workers.evaluation.normalise import plain

Grid = tuple[tuple["Cell | None", ...], ...]
"""Rows of cells. A cell stands at each place that it spans; None where a row is too short."""

_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_BAR = re.compile(r"(?<!\\)\|")
_MAX_SPAN = 200  # a reading may be wrong about a span, and must not cost all memory


@dataclass(frozen=True, eq=False)
class Cell:
    """A cell, its text normalised. Two cells are the same only if they are one object."""

    text: str


def tables_in(text: str) -> list[Grid]:
    """All tables of a reading: first those in Markdown, then those in HTML."""
    return [*_pipe_tables(text.splitlines()), *_html_tables(text)]


def _pipe_tables(lines: Sequence[str]) -> Iterator[Grid]:
    """Runs of lines with bars whose second line is a rule of dashes."""
    start = 0
    while start + 1 < len(lines):
        if not (_BAR.search(lines[start]) and "|" in lines[start + 1]) or not _RULE.match(
            lines[start + 1]
        ):
            start += 1
            continue
        stop = start + 2
        while stop < len(lines) and _BAR.search(lines[stop]):
            stop += 1
        rows = [lines[start], *lines[start + 2 : stop]]
        yield _level([[Cell(plain(part)) for part in _parts(row)] for row in rows])
        start = stop


def _parts(row: str) -> list[str]:
    """The texts between the bars of a line; bars at its ends are no cells of their own."""
    return _BAR.split(row.strip().removeprefix("|").removesuffix("|"))


@dataclass
class _Open:
    """An HTML table that is being read: the placed cells, and what is known of the next one."""

    places: dict[tuple[int, int], Cell] = field(default_factory=dict)
    row: int = -1
    span: tuple[int, int] = (1, 1)
    text: list[str] | None = None

    def close_cell(self) -> None:
        if self.text is None:
            return
        self.row = max(self.row, 0)
        column = 0
        while (self.row, column) in self.places:
            column += 1
        cell = Cell(plain("".join(self.text)))
        for row in range(self.row, self.row + self.span[0]):
            for at in range(column, column + self.span[1]):
                self.places.setdefault((row, at), cell)
        self.text = None

    def grid(self) -> Grid:
        width = 1 + max((column for _, column in self.places), default=-1)
        return tuple(
            tuple(self.places.get((row, column)) for column in range(width))
            for row in range(self.row + 1)
        )


class _Parser(HTMLParser):
    """Collects tables. A table inside a cell is a table of its own, and no text of the cell."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[Grid] = []
        self._stack: list[_Open] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._stack.append(_Open())
        if not self._stack:
            return
        table = self._stack[-1]
        if tag == "tr":
            table.close_cell()
            table.row += 1
        elif tag in ("td", "th"):
            table.close_cell()
            known = dict(attrs)
            table.span = _span(known.get("rowspan")), _span(known.get("colspan"))
            table.text = []
        elif tag in ("br", "p", "div", "li") and table.text is not None:
            table.text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if not self._stack:
            return
        if tag in ("td", "th", "tr", "table"):
            self._stack[-1].close_cell()
        if tag == "table":
            self.tables.append(self._stack.pop().grid())

    def handle_data(self, data: str) -> None:
        if self._stack and self._stack[-1].text is not None:
            self._stack[-1].text.append(data)


def _span(value: str | None) -> int:
    return (
        min(max(int(value), 1), _MAX_SPAN) if value and value.isascii() and value.isdigit() else 1
    )


def _html_tables(text: str) -> list[Grid]:
    parser = _Parser()
    parser.feed(text)
    parser.close()
    return parser.tables


def _level(rows: Sequence[Sequence[Cell]]) -> Grid:
    """Rows of equal length: None where a row has no cell."""
    width = max(map(len, rows))
    return tuple((*row, *[None] * (width - len(row))) for row in rows)
