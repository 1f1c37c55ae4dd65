"""Probe: measure how long pages take, by reading a few of them here with the recipe's engine.

    rasterise pages ─► those with a good text layer ─► score
                   └─► some of those that need the engine ─► read ─► score

The steps are those of a pass (`pipelines.steps.shard`), run in this process. Their output goes to a
temporary folder that is deleted; the dataset and its staging are not changed.
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
from pipelines.steps.settings import replica_settings
from pipelines.steps.shard import Job, Readings, finish, make_job, raster, read, read_layers
from pipelines.steps.timed import Stopwatch, Timed
from schemas.pages import RasteredPage
from schemas.recipe import Recipe
from schemas.shards import PageRange, Shard
from schemas.timings import ShardTimes
from workers.reading import load_replica
from workers.shards import Staging

# Rasterising takes a fiftieth of the time of PP-OCRv6 on a core, and the share of pages with a good
# text layer needs more pages than the engine's rate.
DRAWN_PER_READ = 4


@dataclass(frozen=True, slots=True)
class Probe:
    """How many pages were rasterised and read, and what a page costs.

    Args:
        drawn: pages rasterised: `settled` + `failed` + `wanting`.
        settled: pages with a good text layer.
        failed: pages that cannot be read.
        wanting: pages that need the engine, which read `read` of them.
        layer_page_s: seconds to rasterise and score a page with a good text layer; 0 if none was.
        engine_page_s: seconds to rasterise, read and score a page with the engine; 0 if none was.
        device: what the engine ran on; empty if it read no page.
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
    """Pages that took the same steps: their number, times, samples and staged bytes."""

    pages: int
    times: ShardTimes
    samples: int
    staged_bytes: int

    def page_s(self) -> float:
        """Mean seconds of a page in all its steps."""
        times = self.times
        return (times.raster_s + times.read_s + times.finish_s) / max(1, self.pages)


_Page = tuple[PageRange, Timed[list[RasteredPage]]]
_Reader = Callable[[Job, Timed[list[RasteredPage]]], Timed[Readings]]


def probe_pages(
    recipe: Recipe, ranges: Sequence[PageRange], count: int, meter: Meter
) -> Probe | None:
    """Rasterise pages of the documents' `ranges`, and read at most `count` with the engine.

    Returns None if there is no page. Raises ModelError if the engine cannot be loaded.
    """
    chosen = choose_pages(ranges, count * DRAWN_PER_READ, recipe.digest())
    if not chosen:
        return None
    with tempfile.TemporaryDirectory(prefix="pagefoundry-probe-") as folder:
        return _probe(recipe, chosen, count, Staging(folder), meter)


def choose_pages(ranges: Sequence[PageRange], count: int, seed: str) -> list[PageRange]:
    """A random choice of `count` different pages; the same seed gives the same pages."""
    # ends: number of pages up to the end of each range, int (ranges,)
    ends = list(itertools.accumulate(len(part) for part in ranges))
    total = ends[-1] if ends else 0
    chosen = []
    for place in random.Random(seed).sample(range(total), min(count, total)):
        number = bisect.bisect_right(ends, place)
        part = ranges[number]
        index = part.stop - (ends[number] - place)
        chosen.append(PageRange(part.doc_id, index, index + 1, part.media_type, part.files))
    return chosen


def _probe(
    recipe: Recipe, chosen: Sequence[PageRange], count: int, staging: Staging, meter: Meter
) -> Probe:
    def job_of(parts: Sequence[PageRange]) -> Job:
        return make_job(recipe, Shard(tuple(parts), recipe.digest()), staging)

    def through(pages: Sequence[_Page], reader: _Reader) -> _Route:
        """Runs the first page once before timing, so that loading is not measured."""
        if pages:
            _run(job_of, pages[:1], reader)
        return _run(job_of, pages, reader)

    meter.total = len(chosen) + count
    raster(job_of(chosen[:1]))  # starts the rasterising child process
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
    """Read, score and stage pages that are already rasterised."""
    if not pages:
        return _Route(0, ShardTimes(), 0, 0)
    job = job_of([part for part, _ in pages])
    times = sum((rastered.times for _, rastered in pages), ShardTimes())
    rastered = Timed([page for _, timed in pages for page in timed.value], times)
    done = finish(job, rastered, reader(job, rastered))
    return _Route(
        len(pages), done.times, done.value.outcomes.get("sample", 0), done.value.staged_bytes
    )


def _costs(drawn: int, wanting: int, layers: _Route, engine: _Route, start_s: float) -> PageCosts:
    """Means over all rasterised pages; each page read stands for its share of those `wanting`.

    Publishing is not measured: its time is 0, and published bytes are the staged bytes.
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
