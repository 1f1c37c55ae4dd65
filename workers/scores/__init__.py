"""Scores of texts by classifiers and language models: one number a text.

Owns: which output of a checkpoint is the value, the model that computes it, and the values that a
run keeps in staging. Does not: decide which texts are scored (`pipelines.version.scores`).

    scorer = load_scorer(ScorerSettings(PinnedScore(score, revision)))
    values = scorer.score(["A text.", "Another one."])      # float32 (texts,)

Start reading in `head`, then in `scorer`. `checkpoint` says whether a score can be computed,
without loading its model.
"""

from workers.scores.load import load_scorer
from workers.scores.settings import Scorer, ScorerSettings

__all__ = ["Scorer", "ScorerSettings", "load_scorer"]
