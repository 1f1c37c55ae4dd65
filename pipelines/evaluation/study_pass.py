"""One pass of a study: pages whose text is known, read by an engine, compared.

    rows = results_of(prepare(batch), read(prepare(batch)))       one chain for each batch

`prepare` and `results_of` are CPU tasks, `read` runs in a replica. No page is retried, turned or
read by a fallback: only the engine itself is measured.
"""

from __future__ import annotations

import functools
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.console import Console

from cluster.pool import Policy, PoolState, run_pool
from cluster.progress import Meter, meter
from cluster.runtime import Step
from cluster.session import ReplicaSpec, Session
from pipelines.evaluation.sources import SourceSettings, pages_of
from schemas.errors import SourceError
from schemas.recipe import EngineSpec, Placement
from workers.engines import Engine
from workers.evaluation import results
from workers.evaluation.pages import Batch
from workers.evaluation.results import Prepared, Readings, Study
from workers.evaluation.rows import Row

log = logging.getLogger(__name__)

MakeEngine = Callable[[EngineSpec], Engine]
CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class Request:
    """The settings that both studies share.

    Args:
        source: where the pages come from, and how large they are.
        engine: the engine that reads them.
        pages: how many pages to read at most.
        study: which pages to read, in which modes.
        output: a folder or URL for the results.
        replicas: how many engines read at once, if the session can run several.
        gpus_per_replica: the GPUs that Ray reserves for each engine.
    """

    source: SourceSettings
    engine: EngineSpec
    pages: int
    study: Study
    output: str
    replicas: int = 1
    gpus_per_replica: float = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """A batch, its position among all batches, and how it is read."""

    position: int
    batch: Batch
    study: Study


@dataclass(frozen=True, slots=True)
class Part:
    """The results of a batch, or of a part of one."""

    batch: Batch
    rows: list[Row]
    skipped: Counter[str]


@dataclass(frozen=True, slots=True)
class Measured:
    """The rows of a pass, the pages it left out by reason, and the batch of each page."""

    rows: list[Row]
    skipped: Counter[str]
    batches: dict[str, Batch]


def measure(
    request: Request, session: Session, console: Console, make_engine: MakeEngine
) -> Measured:
    """Run one pass. Raises SourceError if no page can be used."""
    batches = pages_of(request.source, session, console)
    name = f"read {request.engine.mode}" if request.engine.mode else "read"
    with meter(console, name, "pages", request.pages) as progress:
        measured = _measure(request, batches, session, progress, make_engine)
    if not measured.rows:
        why = f" (left out: {counts(measured.skipped)})" if measured.skipped else ""
        raise SourceError(
            f"{request.source.source} has no page whose text is known{why}; a dataset needs pages "
            "that no engine read, documents need a good text layer or --truth"
        )
    return measured


def _measure(
    request: Request,
    batches: Iterator[Batch],
    session: Session,
    progress: Meter,
    make_engine: MakeEngine,
) -> Measured:
    """Start batches in their order until there are enough pages, then keep the first pages.

    The pages are the same however many batches run at once.
    """
    by_position: dict[int, list[Part]] = {}

    def chunks() -> Iterator[Chunk]:
        for position, batch in enumerate(batches):
            if progress.done >= request.pages:
                return
            yield Chunk(position, batch, request.study)

    def watch(state: PoolState) -> None:
        progress.show(f"· {state.busy_lanes}/{state.lanes} replicas busy")

    chain = [Step(prepare), Step(read, on_replica=True), Step(results_of)]
    placement = Placement()
    spec = ReplicaSpec(
        functools.partial(make_engine, request.engine),
        request.replicas,
        request.gpus_per_replica,
        placement.replica_start_timeout_s,
    )
    policy = Policy(_halves, functools.partial(_deadline_s, placement))
    with session.runtime(spec) as runtime:
        for done in run_pool(chunks(), chain, runtime, policy, watch):
            if done.error is not None:
                log.warning(
                    "pages that ended their worker process twice are left out: %s", done.error
                )
                rows, left_out = [], Counter({CRASHED: len(done.item.batch)})
            else:
                rows, left_out = done.value
            by_position.setdefault(done.item.position, []).append(
                Part(done.item.batch, rows, left_out)
            )
            pages = len({row["page_id"] for row in rows})
            progress.add(min(pages, request.pages - progress.done))  # a last batch may have more
    return _first_pages(by_position, request.pages)


def _first_pages(by_position: Mapping[int, Sequence[Part]], most: int) -> Measured:
    """The rows of the first `most` pages, and what was left out before the last of them."""
    first = Measured([], Counter(), {})
    for position in sorted(by_position):
        if len(first.batches) >= most:
            break
        parts = by_position[position]
        here = {row["page_id"]: part.batch for part in parts for row in part.rows}
        wanted = sorted(here)[: most - len(first.batches)]
        first.rows.extend(row for part in parts for row in part.rows if row["page_id"] in wanted)
        first.batches.update((page, here[page]) for page in wanted)
        for part in parts:
            first.skipped.update(part.skipped)
    return first


def _halves(chunk: Chunk) -> Sequence[Chunk]:
    return [replace(chunk, batch=batch) for batch in chunk.batch.halves()]


def _deadline_s(placement: Placement, chunk: Chunk) -> float:
    """The longest time of a chain: its images, those of a chain before it, a replica's start."""
    images = len(chunk.batch) * max(1, len(chunk.study.modes))
    page_s = placement.page_timeout_s + placement.read_timeout_s
    return 2 * images * page_s + placement.replica_start_timeout_s


def prepare(chunk: Chunk) -> Prepared:
    """Load a batch and make its images, one for each page and mode."""
    return results.prepare(chunk.batch, chunk.study)


def read(engine: Engine, chunk: Chunk, prepared: Prepared) -> Readings:
    """Read all images of a batch."""
    return results.read(engine, prepared)


def results_of(
    chunk: Chunk, prepared: Prepared, readings: Readings
) -> tuple[list[Row], Counter[str]]:
    """The rows of a batch, and how many pages were left out for each reason."""
    return results.results(prepared, readings, chunk.study), prepared.skipped


def counts(skipped: Counter[str]) -> str:
    """The numbers of pages left out, with their reasons."""
    return ", ".join(f"{reason} {count:,}" for reason, count in sorted(skipped.items()))
