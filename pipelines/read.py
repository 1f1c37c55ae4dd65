"""The pass: read every page that nothing covers yet.

    receipt = finish(raster(shard), read(raster(shard)))          one chain a shard

`raster` runs where CPUs are, `read` inside a replica, `finish` where CPUs are: it scores the
pages, writes the shard and, last, its receipt. What a receipt covers is never read again.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from cluster.planner import cut_shards, split_shard
from cluster.pool import Policy, PoolState, Step, run_pool
from cluster.progress import Meter
from cluster.session import ReplicaSpec, Session
from pipelines.inventory import child_limits, raster_settings
from schemas.pages import PageError, PageReading, RasteredPage
from schemas.recipe import Placement, Recipe
from schemas.shards import PageRange, Receipt, Shard
from workers import score, store
from workers.ladder import LadderSettings
from workers.raster import ChildLimits, RasterSettings, shared_rasterizer
from workers.replica import Replica, ReplicaSettings, load_replica, text_layer_reading
from workers.score import ScoreSettings, score_crops, score_page
from workers.staging import Staging


@dataclass(frozen=True, slots=True)
class Job:
    """A shard with all that its chain needs, so that a step is a plain function of it."""

    shard: Shard
    raster: RasterSettings
    limits: ChildLimits
    scoring: ScoreSettings
    staging: Staging


def read_pages(
    recipe: Recipe, ranges: Iterable[PageRange], staging: Staging, session: Session, meter: Meter
) -> Counter[str]:
    """Run the pass over `ranges`; counts of pages by `sample` or reject reason."""
    outcomes: Counter[str] = Counter()
    jobs = (
        make_job(recipe, shard, staging)
        for shard in cut_shards(ranges, recipe.placement.shard_pages, recipe.digest())
    )
    chain, replicas = make_chain(recipe, session)

    def watch(state: PoolState) -> None:
        rejects = outcomes.total() - outcomes["sample"]
        lanes = "replicas" if replicas else "tasks"
        meter.show(f"· {state.busy_lanes}/{state.lanes} {lanes} busy · {rejects} rejects")

    policy = Policy(split_job, functools.partial(shard_deadline_s, recipe.placement))
    with session.runtime(replicas) as runtime:
        for done in run_pool(jobs, chain, runtime, policy, watch):
            receipt: Receipt = done.value or give_up(done.item, done.error)
            outcomes.update(receipt.outcomes)
            meter.add(sum(receipt.outcomes.values()))
    return outcomes


def make_job(recipe: Recipe, shard: Shard, staging: Staging) -> Job:
    """A shard and what the recipe says of it."""
    scoring = ScoreSettings(recipe.quality, recipe.vision_mode, recipe.permutations)
    return Job(shard, raster_settings(recipe), child_limits(recipe), scoring, staging)


def make_chain(recipe: Recipe, session: Session) -> tuple[list[Step], ReplicaSpec | None]:
    """The steps of a shard, and the replicas they need: none when only text layers are read."""
    if recipe.routing == "only":
        return [Step(raster), Step(read_layers), Step(finish)], None
    make: Callable[[], Replica] = functools.partial(
        load_replica, replica_settings(recipe, session.isolated)
    )
    placement = recipe.placement
    spec = ReplicaSpec(
        make,
        placement.replicas[1],
        placement.gpus_per_replica,
        placement.replica_start_timeout_s,
    )
    return [Step(raster), Step(read, on_replica=True), Step(finish)], spec


def replica_settings(recipe: Recipe, isolated: bool) -> ReplicaSettings:
    """What the recipe says of a replica; `isolated`: it has a process that it may end."""
    placement = recipe.placement
    return ReplicaSettings(
        engine=recipe.engine,
        ladder=LadderSettings(recipe.quality, recipe.raster, recipe.rotate),
        fallback=recipe.fallback,
        deep=recipe.deep,
        threads=placement.threads_per_replica,
        batch_pages=placement.batch_pages,
        read_timeout_s=placement.read_timeout_s if isolated else None,
    )


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


def raster(job: Job) -> list[RasteredPage]:
    """Render the shard's pages, and read the text layers that are good."""
    pages: list[RasteredPage] = []
    for part in job.shard.ranges:
        pages += raster_range(part, job.raster, job.limits)
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


def read(replica: Replica, job: Job, pages: Sequence[RasteredPage]) -> list[PageReading | None]:
    """Read with the engine what the text layer does not settle."""
    return replica.read(pages)


def read_layers(job: Job, pages: Sequence[RasteredPage]) -> list[PageReading | None]:
    """The readings of pages whose text layer was chosen; the others have failed."""
    return [None if page.error else text_layer_reading(page) for page in pages]


def finish(
    job: Job, pages: Sequence[RasteredPage], readings: Sequence[PageReading | None]
) -> Receipt:
    """Score the pages, write the shard, and its receipt last."""
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
    return job.staging.write(job.shard, rows, images, crops)


def stored_image(page: RasteredPage, reading: PageReading | None) -> bytes | None:
    """The page's picture, upright."""
    image = (reading and reading.image) or page.image
    return image.data if image else None


def give_up(job: Job, error: Exception | None) -> Receipt:
    """The receipt of a page whose chain failed twice while it was alone."""
    reason = PageError("crashed", f"the page ended its worker twice: {error}"[:500])
    rows = [score.reject_row(page_id, "read", reason) for page_id in job.shard.page_ids()]
    return job.staging.write(job.shard, rows, [None] * len(rows))
