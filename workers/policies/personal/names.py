"""Names and addresses of people, which a model finds before any text is judged.

Owns: where what the model found in a text is, in the texts that come from it: after an edit, in the
blocks that it was made of, and in cells. The model is owned by `workers.people`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from schemas.findings import Finding
from workers.policies.editing import Edit, place_after


class Names(Protocol):
    """What a model found in texts that it has read."""

    def of(self, text: str) -> list[Finding]:
        """The names and addresses of a text, in its order. Raises KeyError for one not read."""
        ...

    def has_read(self, text: str) -> bool:
        """Whether the model has read a text."""
        ...


def names_after(found: Iterable[Finding], edits: Iterable[Sequence[Edit]]) -> list[Finding]:
    """Findings where they stand after the edits of some policies, one after the other, without
    those that an edit has changed.

    >>> ada, sato = Finding(0, 3, "pii", "name"), Finding(14, 18, "pii", "name")
    >>> [(one.start, one.end) for one in names_after([ada, sato], [[Edit(4, 8, "")]])]
    [(0, 3), (10, 14)]
    """
    left = list(found)
    for of_policy in edits:
        left = [
            replace(
                one,
                start=place_after(one.start, of_policy, is_end=False),
                end=place_after(one.end, of_policy, is_end=True),
            )
            for one in left
            if not any(edit.start < one.end and one.start < edit.end for edit in of_policy)
        ]
    return left


def in_blocks(
    text: str, blocks: Sequence[str], found: Sequence[Finding]
) -> Iterator[list[Finding] | None]:
    """For each block its parts of what was found in the text; None for one that is not in it, as
    furniture is not."""
    cursor = 0
    for block in blocks:
        start = text.find(block, cursor) if block else -1
        if start < 0:
            yield None
            continue
        cursor = end = start + len(block)
        yield [
            replace(one, start=max(one.start, start) - start, end=min(one.end, end) - start)
            for one in found
            if one.start < end and one.end > start
        ]
