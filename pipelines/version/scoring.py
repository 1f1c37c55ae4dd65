"""The pass of one score: its model reads every text that has no value yet.

    keep(texts(job), score_job(texts(job)))          one chain for some hundred texts

`texts` runs where CPUs are, `score_job` inside a replica, `keep` where CPUs are: it leaves the
values in staging, so that no text is scored twice. Replicas are placed, started and replaced as
those of an engine, and the loop that runs the chains is the same (`cluster.pool`).
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cluster.pool import Policy, PoolState, run_pool
from cluster.runtime import Step
from cluster.session import ReplicaSpec, Session
from pipelines.steps.outcome import lanes_line
from pipelines.steps.settings import scorer_settings
from pipelines.version.story import Story
from schemas.recipe import Placement, Recipe
from schemas.scores import PinnedScore
from workers.publishing.rows_of import RowsOf
from workers.scores import Scorer, load_scorer
from workers.scores.kept import KeptScores, Values
from workers.scores.texts import KEY, read_texts, text_key

log = logging.getLogger(__name__)

_MOST_TEXTS = 1024
_FEWEST_TEXTS = 32
_JOBS_PER_REPLICA = 4  # so that replicas end together
_IN_FLIGHT = 2


@dataclass(frozen=True, slots=True)
class Job:
    """Texts that are scored together, and where their values are kept."""

    rows: tuple[RowsOf, ...]
    kept: KeptScores

    @property
    def count(self) -> int:
        """How many texts they are."""
        return sum(len(part.rows) for part in self.rows)


def score_texts(
    score: PinnedScore,
    rows: Sequence[RowsOf],
    kept: KeptScores,
    recipe: Recipe,
    session: Session,
    story: Story,
) -> None:
    """Score the texts of some rows, which have no value in `kept` yet; no two are equal.

    Raises ModelError where no replica can start.
    """
    count = sum(len(part.rows) for part in rows)
    placement = recipe.placement
    # 1. Cut the rows into jobs, few enough texts each that all replicas have some.
    share = count // (_JOBS_PER_REPLICA * placement.replicas[1])
    most = min(_MOST_TEXTS, max(_FEWEST_TEXTS, share))
    jobs = _jobs(rows, most, kept)

    # 2. Place replicas as those of an engine.
    settings = scorer_settings(score, placement, session.isolated)
    spec = ReplicaSpec(
        functools.partial(load_scorer, settings),
        min(placement.replicas[1], -(-count // most)),
        placement.gpus_per_replica,
        placement.replica_start_timeout_s,
        fewest=placement.replicas[0],
    )
    chain = [Step(texts), Step(score_job, on_replica=True), Step(keep)]
    policy = Policy(
        split_job,
        functools.partial(_deadline_s, placement, most),
        in_flight_per_lane=_IN_FLIGHT,
    )

    # 3. Run the chains. A text that failed alone twice has no value, which is kept, too.
    failures: list[str] = []
    name = score.score.name
    with (
        story.stage(f"score {name}", "texts", count) as progress,
        session.runtime(spec) as runtime,
    ):

        def watch(state: PoolState) -> None:
            progress.show(f"· {lanes_line(state, True)}")

        for done in run_pool(jobs, chain, runtime, policy, watch):
            if done.error is not None:
                failures.append(str(done.error))
                give_up(done.item)
            progress.add(done.item.count)
        progress.outcome = f"{len(failures):,} could not be scored" if failures else ""
    for line in failures:
        log.info("score %s: its model failed on a text twice: %s", name, line)
    if failures:
        story.say(_failed_line(score, failures))


def _failed_line(score: PinnedScore, failures: Sequence[str]) -> str:
    """How many texts have no value, and why the first of them has none."""
    if len(failures) == 1:
        return f"1 text has no `{score.column}`, because the model failed twice: {failures[0]}"
    return (
        f"{len(failures):,} texts have no `{score.column}`, because the model failed twice on each "
        f"of them: {failures[0]}"
    )


def _jobs(rows: Iterable[RowsOf], most: int, kept: KeptScores) -> Iterator[Job]:
    """Rows in jobs of `most` texts; those of small files are joined."""
    waiting: list[RowsOf] = []
    for part in rows:
        for start in range(0, len(part.rows), most):
            piece = replace(part, rows=part.rows[start : start + most])
            if waiting and sum(len(w.rows) for w in waiting) + len(piece.rows) > most:
                yield Job(tuple(waiting), kept)
                waiting = []
            waiting.append(piece)
    if waiting:
        yield Job(tuple(waiting), kept)


def split_job(job: Job) -> Sequence[Job]:
    """Two jobs of half the texts each; a job of one text is returned alone."""
    if len(job.rows) > 1:
        middle = len(job.rows) // 2
        return [replace(job, rows=job.rows[:middle]), replace(job, rows=job.rows[middle:])]
    [part] = job.rows
    if len(part.rows) == 1:
        return [job]
    return [replace(job, rows=(half,)) for half in part.halves()]


def _deadline_s(placement: Placement, most: int, job: Job) -> float:
    """The longest time of a chain: that of its texts, and of those before it on its replica."""
    return (job.count + most) * placement.read_timeout_s + placement.replica_start_timeout_s


# ---- steps --------------------------------------------------------------------------------------


def texts(job: Job) -> list[str]:
    """The texts of a job."""
    return [text for part in job.rows for text in read_texts(part)]


def score_job(scorer: Scorer, job: Job, texts: list[str]) -> Values:
    """Their values."""
    return scorer.score(texts)


def keep(job: Job, texts: list[str], values: Values) -> None:
    """Keep the values."""
    job.kept.write(np.array([text_key(text) for text in texts], KEY), values)


def give_up(job: Job) -> None:
    """Keep that the text of a job has no value: its chain failed twice while it was alone."""
    keep(job, texts(job), np.full(job.count, np.nan, np.float32))
