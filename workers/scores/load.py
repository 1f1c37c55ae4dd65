"""Loads the model of a score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from workers.scores.settings import ScorerSettings


class Scorer(Protocol):
    """A loaded model that gives each text a number."""

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The value of each text: float32 (texts,); NaN where the model gives no number."""
        ...


def load_scorer(settings: ScorerSettings) -> Scorer:
    """Load a score's checkpoint, on a GPU if this process has one.

    Raises NoEngineError where there is no such checkpoint or it has no such output; ModelError
    where it cannot be loaded now.
    """
    # Imported here: torch is loaded only by the process that runs the model.
    from workers.scores.scorer import load

    return load(settings)
