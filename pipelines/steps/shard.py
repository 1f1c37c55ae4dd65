"""The steps of a shard's chain, as plain functions of a job: raster, read, finish.

    job = make_job(recipe, shard, staging)
    rastered = raster(job)
    receipt = finish(job, rastered, read(replica, job, rastered)).value

Each step returns its result with the times and counts that it adds (`pipelines.steps.timed`).
Where a step runs, and what happens when it fails, is decided in `pipelines.read`.
"""

from __future__ import annotations

import itertools
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cluster.planner import split_shard
from pipelines.steps.crawls import Crawl, crawl_of
from pipelines.steps.places import kept_folder, links_folders
from pipelines.steps.settings import child_limits, raster_settings, score_settings
from pipelines.steps.timed import Stopwatch, Timed, finish_times, raster_times, read_times
from schemas.errors import DocumentError
from schemas.pages import PageError, PageReading, RasteredPage
from schemas.recipe import Recipe
from schemas.shards import PageRange, Receipt, Shard
from schemas.sources import RecordSource, is_generator, is_made
from schemas.timings import ShardTimes
from workers.rasterising import ChildLimits, RasterSettings, shared_rasterizer
from workers.reading import Replica, given_reading
from workers.shards import ScoreSettings, Staging, reject_row, score_crops, score_page
from workers.sources import Naming
from workers.sources.containers import is_unchanged, open_document
from workers.synthetic.fenced import shared_maker
from workers.synthetic.pages import make_records

Readings = list[PageReading | None]
"""The reading of each page of a shard, in its order; None for a page that failed before."""


@dataclass(frozen=True, slots=True)
class Access:
    """How bytes are had that their place does not give, or not at any time.

    `members` is the folder that keeps members of containers which no range gives again, `links` are
    those with what links gave, and `crawls` those whose requests are bounded.
    """

    members: str | None = None
    links: tuple[str, ...] = ()
    crawls: tuple[Crawl, ...] = ()


PLAIN = Access()


@dataclass(frozen=True, slots=True)
class Job:
    """A shard with all that its chain needs, so that a step is a plain function of it."""

    shard: Shard
    raster: RasterSettings
    limits: ChildLimits
    scoring: ScoreSettings
    staging: Staging
    sources: tuple[RecordSource, ...] = ()
    links: tuple[str, ...] = ()
    crawls: tuple[Crawl, ...] = ()


def make_job(recipe: Recipe, shard: Shard, staging: Staging, crawls: tuple[Crawl, ...] = ()) -> Job:
    """A shard with the recipe's settings; its files are named by where they lie."""
    naming = Naming.of(recipe.sources)
    ranges = tuple(replace(part, files=naming.located(part.files)) for part in shard.ranges)
    return Job(
        replace(shard, ranges=ranges),
        raster_settings(recipe),
        child_limits(recipe),
        score_settings(recipe),
        staging,
        recipe.record_sources,
        links_folders(recipe),
        crawls,
    )


def split_job(job: Job) -> Sequence[Job]:
    """Two jobs of half the pages each; a job of one page is returned alone."""
    return [replace(job, shard=shard) for shard in split_shard(job.shard)]


# ---- raster ---------------------------------------------------------------------------------


def raster(job: Job) -> Timed[list[RasteredPage]]:
    """Render the pages of files and read their text layers; make the pages of records."""
    timer = Stopwatch()
    members = kept_folder(posixpath.dirname(job.staging.folder))
    access = Access(members, job.links, job.crawls)
    pages = draw_ranges(job.shard.ranges, job.raster, job.limits, job.sources, access)
    return Timed(pages, raster_times(timer.seconds(), pages))


def draw_ranges(
    ranges: Iterable[PageRange],
    settings: RasterSettings,
    limits: ChildLimits,
    sources: Sequence[RecordSource],
    access: Access = PLAIN,
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
                pages += raster_range(part, settings, limits, access)
    return pages


def raster_range(
    part: PageRange, settings: RasterSettings, limits: ChildLimits, access: Access = PLAIN
) -> Sequence[RasteredPage]:
    """Render one document's pages from the first of its files that has not changed."""
    error = PageError("source_missing", "no file of the document is left")
    indices = range(part.start, part.stop)
    for file in part.files:
        try:
            if not is_unchanged(file):
                error = PageError("source_changed", f"{file.uri} changed after the inventory")
                continue
            crawl = crawl_of(access.crawls, file)
            turn = crawl.turn if crawl else None
            with open_document(file, part.doc_id, access.members, access.links, turn) as path:
                rasterizer = shared_rasterizer(settings, limits)
                return list(rasterizer.rasterise(path, part.media_type, part.doc_id, indices))
        except FileNotFoundError:
            continue
        except DocumentError as exc:
            error = PageError(exc.reason, exc.detail)
    ids = Shard((part,), "").page_ids()
    return [RasteredPage(page_id, error=error) for page_id in ids]


# ---- read -----------------------------------------------------------------------------------


def read(replica: Replica, job: Job, rastered: Timed[list[RasteredPage]]) -> Timed[Readings]:
    """Read with the engine the pages whose text layer was not chosen."""
    with replica.clock() as share:
        readings = replica.read(rastered.value)
    return Timed(readings, read_times(share.seconds, replica, readings))


def read_layers(job: Job, rastered: Timed[list[RasteredPage]]) -> Timed[Readings]:
    """The readings of pages whose text layer was chosen; no engine is needed."""
    return Timed([None if page.error else given_reading(page) for page in rastered.value])


# ---- finish ---------------------------------------------------------------------------------


def finish(
    job: Job, rastered: Timed[list[RasteredPage]], readings: Timed[Readings]
) -> Timed[Receipt]:
    """Score the pages, write the shard, and its receipt last."""
    timer = Stopwatch()
    read_pages = list(zip(rastered.value, readings.value, strict=True))
    rows = [score_page(page, reading, job.scoring) for page, reading in read_pages]
    images = [stored_image(page, reading) for page, reading in read_pages]
    crops = [
        crop
        for row, reading in zip(rows, readings.value, strict=True)
        for crop in score_crops(row, reading, job.scoring)
    ]
    receipt = job.staging.write(job.shard, rows, images, crops)
    times = finish_times(timer.seconds(), itertools.chain(rows, (row for row, _ in crops)))
    return Timed(receipt, rastered.times + readings.times + times)


def stored_image(page: RasteredPage, reading: PageReading | None) -> bytes | None:
    """The page's upright picture, or the images of a conversation, one after the other."""
    if page.conversation is not None:
        return b"".join(shown.image.data for shown in page.conversation.images)
    image = (reading and reading.image) or page.image
    return image.data if image else None


def give_up(job: Job, error: Exception | None) -> Timed[Receipt]:
    """Write the page of a job as a reject `crashed`: its chain failed twice while it was alone."""
    reason = PageError("crashed", f"the page ended its worker twice: {error}"[:500])
    rows = [reject_row(page_id, "read", reason) for page_id in job.shard.page_ids()]
    receipt = job.staging.write(job.shard, rows, [None] * len(rows))
    return Timed(receipt, ShardTimes(pages=len(rows)))
