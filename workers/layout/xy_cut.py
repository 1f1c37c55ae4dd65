"""The recursive XY-cut (Nagy and Seth, "Hierarchical representation of optically scanned
documents", ICPR 1984): a page is cut into regions, each of them again, until nothing cuts.

Owns the recursion and its order. Where to cut is the caller's decision: `reading_order` cuts the
lines that OCR found at gutters, `workers.textlayer.column_cut` cuts the blocks of a PDF page at
columns and strips. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Members = TypeVar("Members")
"""The boxes of one region, in whatever form the caller has them."""


def regions(
    members: Members, cut: Callable[[Members], Sequence[Members]], max_depth: int
) -> list[Members]:
    """The regions that `cut` divides no further, in reading order.

    `cut` returns the parts of a region in reading order; fewer than two mean that it stays whole.
    A region at `max_depth` stays whole too, which bounds the work on a hostile page.

    >>> regions("a b-c d", lambda text: text.split("-" if "-" in text else " "), max_depth=2)
    ['a', 'b', 'c', 'd']
    """
    parts = cut(members) if max_depth > 0 else ()
    if len(parts) < 2:
        return [members]
    return [region for part in parts for region in regions(part, cut, max_depth - 1)]
