"""Probe: what a few pages of the sources take, by reading them here with the recipe's engine.

    draw pages ─► those that the text layer settles ─► score
              └─► some of those that need the engine ─► read ─► score

The steps are those of a pass (`pipelines.read`), in this process. What they write goes to a
temporary folder that is deleted; the dataset and its staging stay as they are.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cluster.estimate import PageCosts
from cluster.progress import Meter
from pipelines.read import Job, Readings, finish, make_job, raster, read, read_layers
from pipelines.steps.settings import replica_settings
from pipelines.steps.timed import Stopwatch, Timed
from schemas.pages import RasteredPage
from schemas.recipe import Recipe
from schemas.shards import PageRange, Shard
from schemas.timings import ShardTimes
from workers.reading import load_replica
from workers.shards import Staging

DEFAULT_PAGES = 8
# Drawing takes a fiftieth of what PP-OCRv6 takes on a core, and of the share that the text layer
# settles a few pages say little.
DRAWN_PER_READ = 4


@dataclass(frozen=True, slots=True)
class Probe:
    """What was drawn and read, and what a page costs by it.

    `drawn` = `settled` by the text layer + `failed` + `wanting` the engine, which read `read` of
    them. `layer_page_s` are seconds of a page that its text layer settles, drawing and scoring
    together, `engine_page_s` those of one that the engine reads; 0 where there was none. `device`
    is what the engine ran on, empty where it read none.
    """

    drawn: int
    settled: int
    failed: int
    wanting: int
    read: int
    layer_page_s: float
    engine_page_s: float
    device: str
    costs: PageCosts


@dataclass(frozen=True, slots=True)
class _Route:
    """Pages that went the same way, what they took, and what became of them."""

    pages: int
    times: ShardTimes
    samples: int
    staged_bytes: int

    def page_s(self) -> float:
        """Seconds of a page in all its steps."""
        times = self.times
        return (times.raster_s + times.read_s + times.finish_s) / max(1, self.pages)


_Page = tuple[PageRange, Timed[list[RasteredPage]]]
_Reader = Callable[[Job, Timed[list[RasteredPage]]], Timed[Readings]]


def probe_pages(
    recipe: Recipe, ranges: Sequence[PageRange], count: int, meter: Meter
) -> Probe | None:
    """Draw pages of `ranges`, which are of documents, and read at most `count` with the engine.

    None where there is no page. Raises ModelError where the engine cannot be loaded.
    """
    chosen = choose_pages(ranges, count * DRAWN_PER_READ, recipe.digest())
    if not chosen:
        return None
    with tempfile.TemporaryDirectory(prefix="pagefoundry-probe-") as folder:
        return _probe(recipe, chosen, count, Staging(folder), meter)


def choose_pages(ranges: Sequence[PageRange], count: int, seed: str) -> list[PageRange]:
    """`count` pages of all, by chance and each once; the same ones for the same seed."""
    # ends: pages up to the end of each range, int (ranges,)
    ends = list(itertools.accumulate(len(part) for part in ranges))
    total = ends[-1] if ends else 0
    found = []
    for place in random.Random(seed).sample(range(total), min(count, total)):
        number = bisect.bisect_right(ends, place)
        part = ranges[number]
        index = part.stop - (ends[number] - place)
        found.append(PageRange(part.doc_id, index, index + 1, part.media_type, part.files))
    return found


def _probe(
    recipe: Recipe, chosen: Sequence[PageRange], count: int, staging: Staging, meter: Meter
) -> Probe:
    def job_of(parts: Sequence[PageRange]) -> Job:
        return make_job(recipe, Shard(tuple(parts), recipe.digest()), staging)

    def through(pages: Sequence[_Page], reader: _Reader) -> _Route:
        """The first goes ahead, untimed, so that nothing is loaded while time is taken."""
        if pages:
            _run(job_of, pages[:1], reader)
        return _run(job_of, pages, reader)

    meter.total = len(chosen) + count
    raster(job_of(chosen[:1]))  # starts the child that draws
    drawn: list[_Page] = []
    for part in chosen:
        drawn.append((part, raster(job_of([part]))))
        meter.add(1)
    wanting = [page for page in drawn if page[1].value[0].needs_engine]
    others = [page for page in drawn if not page[1].value[0].needs_engine]
    failed = sum(page[1].value[0].error is not None for page in others)
    layers = through(others, read_layers)
    start_s, engine = 0.0, _Route(0, ShardTimes(), 0, 0)
    if wanting:
        timer = Stopwatch()
        replica = load_replica(replica_settings(recipe, isolated=False))
        start_s = timer.seconds()
        engine = through(wanting[:count], functools.partial(read, replica))
    meter.add(count)
    return Probe(
        drawn=len(drawn),
        settled=len(others) - failed,
        failed=failed,
        wanting=len(wanting),
        read=engine.pages,
        layer_page_s=layers.page_s(),
        engine_page_s=engine.page_s(),
        device=engine.times.device,
        costs=_costs(len(drawn), len(wanting), layers, engine, start_s),
    )


def _run(
    job_of: Callable[[Sequence[PageRange]], Job], pages: Sequence[_Page], reader: _Reader
) -> _Route:
    """Read, score and stage pages that are drawn already."""
    if not pages:
        return _Route(0, ShardTimes(), 0, 0)
    job = job_of([part for part, _ in pages])
    times = sum((rastered.times for _, rastered in pages), ShardTimes())
    rastered = Timed([page for _, one in pages for page in one.value], times)
    done = finish(job, rastered, reader(job, rastered))
    return _Route(
        len(pages), done.times, done.value.outcomes.get("sample", 0), done.value.staged_bytes
    )


def _costs(drawn: int, wanting: int, layers: _Route, engine: _Route, start_s: float) -> PageCosts:
    """Means over all that was drawn: each page that was read stands for its share of the wanting.

    What is not measured here is left out: publishing, and what becomes of a row at it.
    """
    weight = wanting / engine.pages if engine.pages else 0.0

    def mean(of_layers: float, of_engine: float) -> float:
        return (of_layers + weight * of_engine) / drawn

    staged_bytes = mean(layers.staged_bytes, engine.staged_bytes)
    return PageCosts(
        raster_s=mean(layers.times.raster_s, engine.times.raster_s),
        read_s=engine.times.read_s / engine.pages if engine.pages else 0.0,
        engine_share=wanting / drawn,
        finish_s=mean(layers.times.finish_s, engine.times.finish_s),
        publish_s=0.0,
        ramp_s=start_s,
        sample_share=mean(layers.samples, engine.samples),
        staged_bytes=staged_bytes,
        published_bytes=staged_bytes,
    )
