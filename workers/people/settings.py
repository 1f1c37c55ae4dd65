"""What a finder of people is made of."""

from __future__ import annotations

from dataclasses import dataclass

from workers.people.checkpoint import PinnedPeople


@dataclass(frozen=True, slots=True)
class FinderSettings:
    """What a finder is made of; `threads` and `text_timeout_s` as of a scorer
    (`workers.scores.ScorerSettings`), the seconds for each window of a text."""

    people: PinnedPeople
    threads: int | None = None
    text_timeout_s: float | None = None
