"""Plan: what a run would do, by taking the inventory and reading nothing. It writes nothing.

    inventory ─► less what is published or staged ─► pages ─► rates ─► time, GPUs, money, bytes

The rates come from `pipelines.planning.rates` or, where a few pages are read to measure them, from
`pipelines.planning.probe`; the arithmetic is `cluster.estimate`.
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
from pipelines.dataset.staged import staging_root
from pipelines.dataset.state import Snapshot, check_settings, load_snapshot, uncovered
from pipelines.inventory import take_inventory
from pipelines.planning.probe import Probe, probe_pages
from pipelines.planning.rates import Rated, choose_rates, with_probe
from schemas.errors import RequestError
from schemas.recipe import Recipe
from schemas.removal import removal
from schemas.shards import PageRange
from schemas.sources import is_made
from workers import store
from workers.shards import Staging

WHAT_IF_NODES = (1, 2, 5, 10, 20, 40)


@dataclass(frozen=True, slots=True)
class Options:
    """What a plan is asked.

    Args:
        pages_per_second: what one replica reads of the pages that its engine gets.
        rates_from: another dataset whose rates are used, read under the same settings.
        price: of a GPU-hour, in any currency.
        nodes: GPU nodes; by default as many as `placement.replicas` needs.
        cores: for drawing and finishing pages, in all nodes together.
        re_read: plan to read every page again.
        probe_pages: read a few pages for their rates, with the engine at most so many.
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
    """The same run on so many nodes."""

    nodes: int
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Storage:
    """Bytes now, and when the run is done; staging is kept for `placement.staging_days`."""

    staging_now: int
    staging_peak: int
    published_now: int
    published_then: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is, what is done, and what the rest would cost.

    `pages` = `pages_published` (samples and rejects) + `pages_staged` + those to read. Of these,
    `pages_made` are made from their text, and `pages_settled` are settled by their text layer or
    cannot be read: None where nothing tells, so that all count as the engine's. `hours` are those
    of the estimate and of the inventory. `rates_from` is as in `rates.Rated`, and
    `measured` the calibration that was found, used or not. `notes` says what was assumed.
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


def plan_run(recipe: Recipe, session: Session, console: Console, options: Options) -> Plan:
    """Plan a run of the recipe as the sources are now.

    Raises:
        DatasetError: the dataset was made under other reading settings, and not `re_read`; or
            `rates_from` has no rates for these.
        RequestError: a replica fits no node.
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
        inventory = take_inventory(recipe, known, None, session, progress)
    inventory_s = time.monotonic() - began_s
    leaving = removal(known, inventory.documents)
    if leaving.share > recipe.max_removed:
        notes.append(
            f"{leaving} are gone from the sources, which is more than max_removed "
            f"({recipe.max_removed:.0%}): a run stops unless --allow-removal is given"
        )

    same = snapshot is not None and snapshot.metadata["recipe_digest"] == recipe.digest()
    published = frozenset(document.doc_id for document in known) if same else frozenset()
    receipts = Staging(store.join(staging_root(recipe), recipe.digest())).whole_receipts()
    todo = list(uncovered(inventory.documents, published, receipts))
    pages = sum(len(part) for part in todo)
    found = [part for part in todo if not is_made(part.media_type)]
    made = pages - sum(len(part) for part in found)
    unpublished = sum(
        document.page_count or 0
        for document in inventory.documents
        if document.doc_id not in published
    )

    probed, rated = _probe(recipe, options, found, rated, console)
    costs = rated.costs
    if made and rated.origin != "calibration":
        # What a run measured has its made pages in it; the others know none.
        costs = replace(costs, engine_share=costs.engine_share * (1 - made / pages))
        notes.append(f"{made:,} pages are made from their text and need no engine")
    to_read = _estimate(recipe, pages, cluster, costs, options)
    staging_now = sum(
        receipt.rows_bytes + receipt.images_bytes + (receipt.crops.bytes if receipt.crops else 0)
        for receipt in receipts
    )
    published_now = _bytes(snapshot) if snapshot else 0
    return Plan(
        dataset=dataset,
        documents=len(inventory.documents),
        uncountable=sum(document.page_count is None for document in inventory.documents),
        pages=inventory.page_count,
        pages_published=inventory.page_count - unpublished,
        pages_staged=unpublished - pages,
        pages_made=made,
        pages_settled=_settled(recipe, rated, pages - made, to_read),
        inventory_s=inventory_s,
        hours=inventory_s / 3600 + to_read.hours,
        to_read=to_read,
        storage=Storage(
            staging_now,
            staging_now + to_read.staged_bytes,
            published_now,
            published_now + round(unpublished * costs.published_bytes),
        ),
        rates_from=rated.origin,
        costs=costs,
        measured=rated.measured,
        probe=probed,
        notes=[*rated.notes, *notes],
        what_if=list(_what_if(recipe, pages, cluster, costs, options)),
    )


def _probe(
    recipe: Recipe, options: Options, ranges: Sequence[PageRange], rated: Rated, console: Console
) -> tuple[Probe | None, Rated]:
    """What a few of the pages take, and the rates with it."""
    if options.probe_pages is None:
        return None, rated
    with meter(console, "probe", "pages") as progress:
        found = probe_pages(recipe, ranges, options.probe_pages, progress)
    if found is None:
        note = "there is no page of a document to read, so nothing was probed"
        return None, replace(rated, notes=[*rated.notes, note])
    return found, with_probe(rated, found, recipe, options.pages_per_second is not None)


def _settled(recipe: Recipe, rated: Rated, pages: int, to_read: Estimate) -> int | None:
    """Pages of documents that do not come to the engine, as far as that is known."""
    if recipe.routing == "only" or rated.origin in ("calibration", "probe"):
        return max(0, pages - to_read.engine_pages)
    return 0 if recipe.routing == "never" else None


# ---- the cluster -----------------------------------------------------------------------------


def _hardware(recipe: Recipe, options: Options) -> tuple[Hardware, list[str]]:
    """What the run is planned on, and what of it was assumed."""
    placement, notes = recipe.placement, []
    replicas = placement.replicas[1]
    if not recipe.needs_engine:
        replicas = 0
    elif options.nodes is not None:
        room = options.nodes * _replicas_per_node(recipe, options)
        if room > replicas:
            notes.append(
                f"{options.nodes} nodes have room for {room} replicas; placement.replicas allows "
                f"{replicas}"
            )
        replicas = min(replicas, room)
    cores = options.cores
    if cores is None and (replicas == 0 or placement.gpus_per_replica == 0):
        cores = _machine_cores()
        notes.append(f"cores are this machine's {cores}; `--cpus` gives another cluster's")
    elif cores is None:
        notes.append("as many cores as the replicas need; `--cpus` gives those of a cluster")
    threads = _threads(recipe) if replicas and placement.gpus_per_replica == 0 else 0
    if threads and placement.threads_per_replica is None and options.cores is not None:
        notes.append(
            f"a replica takes {threads} cores, as many as this machine has; "
            "placement.threads_per_replica gives another number"
        )
    in_use = min(threads, cores) if cores is not None else threads
    return Hardware(replicas, placement.gpus_per_replica, cores, in_use), notes


def _threads(recipe: Recipe) -> int:
    """Cores of a replica without a GPU."""
    return recipe.placement.threads_per_replica or _machine_cores()


def _machine_cores() -> int:
    return os.cpu_count() or 1


def _replicas_per_node(recipe: Recipe, options: Options) -> int:
    gpus = recipe.placement.gpus_per_replica
    if gpus == 0:
        raise RequestError(
            "a replica of this recipe takes no GPU (placement.gpus_per_replica: 0), so nodes say "
            "nothing of how many there are; leave out --nodes"
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
    """The run on other numbers of nodes, all of whose GPUs it may use, with the same cores."""
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
