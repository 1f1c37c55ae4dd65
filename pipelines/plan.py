"""Plan: what a run would do, by taking the inventory and reading nothing."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console

from cluster.planner import Estimate, estimate
from cluster.progress import meter
from cluster.session import Session
from pipelines.inventory import take_inventory
from pipelines.run import staging_root
from pipelines.state import check_settings, load_all_records, load_snapshot, uncovered
from schemas.recipe import Recipe
from workers import store
from workers.staging import Staging


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is, what is done, and what the rest would cost."""

    dataset: str
    documents: int
    uncountable: int
    pages: int
    to_read: Estimate


def plan(
    recipe: Recipe,
    session: Session,
    console: Console,
    pages_per_second: float,
    price_per_gpu_hour: float | None,
) -> Plan:
    """Plan a run of the recipe as the sources are now. Writes nothing."""
    dataset = store.absolute(recipe.dataset)
    snapshot = load_snapshot(dataset)
    check_settings(recipe, snapshot, re_read=False)
    known = snapshot.documents() if snapshot else []
    with meter(console, "inventory", "files") as progress:
        inventory = take_inventory(recipe, known, None, session, progress)
    staging = Staging(store.join(staging_root(recipe), recipe.digest()))
    published = load_all_records(recipe, snapshot, staging, [], inventory.documents, session)
    todo = uncovered(inventory.documents, staging.whole_receipts(), published)
    placement = recipe.placement
    return Plan(
        dataset=dataset,
        documents=len(inventory.documents),
        uncountable=sum(document.page_count is None for document in inventory.documents),
        pages=inventory.page_count,
        to_read=estimate(
            sum(len(part) for part in todo),
            placement.shard_pages,
            placement.replicas[1],
            placement.gpus_per_replica,
            pages_per_second,
            price_per_gpu_hour,
        ),
    )
