"""Lists of the policies: which files they name, and their items, read once for all tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cluster.session import Session
from pipelines.dataset.state import Snapshot
from pipelines.steps.settings import child_limits, raster_settings
from pipelines.steps.tasks import run_tasks
from schemas.decontaminate import Benchmark, ItemCounts
from schemas.errors import SourceError
from schemas.ids import digest
from schemas.recipe import Recipe
from workers import store
from workers.engines.checkpoint import folder_digest
from workers.policies.decontamination import BENCHMARK_SUFFIXES, VERSION, read_benchmark
from workers.policies.lists import item_counts, pack
from workers.rasterising import ChildLimits, RasterSettings, shared_rasterizer

_PEOPLE = "(pii.people)"


def listed_files(recipe: Recipe) -> dict[str, str]:
    """For each benchmark a digest of its files' names, sizes and versions, and of the rules by
    which items are found; for the checkpoint that finds people, in a folder, one of its files.

    Where a file was added or changed, rows are judged again.

    Raises SourceError where a benchmark has no file.
    """
    listed = {benchmark.name: _listing(benchmark) for benchmark in _benchmarks(recipe)}
    if recipe.people is not None and Path(recipe.people.model).is_dir():
        listed[_PEOPLE] = folder_digest(Path(recipe.people.model))
    return listed


def _benchmarks(recipe: Recipe) -> list[Benchmark]:
    return [benchmark for step in recipe.policies for benchmark in step.decontaminate or ()]


def _listing(benchmark: Benchmark) -> str:
    try:
        files = store.list_documents(benchmark.file, BENCHMARK_SUFFIXES)
    except SourceError as exc:
        raise SourceError(f"decontaminate {benchmark.name}: {exc}") from exc
    named = (f"{file.uri}\0{file.size}\0{file.version}" for file in files)
    return digest([str(VERSION), *named])[:16]


@dataclass(frozen=True, slots=True)
class _Reading:
    benchmarks: tuple[Benchmark, ...]
    raster: RasterSettings
    limits: ChildLimits


def packed_lists(recipe: Recipe, session: Session) -> bytes | None:
    """The items of all benchmarks, read in a task; None where no policy needs any."""
    benchmarks = tuple(_benchmarks(recipe))
    if not benchmarks:
        return None
    task = _Reading(benchmarks, raster_settings(recipe), child_limits(recipe))
    return run_tasks(_read, [task], session)[0]


def _read(task: _Reading) -> bytes:
    rasterizer = shared_rasterizer(task.raster, task.limits)
    items = (item for one in task.benchmarks for item in read_benchmark(one, rasterizer))
    return pack(items, task.benchmarks)


def lists_uri(
    recipe: Recipe, listed: Mapping[str, str], scratch: str, session: Session
) -> str | None:
    """Where the items lie for the tasks of this run; they are read at the first call."""
    if not _benchmarks(recipe):
        return None
    uri = _uri(listed, scratch)
    if not store.exists(uri):
        data = packed_lists(recipe, session)
        assert data is not None
        store.write_bytes(uri, data)
    return uri


def counted_items(
    listed: Mapping[str, str], scratch: str, snapshot: Snapshot | None
) -> Mapping[str, ItemCounts]:
    """How many items each benchmark has: of the lists of this run, or as the last version says."""
    if not listed:
        return {}
    uri = _uri(listed, scratch)
    if store.exists(uri):
        return item_counts(store.read_bytes(uri))
    return snapshot.metadata.get("benchmarks", {}) if snapshot else {}


def _uri(listed: Mapping[str, str], scratch: str) -> str:
    name = digest(f"{name}\0{version}" for name, version in sorted(listed.items()))[:16]
    return store.join(scratch, f"lists-{name}.parquet")
