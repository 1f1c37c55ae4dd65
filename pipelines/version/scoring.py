"""The pass of one score: its model scores every text that has no value yet."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import pyarrow as pa

from cluster.session import Session
from pipelines.steps.settings import scorer_settings
from pipelines.version.story import Story
from pipelines.version.text_pass import TextPass, read_all
from schemas.recipe import Recipe
from schemas.scores import PinnedScore
from workers.publishing.rows_of import RowsOf
from workers.scores import Scorer, load_scorer
from workers.text_models.kept import Kept


def score_texts(
    score: PinnedScore,
    rows: Sequence[RowsOf],
    kept: Kept,
    recipe: Recipe,
    session: Session,
    story: Story,
) -> None:
    """Score the texts of some rows, which have no value in `kept` yet; no two are equal.

    Raises ModelError where no replica can start.
    """
    settings = scorer_settings(score, recipe.placement, session.isolated)
    load = functools.partial(load_scorer, settings)
    text_pass = TextPass(f"score {score.score.name}", load, values, kept)
    failures = read_all(text_pass, rows, recipe, session, story)
    if failures:
        story.say(_failed_line(score, failures))


def values(scorer: Scorer, texts: Sequence[str]) -> pa.Array:
    """The value of each text: float32."""
    return pa.array(scorer.score(texts))


def _failed_line(score: PinnedScore, failures: Sequence[str]) -> str:
    """How many texts have no value, and why the first of them has none."""
    if len(failures) == 1:
        return f"1 text has no `{score.column}`, because the model failed twice: {failures[0]}"
    return (
        f"{len(failures):,} texts have no `{score.column}`, because the model failed twice on each "
        f"of them: {failures[0]}"
    )
