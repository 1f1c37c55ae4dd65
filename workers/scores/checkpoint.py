"""Checks in a moment whether a score can be computed, and pins its model. Loads no model."""

from __future__ import annotations

from pathlib import Path

from schemas.scores import PinnedScore, Score
from workers.engines.requirements import look_for_checkpoint, require_package
from workers.scores.head import head_of
from workers.text_models.checkpoint import require_files, revision_of


def examine_score(score: Score, number: int, is_here: bool = True) -> str:
    """Check that a checkpoint can give the score, and describe it in a line for people.

    Args:
        score: an entry of the recipe's `scores`.
        number: its place there, from 0.
        is_here: this machine is to compute it. Of a score that other machines compute, the
            checkpoint is checked if this machine happens to have it.

    Raises NoEngineError where its package or checkpoint is missing, or it has no such output;
    ModelError where the Hub does not answer.
    """
    package = require_package("transformers") if is_here else "the cluster must have transformers"
    checkpoint = look_for_checkpoint(score, f"scores.{number}", is_here)
    if checkpoint is None:
        return f"{score.name}: {package} and {score.model}"
    head = head_of(score, checkpoint.config)
    require_files(Path(score.model))
    return f"{score.name}: {package}; {score.model}: output {head.output}, {head.reading}"


def pin_score(score: Score, number: int) -> PinnedScore:
    """The score with the revision of its model: the Hub's commit, or the digest of its folder.

    Raises NoEngineError where the model is a folder that is not here.
    """
    return PinnedScore(score, revision_of(score, f"scores.{number}"))
