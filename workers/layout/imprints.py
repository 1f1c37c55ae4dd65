"""The sender's small print at the foot of letters and invoices: address, bank, register. Pure."""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Sequence

from workers.layout.placed_lines import PlacedLine

_SMALL = 0.85
"""Of the body's size, at most, on the median: boxes of recognised lines vary."""
_TOP = 0.82
_BOTTOM = 0.9
"""Of the page's height: where such a foot begins at the earliest, and ends at least."""
_APART = 1.5
"""Sizes of the body between it and the text above."""
_MAX_ROWS = 6
_SAME_SIDE = 0.012
"""Of the page's width, between the left sides of lines of one column."""
_MIN_CONTACTS = 2
_CONTACT = re.compile(
    r"\b(?:tel|fax|phone|telefon|téléphone|teléfono|mobile|iban|bic|swift|vat|ust|siret|account|"
    r"konto|bank|banque|banco|banca|registered|registergericht|amtsgericht|hrb|company no)\b"
    r"|www\.|https?:|\S@\S+\.\w",
    re.IGNORECASE,
)


def imprint(lines: Sequence[PlacedLine], body_size: float) -> set[int]:
    """The numbers of the lines of such a foot; none where the page has none.

    It is the page's last block, in small print, in two columns or more of several lines each, and
    says how to reach or to pay the sender. Footnotes and the ends of tables say nothing of these.
    """
    block = _last_block(lines, body_size)
    if not block or max(lines[i].bbox[3] for i in block) < _BOTTOM:
        return set()
    heights = [lines[i].height for i in block]
    is_small = statistics.median(heights) <= _SMALL * body_size and max(heights) < body_size
    contacts = sum(_CONTACT.search(lines[i].text) is not None for i in block)
    if not is_small or contacts < _MIN_CONTACTS or _columns(lines, block) < 2:
        return set()
    return set(block)


def _last_block(lines: Sequence[PlacedLine], body_size: float) -> list[int]:
    """The last lines of the page, up to a gap; none where they reach too far up or are many."""
    block: list[int] = []
    top = 1.0
    for i in sorted(range(len(lines)), key=lambda i: -lines[i].bbox[3]):
        if block and top - lines[i].bbox[3] > _APART * body_size:
            break
        block.append(i)
        top = min(top, lines[i].bbox[1])
        if top < _TOP:
            return []
    rows = {round(lines[i].bbox[3] / (0.5 * body_size)) for i in block} if body_size else set()
    return block if len(rows) <= _MAX_ROWS else []


def _columns(lines: Sequence[PlacedLine], block: Sequence[int]) -> int:
    """How many columns of two lines or more begin at one left side."""
    sides = sorted(lines[i].bbox[0] for i in block)
    counts = [1]
    for left, right in itertools.pairwise(sides):
        if right - left < _SAME_SIDE:
            counts[-1] += 1
        else:
            counts.append(1)
    return sum(count > 1 for count in counts)
