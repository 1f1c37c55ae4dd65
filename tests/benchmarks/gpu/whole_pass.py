"""A whole pass without Ray: PDFs are rasterised beside the engine, read, scored and staged.

Processes rasterise, as Ray's tasks do; this process reads; a thread scores the pages and writes
shards and receipts. The steps are those of `pipelines.read`, in the same order.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cluster.planner import cut_shards
from pipelines.steps.settings import replica_settings
from pipelines.steps.shard import Job, finish, make_job, raster, read
from schemas.recipe import Recipe, parse_recipe
from schemas.shards import PageRange
from tests.benchmarks.gpu.device import DAY_S, BusySampler
from tests.pipelines.corpora import write_pdf
from workers import store
from workers.engines.text_lines import usable_cores
from workers.reading import load_replica
from workers.shards import Staging

_PAGES_PER_FILE = 16


def speed(pages: int, shard_pages: int) -> dict[str, Any]:
    """A pass of the engine `ppocr` over PDFs that are written first, from opening to receipts."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        recipe = parse_recipe(
            f"dataset: {folder / 'data'}\nsources: [{{documents: {folder / 'pdfs'}}}]\n"
            f"routing: never\nengine: {{name: ppocr}}\nplacement: {{shard_pages: {shard_pages}}}\n"
        )
        ranges = list(_written(folder / "pdfs", pages))
        staging = Staging(str(folder / "data" / "staging"))
        shards = cut_shards(ranges, shard_pages, recipe.digest())
        jobs = [make_job(recipe, shard, staging) for shard in shards]
        with BusySampler() as sampler:
            figures = _run(recipe, jobs)
        return {"pages": pages, **figures, "busy_share": sampler.share}


def _written(folder: Path, pages: int) -> Iterator[PageRange]:
    for number in range(-(-pages // _PAGES_PER_FILE)):
        count = min(_PAGES_PER_FILE, pages - number * _PAGES_PER_FILE)
        path = write_pdf(folder, f"{number}.pdf", 100 * number, count, words=400)
        digest = f"{number:064x}"
        yield PageRange(digest, 0, count, "application/pdf", (store.stat(str(path)),))


def _run(recipe: Recipe, jobs: Sequence[Job]) -> dict[str, Any]:
    replica = load_replica(replica_settings(recipe, isolated=False))
    cores = max(1, usable_cores() - 2)  # one for this process, one for the thread that finishes
    outcomes = 0
    staged_bytes = 0
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, spawn) as rasters, ThreadPoolExecutor(1) as finishing:
        list(rasters.map(_started, range(cores)))
        started_s = time.perf_counter()
        waiting, ahead = deque(jobs), deque[tuple[Job, Future[Any]]]()
        waited_s, receipts = 0.0, []
        while waiting or ahead:
            while waiting and len(ahead) <= cores:  # bounds the page images in memory
                ahead.append((waiting[0], rasters.submit(raster, waiting.popleft())))
            job, future = ahead.popleft()
            before_s = time.perf_counter()
            rastered = future.result()
            waited_s += time.perf_counter() - before_s
            readings = read(replica, job, rastered)
            receipts.append(finishing.submit(finish, job, rastered, readings))
        for receipt in receipts:
            outcomes += sum(receipt.result().value.outcomes.values())
            staged_bytes += receipt.result().value.staged_bytes
        wall_s = time.perf_counter() - started_s
    assert outcomes == sum(len(part) for job in jobs for part in job.shard.ranges)
    return {
        "rasterising_processes": cores,
        "pages_per_s": outcomes / wall_s,
        "pages_per_day": outcomes / wall_s * DAY_S,
        "engine_waited_share": waited_s / wall_s,
        "staged_bytes_per_page": staged_bytes / outcomes,
    }


def _started(number: int) -> int:
    """Nothing: the process imports what it needs before the clock starts."""
    return number
