"""What a scorer is made of, and what it does: the protocol of a loaded model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from schemas.scores import PinnedScore


class Scorer(Protocol):
    """A loaded model that gives each text a number."""

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The value of each text: float32 (texts,); NaN where the model gives no number."""
        ...


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
