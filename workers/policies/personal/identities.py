"""National identity, insurance and tax numbers of people, by their checks and by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from schemas.findings import Finding
from workers.policies.personal.context import names_next, words_before
from workers.policies.personal.evidence import Run, finding
from workers.policies.personal.identity_kinds import BY_LETTER, BY_RUN, Identity

# What all of `BY_LETTER` begin with, so that one scan of a text serves them all.
_LETTERS_FIRST = re.compile(r"[A-Z](?:[- ]?\d{6}|[A-Z] ?\d\d ?\d\d|[A-Z]{3,5} ?\d\d)")
_NEIGHBOURS = 5
"""A form may end three signs after the digits of a run, and looks at the two signs after that."""


def identities(text: str, runs: Sequence[Run], heading: str = "") -> Iterator[Finding]:
    """All numbers of people of a text.

    >>> text = "NHS no. 943 476 5919, order 943 476 5919"
    >>> [(f.detail, f.start) for f in identities(text, [Run(8, 20), Run(28, 40)])]
    [('gb.nhs', 8)]
    """
    for run in runs:
        end = min(run.end + _NEIGHBOURS, len(text))
        if run.size >= 7:
            yield from _of_kinds(BY_RUN, text, run.start, end, heading)
    for match in _LETTERS_FIRST.finditer(text):
        yield from _of_kinds(BY_LETTER, text, match.start(), match.start() + 24, heading)


def _of_kinds(
    kinds: Sequence[Identity], text: str, start: int, end: int, heading: str
) -> Iterator[Finding]:
    for kind in kinds:
        for match in kind.form.finditer(text, start, end):
            if not kind.is_valid(_compact(match[0])):
                continue
            before = words_before(text, match.start(), heading)
            if names_next(before, kind.names.last(before)):
                yield finding("national_id", *match.span(), 1.0, kind.name)
            elif kind.alone is not None:
                yield finding("national_id", *match.span(), kind.alone, kind.name)


def _compact(written: str) -> str:
    # Some modules of stdnum refuse points and spaces that are usual in print.
    return written.replace(" ", "").replace("\u00a0", "")
