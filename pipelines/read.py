"""The pass: read every page that nothing covers yet.

    receipt = finish(raster(shard), read(raster(shard)))          one chain a shard

`raster` runs where CPUs are, `read` inside a replica, `finish` where CPUs are: it scores the
pages, writes the shard and, last, its receipt. What a receipt covers is never read again.
"""

from __future__ import annotations

import functools
import itertools
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from cluster.metrics import pass_metrics
from cluster.planner import cut_shards, split_shard
from cluster.pool import Policy, PoolState, Step, run_pool
from cluster.progress import Meter
from cluster.session import ReplicaSpec, Session
from pipelines.steps.settings import (
    child_limits,
    raster_settings,
    replica_count,
    replica_settings,
    score_settings,
)
from pipelines.steps.timed import Stopwatch, Timed, finish_times, raster_times, read_times
from schemas.pages import PageError, PageReading, RasteredPage
from schemas.recipe import Placement, Recipe
from schemas.shards import PageRange, Receipt, Shard
from schemas.sources import RecordSource, is_generator, is_made
from schemas.timings import ShardTimes
from workers import store
from workers.rasterising import ChildLimits, RasterSettings, shared_rasterizer
from workers.reading import Replica, given_reading, load_replica
from workers.shards import ScoreSettings, Staging, score, score_crops, score_page
from workers.sources import Naming
from workers.synthetic.fenced import shared_maker
from workers.synthetic.pages import make_records

log = logging.getLogger(__name__)

Readings = list[PageReading | None]


@dataclass(frozen=True, slots=True)
class Job:
    """A shard with all that its chain needs, so that a step is a plain function of it."""

    shard: Shard
    raster: RasterSettings
    limits: ChildLimits
    scoring: ScoreSettings
    staging: Staging
    sources: tuple[RecordSource, ...] = ()


@dataclass(frozen=True, slots=True)
class PassReport:
    """What a pass did: its pages by `sample` or reject reason, what its shards took and left.

    `ramp_s` is the time until the first lane was ready.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    times: ShardTimes = field(default_factory=ShardTimes)
    staged_bytes: int = 0
    ramp_s: float = 0.0

    def __add__(self, other: PassReport) -> PassReport:
        """Both together."""
        return PassReport(
            self.outcomes + other.outcomes,
            self.times + other.times,
            self.staged_bytes + other.staged_bytes,
            max(self.ramp_s, other.ramp_s),
        )


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
    jobs = (
        make_job(recipe, shard, staging)
        for shard in cut_shards(ranges, recipe.placement.shard_pages, recipe.digest())
    )
    chain, replicas = make_chain(recipe, session, meter.remaining, are_made)

    def watch(state: PoolState) -> None:
        nonlocal ramp_s
        if ramp_s is None and state.lanes:
            ramp_s = began.seconds()
        rejects = outcomes.total() - outcomes["sample"]
        meter.show(f"· {lanes_shown(state, bool(replicas))} · {rejects} rejects")
        metrics.watch(state)

    policy = Policy(split_job, functools.partial(shard_deadline_s, recipe.placement))
    with (
        session.runtime(replicas) as runtime,
        pass_metrics(session.metrics, recipe, meter.remaining, bool(replicas)) as metrics,
    ):
        for done in run_pool(jobs, chain, runtime, policy, watch):
            ended: Timed[Receipt] = done.value or give_up(done.item, done.error)
            outcomes.update(ended.value.outcomes)
            times += ended.times
            staged_bytes += ended.value.staged_bytes
            metrics.add(ended.value.outcomes, ended.times, given_up=done.error is not None)
            meter.add(sum(ended.value.outcomes.values()))
            log.info("%s", shard_line(done.item.shard, ended))
    return PassReport(outcomes, times, staged_bytes, ramp_s or 0.0)


def outcome_line(report: PassReport) -> str:
    """How many pages became samples, and rejects by their reasons, the most frequent first."""
    counts = report.outcomes.most_common()
    samples = f"{report.outcomes['sample']:,} samples"
    rejects = ", ".join(f"{count:,} {reason}" for reason, count in counts if reason != "sample")
    return f"{samples}; rejects: {rejects}" if rejects else samples


def shard_line(shard: Shard, ended: Timed[Receipt]) -> str:
    """A shard's pages, what became of them, and the seconds that each step took."""
    counts = ", ".join(f"{count} {name}" for name, count in sorted(ended.value.outcomes.items()))
    times = ended.times
    return (
        f"shard {shard.shard_id[:12]}: {shard.page_count} pages: {counts}; rastered in "
        f"{times.raster_s:.1f} s, read in {times.read_s:.1f} s, finished in {times.finish_s:.1f} s"
    )


def lanes_shown(state: PoolState, with_replicas: bool) -> str:
    """How many replicas are busy, are starting, and were given up.

    >>> lanes_shown(PoolState(lanes=2, busy_lanes=1, pending_lanes=5, failed_lanes=1), True)
    '1/2 replicas busy, 5 starting, 1 failed'
    """
    if not with_replicas:
        return f"{state.busy_lanes}/{state.lanes} tasks busy"
    wanted = state.lanes + state.pending_lanes + state.failed_lanes
    shown = f"{state.busy_lanes}/{state.lanes} replicas busy"
    if not state.lanes:
        shown = f"{state.pending_lanes} of {wanted} replicas starting"
    elif state.pending_lanes:
        shown += f", {state.pending_lanes} starting"
    return shown + (f", {state.failed_lanes} failed" if state.failed_lanes else "")


def make_job(recipe: Recipe, shard: Shard, staging: Staging) -> Job:
    """A shard and what the recipe says of it; its files are named by where they lie."""
    naming = Naming.of(recipe.sources)
    ranges = tuple(replace(part, files=naming.located(part.files)) for part in shard.ranges)
    return Job(
        replace(shard, ranges=ranges),
        raster_settings(recipe),
        child_limits(recipe),
        score_settings(recipe),
        staging,
        recipe.record_sources,
    )


def make_chain(
    recipe: Recipe, session: Session, pages: int | None = None, are_made: bool = False
) -> tuple[list[Step], ReplicaSpec | None]:
    """The steps of a shard, and the replicas they need: none when only text layers are read, or
    when all pages are made from their text."""
    if recipe.routing == "only" or are_made:
        return [Step(raster), Step(read_layers), Step(finish)], None
    make: Callable[[], Replica] = functools.partial(
        load_replica, replica_settings(recipe, session.isolated)
    )
    placement = recipe.placement
    spec = ReplicaSpec(
        make,
        replica_count(placement, pages),
        placement.gpus_per_replica,
        placement.replica_start_timeout_s,
        fewest=placement.replicas[0],
    )
    return [Step(raster), Step(read, on_replica=True), Step(finish)], spec


def shard_deadline_s(placement: Placement, job: Job) -> float:
    """Longest time of a chain, from its admission: its pages' longest, after a whole shard's.

    The one before it on its replica may take as long, and the replica be started anew meanwhile.
    """
    pages = sum(len(part) for part in job.shard.ranges) + placement.shard_pages
    page_s = placement.page_timeout_s + placement.read_timeout_s
    return pages * page_s + placement.replica_start_timeout_s


def split_job(job: Job) -> Sequence[Job]:
    """Half the pages each, or the job alone."""
    return [replace(job, shard=shard) for shard in split_shard(job.shard)]


# ---- the steps ----------------------------------------------------------------------------


def raster(job: Job) -> Timed[list[RasteredPage]]:
    """Render the shard's pages, and read the text layers that are good; make those of records."""
    timer = Stopwatch()
    pages = draw_ranges(job.shard.ranges, job.raster, job.limits, job.sources)
    return Timed(pages, raster_times(timer.seconds(), pages))


def draw_ranges(
    ranges: Iterable[PageRange],
    settings: RasterSettings,
    limits: ChildLimits,
    sources: Sequence[RecordSource],
) -> list[RasteredPage]:
    """The pages of all ranges, in their order: rendered from files, or made by `sources`."""
    pages: list[RasteredPage] = []
    for are_made, parts in itertools.groupby(ranges, lambda part: is_made(part.media_type)):
        if are_made:
            pages += make_records(
                list(parts),
                sources,
                lambda source: shared_maker(settings, limits, not is_generator(source)),
            )
        else:
            for part in parts:
                pages += raster_range(part, settings, limits)
    return pages


def raster_range(
    part: PageRange, settings: RasterSettings, limits: ChildLimits
) -> Sequence[RasteredPage]:
    """Render one document's pages from the first of its files that is still what it was."""
    error = PageError("source_missing", "no file of the document is left")
    indices = range(part.start, part.stop)
    for file in part.files:
        try:
            if store.stat(file.uri) != file:
                error = PageError("source_changed", f"{file.uri} changed after the inventory")
                continue
            with store.local_copy(file.uri) as path:
                rasterizer = shared_rasterizer(settings, limits)
                return list(rasterizer.rasterise(path, part.media_type, part.doc_id, indices))
        except FileNotFoundError:
            continue
    ids = Shard((part,), "").page_ids()
    return [RasteredPage(page_id, error=error) for page_id in ids]


def read(replica: Replica, job: Job, rastered: Timed[list[RasteredPage]]) -> Timed[Readings]:
    """Read with the engine what the text layer does not settle."""
    timer = Stopwatch()
    readings = replica.read(rastered.value)
    return Timed(readings, read_times(timer.seconds(), replica, readings))


def read_layers(job: Job, rastered: Timed[list[RasteredPage]]) -> Timed[Readings]:
    """The readings of pages whose text layer was chosen; the others have failed."""
    return Timed([None if page.error else given_reading(page) for page in rastered.value])


def finish(job: Job, rastered: Timed[list[RasteredPage]], done: Timed[Readings]) -> Timed[Receipt]:
    """Score the pages, write the shard, and its receipt last."""
    timer = Stopwatch()
    pages, readings = rastered.value, done.value
    rows = [
        score_page(page, reading, job.scoring)
        for page, reading in zip(pages, readings, strict=True)
    ]
    images = [stored_image(page, reading) for page, reading in zip(pages, readings, strict=True)]
    crops = [
        crop
        for row, reading in zip(rows, readings, strict=True)
        for crop in score_crops(row, reading, job.scoring)
    ]
    receipt = job.staging.write(job.shard, rows, images, crops)
    tokens = [*rows, *(row for row, _ in crops)]
    times = rastered.times + done.times + finish_times(timer.seconds(), tokens)
    return Timed(receipt, times)


def stored_image(page: RasteredPage, reading: PageReading | None) -> bytes | None:
    """The page's picture, upright; the images of a conversation, end to end."""
    if page.conversation is not None:
        return b"".join(shown.image.data for shown in page.conversation.images)
    image = (reading and reading.image) or page.image
    return image.data if image else None


def give_up(job: Job, error: Exception | None) -> Timed[Receipt]:
    """The receipt of a page whose chain failed twice while it was alone."""
    reason = PageError("crashed", f"the page ended its worker twice: {error}"[:500])
    rows = [score.reject_row(page_id, "read", reason) for page_id in job.shard.page_ids()]
    receipt = job.staging.write(job.shard, rows, [None] * len(rows))
    return Timed(receipt, ShardTimes(pages=len(rows)))
