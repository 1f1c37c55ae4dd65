"""Score the rows of a version: which have a value, and what the models say of the others.

    rows ─► values that the last version or staging has ─► texts without one, each once
         ─► [ read ─► score on a replica ─► keep ] per some hundred texts ─► values along the rows

A row is scored by its text as it was read, before any policy, and its value goes with it: into its
table, or into `rejects` where a policy or the mix leaves it out. So a text is scored once, however
many versions it is in, and what a killed run has scored is not scored again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cluster.session import Session
from pipelines.dataset.state import Snapshot, scores_of
from pipelines.steps.places import staging_root
from pipelines.steps.tasks import run_tasks
from pipelines.version.policies import has_lost_text
from pipelines.version.records import FIRST_BARRED, Flags, Records
from pipelines.version.scoring import score_texts
from pipelines.version.story import Story
from pipelines.version.text_pass import keys_of_texts
from schemas.recipe import Recipe
from schemas.scores import PinnedScore
from workers.scores.checkpoint import pin_score
from workers.scores.kept import Values, kept_scores, numbers_of
from workers.scores.published import ScoresOf, published_scores
from workers.text_models.kept import Kept
from workers.text_models.texts import Keys

_SAMPLES = ("pages", "conversations", "documents")


@dataclass(frozen=True, slots=True)
class Scores:
    """The values of the recipe's scores along records.

    - `columns` are the names of their columns.
    - `values`: float32 (rows, scores), NaN where a row has none: it is out of the version before a
      score looks at it, or its text could not be scored.
    - `lost` are rows that must be scored and whose text lies nowhere any more.
    - `are_new`: the last version's rows have other scores, or others of the same names.
    """

    columns: tuple[str, ...]
    values: Values
    lost: Flags
    are_new: bool = False

    @staticmethod
    def nothing(rows: int) -> Scores:
        """No scores of some rows."""
        return Scores((), np.zeros((rows, 0), np.float32), np.zeros(rows, bool))

    @property
    def by_column(self) -> dict[str, Values]:
        """The values of each score by its column: float32 (rows,), NaN where a row has none."""
        return {name: self.values[:, number] for number, name in enumerate(self.columns)}


def pinned_scores(recipe: Recipe) -> tuple[PinnedScore, ...]:
    """The recipe's scores with the revisions of their models.

    Raises NoEngineError where a model is a folder that is not here.
    """
    return tuple(pin_score(score, number) for number, score in enumerate(recipe.scores))


def score_settings(scores: Sequence[PinnedScore]) -> dict[str, object]:
    """The scores as the commit says them; empty without any."""
    return {"scores": [score.to_settings() for score in scores]} if scores else {}


@dataclass(frozen=True, slots=True)
class Scoring:
    """What scoring rows needs besides the records."""

    recipe: Recipe
    scores: tuple[PinnedScore, ...]
    snapshot: Snapshot | None
    session: Session
    story: Story

    @property
    def published(self) -> dict[str, str]:
        """The columns of the last version's scores, by their digests."""
        return {digest: column for column, digest in scores_of(self.snapshot)}

    @property
    def are_new(self) -> bool:
        """Whether the last version's parts have other columns, or columns of other scores."""
        now = [(score.column, score.digest) for score in self.scores]
        return scores_of(self.snapshot) != now

    def kept(self, score: PinnedScore) -> Kept:
        """The values of a score that are kept in staging."""
        return kept_scores(staging_root(self.recipe), score.digest)


def score_rows(published: Records, originals: Records, among: Flags, scoring: Scoring) -> Scores:
    """The values of the rows that are flagged in `among`; NaN for the others.

    `published` and `originals` are along each other: where each row lies in the last version, or is
    new, and where it lies as it was read.
    """
    columns = tuple(score.column for score in scoring.scores)
    values, todo = _published(published, among, scoring)
    lost = todo.any(axis=1) & has_lost_text(originals)
    # What a mix left out, and duplicates, are scored when they come back and are read again.
    rows = np.flatnonzero(todo.any(axis=1) & ~originals.origin("rejects") & ~lost)
    if len(rows):
        keys = keys_of_texts(originals, rows, scoring.session)
        for number, score in enumerate(scoring.scores):
            wanted = todo[rows, number]
            values[rows[wanted], number] = _values(
                score, originals, rows[wanted], keys[wanted], scoring
            )
    return Scores(columns, values, lost, scoring.are_new)


def _published(
    published: Records, among: Flags, scoring: Scoring
) -> tuple[Values, npt.NDArray[np.bool_]]:
    """The values that the last version has of the rows, and which values are still to be found."""
    shape = len(published), len(scoring.scores)
    values, known = np.full(shape, np.nan, np.float32), np.zeros(shape, bool)
    by_digest = scoring.published
    names = tuple(by_digest.get(score.digest) for score in scoring.scores)
    chosen = np.flatnonzero(among & published.origin(*_SAMPLES, "rejects"))
    if any(names):
        tasks = [ScoresOf(rows, names) for rows, _ in published.by_file(chosen)]
        places = {rows.first: place for rows, place in published.by_file(chosen)}
        for task, found in run_tasks(published_scores, tasks, scoring.session):
            values[places[task.rows.first]] = found
        # A sample, or a policy's reject, that has no value could not be scored. Other rejects may
        # never have been.
        has_name = np.array([name is not None for name in names])
        was_scored = published.origin(*_SAMPLES) | (published.outcome >= FIRST_BARRED)
        known[chosen] = has_name & was_scored[chosen, None]
        known |= ~np.isnan(values)
    return values, among[:, None] & ~known


def _values(
    score: PinnedScore,
    originals: Records,
    rows: npt.NDArray[np.intp],
    keys: Keys,
    scoring: Scoring,
) -> Values:
    """The values of rows by their texts' keys: those that are kept, and those scored now."""
    kept = scoring.kept(score)
    _, is_known = numbers_of(keys, kept.load())
    _, first = np.unique(keys[~is_known], return_index=True)
    new = rows[~is_known][np.sort(first)]
    if len(new):
        tasks = [task for task, _ in originals.by_file(new)]
        score_texts(score, tasks, kept, scoring.recipe, scoring.session, scoring.story)
    return numbers_of(keys, kept.load())[0]
