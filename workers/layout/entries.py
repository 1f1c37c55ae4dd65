"""Entries of indexes, lists of contents and histories: words, leaders of dots, page numbers. Pure.

Owns telling by their words that lines are entries, which models and alignment take for tables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from schemas.pages import Box
from workers.layout.tables.grid import rows_of

_LEADER = re.compile(r"(?:[.·…]\s?){4,}|…\s?…")
_ENTRY = re.compile(r"[^\d\s].*?[\s,:.]\s*\d{1,4}(?:[\s,;.*–—-]+\d{1,4})*[\s.,*]*", re.DOTALL)
_NUMBERS = re.compile(r"[\d\s.,;*()%–—-]+")
_MIN_LEADERS = 3
_LEADER_SHARE = 0.25
"""Entries over rows: entries may go over several rows, and only the last has the leader."""


def is_entry(text: str) -> bool:
    r"""Whether a line of text is words and page numbers, or has a leader.

    >>> [is_entry(text) for text in ("catcode, 367, 1291", "Kilns . . . . 12", "12", "in 1904 we")]
    [True, True, False, False]
    """
    return has_leader(text) or _ENTRY.fullmatch(text) is not None


def goes_on(text: str) -> bool:
    """Whether a line may be of an entry, as any of its rows: page numbers alone, or one letter."""
    return len(text) == 1 or _NUMBERS.fullmatch(text) is not None


def has_leader(text: str) -> bool:
    """Whether a text has a leader of dots."""
    return _LEADER.search(text) is not None


def are_entries(boxes: Sequence[Box], texts: Sequence[str], are_led: Sequence[bool]) -> bool:
    """Whether lines at `boxes` are entries with leaders, in one column or several, not a table.

    `are_led` says which lines dots lead to, or from where they lead to none. A table of sums has
    leaders too, and several columns of numbers after each.
    """
    rows = rows_of(boxes)
    leaders = sum(led or has_leader(text) for text, led in zip(texts, are_led, strict=True))
    entries = leaders + sum(is_entry(text) and not has_leader(text) for text in texts)
    more = sum(
        are_led[a] and not are_led[b] and _NUMBERS.fullmatch(texts[b]) is not None
        for row in rows
        for a, b in pairwise(row)
    )
    return leaders >= _MIN_LEADERS and entries >= _LEADER_SHARE * len(rows) and 2 * more <= leaders
