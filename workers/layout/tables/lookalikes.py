"""What stands in columns and is no table: displayed formulas, lists of contents. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from workers.layout.tables.columns import Row

_EQUATION = re.compile(r"\((?:[A-Z]\.?)?\d{1,3}(?:[.-]\d{1,4}){0,2}[a-z]?[′']?\)")
_FORMULA_SIGN = re.compile(r"[=<>≤≥≠≈≡∼≅∝→←↔⇒⇔∈⊂⊆∪∩∑∏∫√∂∇±∞⎛⎜⎝⎞⎟⎠⎡⎢⎣⎤⎥⎦⎧⎨⎩⎪{}|]")
_MIN_NUMBERED = 0.25
"""Of the rows: a formula of three or four lines has one number."""
_SECTION = re.compile(r"(?:\d{1,3}|[IVXLC]{1,5}|[A-Z])(?:\.\d{1,3}){0,4}\.?\s+\S*[^\W\d_]{2}")
_MIN_ENTRIES = 0.6


def is_lookalike(rows: Sequence[Row]) -> bool:
    """Whether these rows only look like a table's."""
    return are_formulas(rows) or are_contents(rows)


def are_formulas(rows: Sequence[Row]) -> bool:
    """Whether some rows end in the number of an equation, after a sign of formulas or nothing."""
    numbered = [row for row in rows if _EQUATION.fullmatch(_text(row, -1))]
    signed = [
        len(row) == 1 or any(_FORMULA_SIGN.search(chunk.piece.text) for chunk in row)
        for row in numbered
    ]
    return bool(numbered) and all(signed) and len(numbered) >= _MIN_NUMBERED * len(rows)


def are_contents(rows: Sequence[Row]) -> bool:
    """Whether rows are numbered titles, each with its page: the pages count up."""
    entries = [row for row in rows if len(row) > 1 and _text(row, -1).isdecimal()]
    pages = [int(_text(row, -1)) for row in entries]
    titles = [" ".join(_text(row, at) for at in range(len(row) - 1)) for row in entries]
    numbered = sum(_SECTION.match(title) is not None for title in titles)
    counts_up = all(a <= b for a, b in itertools.pairwise(pages))
    return counts_up and numbered >= max(_MIN_ENTRIES * len(rows), 2)


def _text(row: Row, at: int) -> str:
    return row[at].piece.text.strip()
