"""Loads the model of a score."""

from __future__ import annotations

from workers.scores.settings import Scorer, ScorerSettings


def load_scorer(settings: ScorerSettings) -> Scorer:
    """Load a score's checkpoint, on a GPU if this process has one.

    Raises NoEngineError where there is no such checkpoint or it has no such output; ModelError
    where it cannot be loaded now.
    """
    # Imported here: torch is loaded only by the process that runs the model.
    from workers.scores.scorer import load

    return load(settings)
