"""What the detectors share: the runs of digits of a text, and findings that do not overlap.

`digit_runs` is the one scan that all families of numbers begin with, so that prose without numbers
costs each of them nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from schemas.findings import Finding
from schemas.personal import Kind

POLICY = "pii"

_RUN = re.compile(r"\d(?:[ .,/()-]{0,3}\d){3,}")


class Run(NamedTuple):
    """A stretch of at least four digits and the signs between them: `text[start:end]`."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """Its characters; numbers of people have seven at least, years have four."""
        return self.end - self.start


def digit_runs(text: str) -> list[Run]:
    """All runs of the text, from its start.

    >>> digit_runs("born 1971, call 030 123 456")
    [Run(start=5, end=9), Run(start=16, end=27)]
    """
    return [Run(*match.span()) for match in _RUN.finditer(text)]


def finding(kind: Kind, start: int, end: int, certainty: float, detail: str) -> Finding:
    """A finding of this policy."""
    return Finding(start, end, POLICY, kind, certainty, detail)


def surest(findings: Iterable[Finding]) -> list[Finding]:
    """Findings that do not overlap, in the text's order: of two the surer, then the longer, then
    the earlier one stays.

    >>> card, phone = finding("card", 0, 19, 0.9, "Visa"), finding("phone", 5, 19, 0.6, "GB")
    >>> [kept.kind for kept in surest([phone, card])]
    ['card']
    """
    ranked = sorted(
        findings, key=lambda f: (-f.certainty, f.start - f.end, f.start, f.kind, f.detail or "")
    )
    kept: list[Finding] = []
    for one in ranked:
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return sorted(kept)
