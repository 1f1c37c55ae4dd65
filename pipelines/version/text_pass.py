"""The pass of one model over texts: it reads every text of which nothing is kept yet.

    keep(texts(job), job.read(model, texts))          one chain for some hundred texts

`texts` runs where CPUs are, `read_job` inside a replica, `keep` where CPUs are: it leaves the
values in staging, so that no text is read twice. Replicas are placed, started and replaced as those
of an engine, and the loop that runs the chains is the same (`cluster.pool`). What the model is, and
what it says of a text, is the caller's: `pipelines.version.scoring` is an example.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cluster.pool import Policy, PoolState, run_pool
from cluster.runtime import Step
from cluster.session import ReplicaSpec, Session
from pipelines.steps.outcome import lanes_line
from pipelines.steps.tasks import run_tasks
from pipelines.version.records import Records
from pipelines.version.story import Story
from schemas.recipe import Placement, Recipe
from workers.publishing.rows_of import RowsOf
from workers.text_models.kept import Keeper
from workers.text_models.texts import KEY, Keys, read_texts, text_keys

log = logging.getLogger(__name__)

_MOST_TEXTS = 1024
_FEWEST_TEXTS = 32
_JOBS_PER_REPLICA = 4  # so that replicas end together
_IN_FLIGHT = 2


@dataclass(frozen=True, slots=True)
class TextPass:
    """A model that reads texts, and where what it says is kept.

    - `name` is what the pass is called: `score edu`.
    - `load` loads the model, in a replica.
    - `read` gives a value a text, of the type that `kept` has; it is a function of a module, since
      it travels to replicas.
    """

    name: str
    load: Callable[[], Any]
    read: Callable[[Any, Sequence[str]], pa.Array]
    kept: Keeper


def keys_of_texts(records: Records, rows: npt.NDArray[np.intp], session: Session) -> Keys:
    """The keys of the rows' texts, in the order of `rows`, which is ascending."""
    files = list(records.by_file(rows))
    places = {task.first: np.searchsorted(rows, place) for task, place in files}
    keys = np.zeros(len(rows), KEY)
    for task, found in run_tasks(text_keys, [task for task, _ in files], session):
        keys[places[task.first]] = found
    return keys


@dataclass(frozen=True, slots=True)
class Job:
    """Texts that are read together, by which function, and where their values are kept."""

    rows: tuple[RowsOf, ...]
    read: Callable[[Any, Sequence[str]], pa.Array]
    kept: Keeper

    @property
    def count(self) -> int:
        """How many texts they are."""
        return sum(len(part.rows) for part in self.rows)


def read_all(
    text_pass: TextPass, rows: Sequence[RowsOf], recipe: Recipe, session: Session, story: Story
) -> list[str]:
    """Read the texts of some rows, of which nothing is kept yet; no two are equal.

    Returns why the model failed on each text that has no value: it failed on it alone, twice.

    Raises ModelError where no replica can start.
    """
    count = sum(len(part.rows) for part in rows)
    placement = recipe.placement
    # 1. Cut the rows into jobs, few enough texts each that all replicas have some.
    share = count // (_JOBS_PER_REPLICA * placement.replicas[1])
    most = min(_MOST_TEXTS, max(_FEWEST_TEXTS, share))
    jobs = _jobs(rows, most, text_pass)

    # 2. Place replicas as those of an engine.
    spec = ReplicaSpec(
        text_pass.load,
        min(placement.replicas[1], -(-count // most)),
        placement.gpus_per_replica,
        placement.replica_start_timeout_s,
        fewest=placement.replicas[0],
    )
    chain = [Step(texts), Step(read_job, on_replica=True), Step(keep)]
    policy = Policy(
        split_job,
        functools.partial(_deadline_s, placement, most),
        in_flight_per_lane=_IN_FLIGHT,
    )

    # 3. Run the chains. A text that failed alone twice has no value, which is kept, too.
    failures: list[str] = []
    with (
        story.stage(text_pass.name, "texts", count) as progress,
        session.runtime(spec) as runtime,
    ):

        def watch(state: PoolState) -> None:
            progress.show(f"· {lanes_line(state, True)}")

        for done in run_pool(jobs, chain, runtime, policy, watch):
            if done.error is not None:
                failures.append(str(done.error))
                give_up(done.item)
            progress.add(done.item.count)
        progress.outcome = f"{len(failures):,} could not be read" if failures else ""
    for line in failures:
        log.info("%s: its model failed on a text twice: %s", text_pass.name, line)
    return failures


def _jobs(rows: Iterable[RowsOf], most: int, text_pass: TextPass) -> Iterator[Job]:
    """Rows in jobs of `most` texts; those of small files are joined."""
    waiting: list[RowsOf] = []
    for part in rows:
        for start in range(0, len(part.rows), most):
            piece = replace(part, rows=part.rows[start : start + most])
            if waiting and sum(len(w.rows) for w in waiting) + len(piece.rows) > most:
                yield Job(tuple(waiting), text_pass.read, text_pass.kept)
                waiting = []
            waiting.append(piece)
    if waiting:
        yield Job(tuple(waiting), text_pass.read, text_pass.kept)


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


def read_job(model: Any, job: Job, texts: list[str]) -> pa.Array:
    """What the model says of them."""
    return job.read(model, texts)


def keep(job: Job, texts: list[str], values: pa.Array) -> None:
    """Keep the values."""
    job.kept.keep(job.rows, texts, values)


def give_up(job: Job) -> None:
    """Keep that the text of a job has no value: its chain failed twice while it was alone."""
    keep(job, texts(job), pa.nulls(job.count, job.kept.kind))
