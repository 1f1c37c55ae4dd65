"""Join lines of text to paragraphs and listings. Pure.

Owns what stands between two lines: a space, nothing, a hyphen taken out, a line end.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Sequence

from workers.textlayer.lines import Line

UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
    "\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, CJK with kana and full-width forms: no space between words."""

_LEADERS = re.compile(r"(?:\s?[.·]){4,}\s*")
_HYPHENS = "-\u2010"
_MAX_CODE_INDENT = 60  # columns; a listing is at most a page wide


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
