"""Findings in the text of a document as findings in its pages. Pure.

An item that a page break parts stands in no page, but in their document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from schemas.findings import Finding


def findings_of_pages(
    findings: Sequence[Finding], offsets: Sequence[int], length: int
) -> list[list[Finding]]:
    """The findings in each page of a document, by the place in its text where each page begins.

    A finding that reaches over a page break becomes one in each page that it touches, from the
    start of that page's own part on, with the certainty of the whole.

    >>> found = Finding(8, 15, "decontaminate", "gsm8k")
    >>> [[(f.start, f.end) for f in page] for page in findings_of_pages([found], [0, 10], 20)]
    [[(8, 10)], [(0, 5)]]
    """
    pages: list[list[Finding]] = []
    for start, end in pairwise([*offsets, length]):
        touching = [one for one in findings if max(one.start, start) < min(one.end, end)]
        pages.append(
            [
                replace(one, start=max(one.start, start) - start, end=min(one.end, end) - start)
                for one in touching
            ]
        )
    return pages
