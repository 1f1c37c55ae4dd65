"""What a scorer is made of."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.scores import PinnedScore


@dataclass(frozen=True, slots=True)
class ScorerSettings:
    """What a scorer is made of.

    `threads` is None for all cores. A batch may take `text_timeout_s` for each of its texts; a
    longer one ends the whole process, because a hung native library cannot be interrupted. A scorer
    in the driver's own process has None, and never ends it.
    """

    score: PinnedScore
    threads: int | None = None
    text_timeout_s: float | None = None
