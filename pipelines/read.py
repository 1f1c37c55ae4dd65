"""The pass: read every page that nothing covers yet.

    receipt = finish(raster(shard), read(raster(shard)))          one chain a shard

`raster` runs where CPUs are, `read` inside a replica, `finish` where CPUs are: it scores the
pages, writes the shard and, last, its receipt. A page that a receipt covers is never read again.
The steps are in `pipelines.steps.shard`, the loop that runs them in `cluster.pool`.
"""

from __future__ import annotations

import functools
import logging
from collections import Counter
from collections.abc import Callable, Iterable

from cluster.metrics import pass_metrics
from cluster.planner import cut_shards
from cluster.pool import Policy, PoolState, run_pool
from cluster.progress import Meter
from cluster.runtime import Step
from cluster.session import ReplicaSpec, Session
from pipelines.steps.crawls import crawls_of, waits_s
from pipelines.steps.outcome import PassReport, lanes_line, shard_line
from pipelines.steps.settings import engine_gpus, replica_count, replica_settings
from pipelines.steps.shard import (
    Job,
    finish,
    give_up,
    make_job,
    raster,
    read,
    read_layers,
    split_job,
)
from pipelines.steps.timed import Stopwatch, Timed
from schemas.feeding import shards_at_once
from schemas.recipe import Placement, Recipe
from schemas.shards import PageRange, Receipt
from schemas.timings import ShardTimes
from workers.reading import Replica, load_replica
from workers.shards import Staging

log = logging.getLogger(__name__)


def read_pages(
    recipe: Recipe,
    ranges: Iterable[PageRange],
    staging: Staging,
    session: Session,
    meter: Meter,
    are_made: bool = False,
) -> PassReport:
    """Run the pass over `ranges`, which are the pages that `meter` has left to count.

    `are_made`: all of them are of records, so that no engine is needed.
    """
    outcomes: Counter[str] = Counter()
    times, staged_bytes = ShardTimes(), 0
    ramp_s: float | None = None
    began = Stopwatch()

    # 1. Cut the pages into shards; the pool takes each when it has room.
    shards = cut_shards(ranges, recipe.placement.shard_pages, recipe.digest())
    crawls = () if are_made else crawls_of(recipe, session)
    jobs = (make_job(recipe, shard, staging, crawls) for shard in shards)

    # 2. Choose the chain of steps, and how many replicas it needs.
    chain, replicas = make_chain(recipe, session, meter.remaining, are_made)

    # 3. A failed job is split in two, down to single pages; a chain past its deadline has failed.
    calls = replicas.calls_at_once if replicas else 1
    policy = Policy(
        split_job,
        functools.partial(shard_deadline_s, recipe.placement, calls),
        in_flight_per_lane=calls + 1,
    )

    def watch(state: PoolState) -> None:
        nonlocal ramp_s
        if ramp_s is None and state.lanes:
            ramp_s = began.seconds()
        rejects = outcomes.total() - outcomes["sample"]
        meter.show(f"· {lanes_line(state, bool(replicas))} · {rejects} rejects")
        metrics.watch(state)

    with (
        session.runtime(replicas) as runtime,
        pass_metrics(session.metrics, recipe, meter.remaining, bool(replicas)) as metrics,
    ):
        # 4. Run the chains and add up their receipts. A single page that failed twice is a reject.
        for done in run_pool(jobs, chain, runtime, policy, watch):
            ended: Timed[Receipt] = done.value or give_up(done.item, done.error)
            outcomes.update(ended.value.outcomes)
            times += ended.times
            staged_bytes += ended.value.staged_bytes
            metrics.add(ended.value.outcomes, ended.times, given_up=done.error is not None)
            meter.add(sum(ended.value.outcomes.values()))
            log.info("%s", shard_line(done.item.shard, ended))
    return PassReport(outcomes, times, staged_bytes, ramp_s or 0.0)


def make_chain(
    recipe: Recipe, session: Session, pages: int | None = None, are_made: bool = False
) -> tuple[list[Step], ReplicaSpec | None]:
    """The steps of a shard, and the replicas that they need.

    There are none where only text layers are read, or all pages are made from their text.
    """
    if recipe.routing == "only" or are_made:
        return [Step(raster), Step(read_layers), Step(finish)], None
    make: Callable[[], Replica] = functools.partial(
        load_replica, replica_settings(recipe, session.isolated)
    )
    placement = recipe.placement
    spec = ReplicaSpec(
        make,
        replica_count(placement, pages),
        engine_gpus(recipe),
        placement.replica_start_timeout_s,
        fewest=placement.replicas[0],
        calls_at_once=shards_at_once(recipe.engine, placement),
    )
    return [Step(raster), Step(read, on_replica=True), Step(finish)], spec


def shard_deadline_s(placement: Placement, calls_at_once: int, job: Job) -> float:
    """Longest time of a chain, from its admission: that of its own pages, and of whole shards.

    The shards before it on its replica, and those beside it, may take that long, and the replica be
    restarted in between.
    """
    pages = sum(len(part) for part in job.shard.ranges) + calls_at_once * placement.shard_pages
    page_s = placement.page_timeout_s + placement.read_timeout_s
    turns_s = waits_s(job.crawls, job.shard.ranges)
    return pages * page_s + placement.replica_start_timeout_s + turns_s
