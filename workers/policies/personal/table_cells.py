"""The cells of tables in a page's text, Markdown's or HTML's, with the words that name them.

A cell's number is named at the head of its column or at the left of its row, far from the number.
Column spans are not followed: then a cell may get the head of its neighbour, or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PIPE_ROWS = re.compile(r"(?:^\|[^\n]*\|[ \t]*(?:\n|$)){2,}", re.MULTILINE)
_PIPE_CELL = re.compile(r"\|((?:[^|\\\n]|\\.)*)(?=\|)")
_HTML_TABLE = re.compile(r"<table\b.*?(?:</table>|$)", re.DOTALL | re.IGNORECASE)
_HTML_CELL = re.compile(r"<t[dh]\b[^>]*>(.*?)(?=</?t[dhr]\b|</t)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]{1,80}>|[\s:\-]+")
_MOST_NAME_CHARS = 40
"""A longer cell is no name of a column or a row."""


class TableCell(NamedTuple):
    """A cell, `text[start:end]`, and the words that name it: its row's, then its column's."""

    start: int
    end: int
    heading: str


def table_cells(text: str) -> Iterator[TableCell]:
    """The cells that hold digits, but those of the first row.

    >>> [cell.heading for cell in table_cells("| Name | Fax |\\n|---|---|\\n| Ann | 030 12 |")]
    ['Ann Fax']
    """
    if "|" in text:
        for table in _PIPE_ROWS.finditer(text):
            rows = re.finditer(r"[^\n]+", table[0])
            yield from _named(text, [_spans(_PIPE_CELL, text, table.start(), row) for row in rows])
    if "<t" in text:
        for table in _HTML_TABLE.finditer(text):
            rows = re.finditer(r"<tr\b.*?(?=<tr\b|$)", table[0], re.DOTALL | re.IGNORECASE)
            yield from _named(text, [_spans(_HTML_CELL, text, table.start(), row) for row in rows])


def _spans(
    cell: re.Pattern[str], text: str, offset: int, row: re.Match[str]
) -> list[tuple[int, int]]:
    start, end = offset + row.start(), offset + row.end()
    return [match.span(1) for match in cell.finditer(text, start, end)]


def _named(text: str, rows: list[list[tuple[int, int]]]) -> Iterator[TableCell]:
    heads = [_name(text, span) for span in rows[0]] if rows else []
    for number, row in enumerate(rows):
        left = ""
        for column, span in enumerate(row):
            head = heads[column] if number and column < len(heads) else ""
            heading = f"{left} {head}".strip()
            if heading and any(map(str.isdigit, text[span[0] : span[1]])):
                yield TableCell(*span, heading)
            left = _name(text, span)


def _name(text: str, span: tuple[int, int]) -> str:
    name = _TAG.sub(" ", text[span[0] : span[1]]).strip()
    return name if len(name) <= _MOST_NAME_CHARS else ""
