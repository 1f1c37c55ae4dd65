"""Join lines of text to paragraphs, listings and tables. Pure.

Owns what stands between two lines: a space, nothing, a hyphen taken out, a line end, a column.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Sequence

from schemas.pages import Box
from workers.textlayer.lines import Line

UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
    "\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, CJK with kana and full-width forms: no space between words."""

_WORDLIKE = re.compile(r"[^\W\d_]{2}|\d")
_LEADERS = re.compile(r"(?:\s?[.·]){4,}\s*")
_HYPHENS = "-\u2010"
_MAX_CODE_INDENT = 60  # columns; a listing is at most a page wide
_MIN_TABLE_ROWS = 3
_MAX_TABLE_COLUMNS = 12
_MAX_MEAN_CELL_CHARS = 40  # longer parts side by side are columns of prose


def join_lines(texts: Sequence[str]) -> str:
    """Join the lines of a paragraph: no space between CJK; a word cut by a hyphen made whole."""
    parts: list[str] = []
    for text in (" ".join(text.split()) for text in texts):
        if not text:
            continue
        if not parts:
            parts.append(text)
            continue
        last = parts[-1]
        if last.endswith("\u00ad"):
            parts[-1] = last[:-1]
        elif len(last) > 1 and last[-1] in _HYPHENS and last[-2].isalpha():
            if text[0].islower() and "-" not in last.rsplit(" ", 1)[-1][:-1]:
                parts[-1] = last[:-1]
        elif not (UNSPACED.match(last[-1]) and UNSPACED.match(text[0])):
            parts.append(" ")
        parts.append(text)
    return "".join(parts).replace("\u00ad", "")


def listing(rows: Sequence[Sequence[Line]]) -> str:
    """Fixed-width rows with the indents and gaps that their places on the page show."""
    lines = [line for row in rows for line in row]
    left = min(line.box[0] for line in lines)
    widths = [(line.box[2] - line.box[0]) / len(line.text) for line in lines if line.text]
    width = max(statistics.median(widths), 0.1)
    out: list[str] = []
    for row in rows:
        text = ""
        for line in sorted(row, key=lambda line: line.box[0]):
            column = min(round((line.box[0] - left) / width), len(text) + _MAX_CODE_INDENT)
            text = text.ljust(column if not text else max(column, len(text) + 1)) + line.text
        out.append(text.rstrip().replace("```", "'''"))
    return "\n".join(out)


def table_markdown(cells: Sequence[Sequence[str | None]]) -> str:
    """A pipe table whose first row is its header; line ends in cells are joined."""
    rows = [
        [join_lines((cell or "").split("\n")).replace("|", "\\|") for cell in row] for row in cells
    ]
    head, *rest = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|" + "---|" * len(rows[0]), *rest])


def aligned_table(rows: Sequence[Sequence[Line]]) -> list[list[str]] | None:
    """The cells of a table without ruling lines; None where the rows' parts are not aligned.

    Columns are the x-extents of all parts, joined where less than half a font size lies between
    them. Most rows must have two parts or more, and most parts a word or a number: displayed
    formulas have neither.
    """
    parts = [line for row in rows for line in row]
    wide_rows = sum(len(row) > 1 for row in rows)
    if len(rows) < _MIN_TABLE_ROWS or wide_rows < 0.7 * len(rows):
        return None
    if sum(len(part.text) for part in parts) > _MAX_MEAN_CELL_CHARS * len(parts):
        return None
    if sum(bool(_WORDLIKE.search(part.text)) for part in parts) < 0.7 * len(parts):
        return None
    gap = 0.5 * statistics.median(part.size for part in parts)
    columns: list[Box] = []
    for box in sorted(part.box for part in parts):
        if columns and box[0] < columns[-1][2] + gap:
            columns[-1] = (*columns[-1][:2], max(columns[-1][2], box[2]), box[3])
        else:
            columns.append(box)
    if not 2 <= len(columns) <= _MAX_TABLE_COLUMNS:
        return None
    cells = [[""] * len(columns) for _ in rows]
    for row, texts in zip(rows, cells, strict=True):
        for line in row:
            at = max(i for i, column in enumerate(columns) if column[0] <= line.box[0])
            texts[at] = f"{texts[at]} {line.text.strip()}".strip()
    return cells


def are_entries(rows: Sequence[Sequence[Line]]) -> bool:
    """Whether there are two rows or more, half of them with parts well apart or joined by dots.

    Such rows are entries, as in a table of contents, and keep a line each.
    """
    apart = 0
    for row in rows:
        boxes = sorted(line.box for line in row)
        has_gap = any(b[0] - a[2] > row[0].size for a, b in itertools.pairwise(boxes))
        apart += has_gap or any(_LEADERS.search(line.text) for line in row)
    return len(rows) > 1 and apart * 2 >= len(rows)


def without_leaders(text: str) -> str:
    """`text` with three dots for a row of dots, as in a table of contents."""
    return _LEADERS.sub(" ... ", text)
