"""Plan a run: take the inventory, read no page, write nothing, and estimate what is left to do.

    inventory ─► minus published and staged pages ─► rates ─► time, GPUs, cost, bytes

The rates come from `pipelines.planning.rates`, or from `pipelines.planning.probe`, which measures
them on a few pages. The arithmetic is `cluster.estimate`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.console import Console

from cluster.estimate import Estimate, Hardware, PageCosts, Rates, estimate_run
from cluster.progress import meter
from cluster.session import Session
from pipelines.dataset.state import Snapshot, check_settings, load_snapshot
from pipelines.inventory import take_inventory
from pipelines.planning.foresight import Foresight, foresight
from pipelines.planning.probe import Probe, probe_pages
from pipelines.planning.rates import Rated, choose_rates, with_probe
from pipelines.planning.work import Work, remaining_work
from pipelines.steps.crawls import notes_on_bounds
from schemas.errors import RequestError
from schemas.feeding import shards_at_once
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.removal import removal
from schemas.shards import PageRange
from workers import store
from workers.dataset.forgotten import read_forgotten

WHAT_IF_NODES = (1, 2, 5, 10, 20, 40)


@dataclass(frozen=True, slots=True)
class Options:
    """What to plan for.

    Args:
        pages_per_second: the rate at which one replica reads pages with its engine.
        rates_from: another dataset whose rates are used; it must have the same settings.
        price: the price of a GPU-hour, in any currency.
        nodes: how many GPU nodes; None for as many as `placement.replicas` needs.
        cores: cores of all nodes that rasterise and finish pages; None for as many as needed.
        re_read: plan a run that reads every page again.
        probe_pages: read a few pages to measure rates, at most this many with the engine.
    """

    pages_per_second: float | None = None
    rates_from: str | None = None
    price: float | None = None
    nodes: int | None = None
    gpus_per_node: int = 8
    cores: int | None = None
    re_read: bool = False
    probe_pages: int | None = None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The same run on another number of nodes."""

    nodes: int
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Storage:
    """Bytes now and after the run. Staging is kept for `placement.staging_days`."""

    staging_now: int
    staging_peak: int
    published_now: int
    published_then: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What the sources hold, what is done already, and what the rest would cost.

    Args:
        pages: `pages_published` (samples and rejects) + `pages_staged` + the pages to read.
        pages_made: pages to read that are made from their text.
        pages_settled: pages to read that need no engine: their text layer is good, or they cannot
            be read. None if this is unknown; then all count as read by the engine.
        hours: of the inventory and of the estimate together.
        rates_from: as `rates.Rated.origin`.
        measured: the rates stored with the dataset, used or not.
        notes: what was assumed, one sentence each.
        policies: what the recipe's policies would make of the newest version, where that was
            published under others.
    """

    dataset: str
    documents: int
    uncountable: int
    pages: int
    pages_published: int
    pages_staged: int
    pages_made: int
    pages_settled: int | None
    inventory_s: float
    hours: float
    to_read: Estimate
    storage: Storage
    rates_from: str
    costs: PageCosts
    measured: Rates | None
    probe: Probe | None
    notes: list[str]
    what_if: list[WhatIf]
    policies: Foresight | None = None


def plan_run(recipe: Recipe, session: Session, console: Console, options: Options) -> Plan:
    """Plan a run of the recipe with the sources as they are now.

    Raises:
        DatasetError: the dataset was made with other reading settings and `re_read` is False, or
            `rates_from` has no rates for these settings.
        RequestError: a replica fits on no node.
        ModelError: the engine cannot be loaded for a probe.
    """
    dataset = store.absolute(recipe.dataset)
    snapshot = load_snapshot(dataset)
    check_settings(recipe, snapshot, options.re_read)
    cluster, notes = _hardware(recipe, options)
    rated = choose_rates(
        recipe, snapshot, options.rates_from, options.pages_per_second, _threads(recipe)
    )
    known = snapshot.documents() if snapshot else []
    began_s = time.monotonic()
    with meter(console, "inventory", "files") as progress:
        forgotten = read_forgotten(dataset)
        inventory = take_inventory(recipe, known, None, session, progress, takedowns=forgotten)
    documents, inventory_s = inventory.documents, time.monotonic() - began_s
    taken_down = forgotten.ids
    known = [document for document in known if document.doc_id not in taken_down]
    if inventory.left_out:
        notes.append(
            f"documents left out because they were taken down: {len(inventory.left_out):,}"
        )
    notes += _removal_note(recipe, known, documents)
    work = remaining_work(recipe, snapshot, known, documents)
    probed, rated = _probe(recipe, options, work.read_ranges, rated, console)
    costs = rated.costs
    notes += notes_on_bounds(recipe, work.read_ranges)
    if work.made and rated.origin != "calibration":
        # Measured rates of a run include its made pages; the other rates do not.
        costs = replace(costs, engine_share=costs.engine_share * (1 - work.made / work.pages))
        notes.append(f"{work.made:,} pages are made from their text and need no engine")
    to_read = _estimate(recipe, work.pages, cluster, costs, options)
    pages = sum(document.page_count or 0 for document in documents)
    return Plan(
        dataset=dataset,
        documents=len(documents),
        uncountable=sum(document.page_count is None for document in documents),
        pages=pages,
        pages_published=pages - work.unpublished,
        pages_staged=work.unpublished - work.pages,
        pages_made=work.made,
        pages_settled=_settled(recipe, rated, work.pages - work.made, to_read),
        inventory_s=inventory_s,
        hours=inventory_s / 3600 + to_read.hours,
        to_read=to_read,
        storage=_storage(snapshot, work, costs, to_read),
        rates_from=rated.origin,
        costs=costs,
        measured=rated.measured,
        probe=probed,
        notes=[*rated.notes, *notes],
        what_if=list(_what_if(recipe, work.pages, cluster, costs, options)),
        policies=foresight(recipe, snapshot, session),
    )


# ---- parts of a plan -----------------------------------------------------------------------


def _removal_note(
    recipe: Recipe, known: Sequence[Document], documents: Sequence[Document]
) -> list[str]:
    removed = removal(known, documents)
    if removed.share <= recipe.max_removed:
        return []
    return [
        f"{removed} are gone from the sources, which is more than max_removed "
        f"({recipe.max_removed:.0%}), so a run stops unless --allow-removal is given"
    ]


def _storage(snapshot: Snapshot | None, work: Work, costs: PageCosts, to_read: Estimate) -> Storage:
    published = _bytes(snapshot) if snapshot else 0
    return Storage(
        work.staged_bytes,
        work.staged_bytes + to_read.staged_bytes,
        published,
        published + round(work.unpublished * costs.published_bytes),
    )


def _probe(
    recipe: Recipe, options: Options, ranges: Sequence[PageRange], rated: Rated, console: Console
) -> tuple[Probe | None, Rated]:
    """What a few of the pages took, and the rates with it."""
    if options.probe_pages is None:
        return None, rated
    with meter(console, "probe", "pages") as progress:
        probed = probe_pages(recipe, ranges, options.probe_pages, progress)
    if probed is None:
        note = "there is no page to read, so nothing was measured by --probe"
        return None, replace(rated, notes=[*rated.notes, note])
    return probed, with_probe(rated, probed, recipe, options.pages_per_second is not None)


def _settled(recipe: Recipe, rated: Rated, pages: int, to_read: Estimate) -> int | None:
    """How many of the pages need no engine; None if unknown."""
    if recipe.routing == "only" or rated.origin in ("calibration", "probe"):
        return max(0, pages - to_read.engine_pages)
    return 0 if recipe.routing == "never" else None


# ---- the cluster -----------------------------------------------------------------------------


def _hardware(recipe: Recipe, options: Options) -> tuple[Hardware, list[str]]:
    """The hardware that the run is planned for, and notes on what was assumed."""
    placement, notes = recipe.placement, []
    if recipe.scores:
        notes.append("the time to score texts is left out")
    if recipe.dedup.semantic is not None:
        notes.append("the time to embed texts for `dedup.semantic` is left out")
    replicas = placement.replicas[1]
    if not recipe.needs_engine:
        replicas = 0
    elif options.nodes is not None:
        room = options.nodes * _replicas_per_node(recipe, options)
        if room > replicas:
            notes.append(
                f"{options.nodes} nodes have room for {room} replicas, but placement.replicas "
                f"allows only {replicas}"
            )
        replicas = min(replicas, room)
    cores = options.cores
    if cores is None and (replicas == 0 or placement.gpus_per_replica == 0):
        cores = _machine_cores()
        notes.append(
            f"assumed are this machine's {cores} cores; --cpus sets those of another cluster"
        )
    elif cores is None:
        notes.append(
            "assumed are as many cores as the replicas need; --cpus sets those of a cluster"
        )
    threads = _threads(recipe) if replicas and placement.gpus_per_replica == 0 else 0
    is_guess = placement.threads_per_replica is None and recipe.engine.name != "endpoint"
    if threads and is_guess and options.cores is not None:
        notes.append(
            f"assumed is that a replica takes {threads} cores, as many as this machine has; "
            "placement.threads_per_replica sets another number"
        )
    in_use = min(threads, cores) if cores is not None else threads
    shards = shards_at_once(recipe.engine, placement)
    return Hardware(replicas, placement.gpus_per_replica, cores, in_use, shards), notes


def _threads(recipe: Recipe) -> int:
    """The cores of a replica without a GPU; one that asks servers is busy with a single one."""
    if recipe.engine.name == "endpoint":
        return 1
    return recipe.placement.threads_per_replica or _machine_cores()


def _machine_cores() -> int:
    return os.cpu_count() or 1


def _replicas_per_node(recipe: Recipe, options: Options) -> int:
    gpus = recipe.placement.gpus_per_replica
    if gpus == 0:
        raise RequestError(
            "a replica of this recipe takes no GPU (placement.gpus_per_replica: 0), so the number "
            "of GPU nodes has no meaning; leave out --nodes"
        )
    room = int(options.gpus_per_node // gpus)
    if room == 0:
        raise RequestError(
            f"a replica takes {gpus:g} GPUs and a node has {options.gpus_per_node}; raise "
            "--gpus-per-node or lower placement.gpus_per_replica"
        )
    return room


def _what_if(
    recipe: Recipe, pages: int, cluster: Hardware, costs: PageCosts, options: Options
) -> Iterator[WhatIf]:
    """The run on other numbers of nodes, if it uses all their GPUs, with the same cores."""
    if not recipe.needs_engine or recipe.placement.gpus_per_replica == 0:
        return
    per_node = _replicas_per_node(recipe, options)
    for nodes in sorted({*WHAT_IF_NODES, *([options.nodes] if options.nodes else [])}):
        hardware = replace(cluster, replicas=nodes * per_node)
        yield WhatIf(nodes, _estimate(recipe, pages, hardware, costs, options))


def _estimate(
    recipe: Recipe, pages: int, hardware: Hardware, costs: PageCosts, options: Options
) -> Estimate:
    return estimate_run(pages, recipe.placement.shard_pages, hardware, costs, options.price)


def _bytes(snapshot: Snapshot) -> int:
    return sum(part.size for table in snapshot.tables.values() for part in table.parts)
