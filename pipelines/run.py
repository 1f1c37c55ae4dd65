"""The one verb: bring a dataset up to date with its sources.

    inventory ─► read what nothing covers ─► dedup ─► publish

A first run, the resume after a crash and the nightly refresh are the same reconciliation. When a
keeper has left the dataset, a page that was its duplicate may be wanted again; if its row is no
longer staged it is read once more before publishing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from rich.console import Console

from cluster.planner import uncovered_ranges
from cluster.progress import meter
from cluster.session import Session
from pipelines.inventory import Inventory, forget_examined, take_inventory
from pipelines.leased import Hold, LeasedSession
from pipelines.publish import publish, settings_of
from pipelines.read import PassReport, read_pages
from pipelines.records import Catalogue
from pipelines.rows import Inputs, Version, decide
from pipelines.state import Snapshot, check_settings, load_snapshot, uncovered
from schemas.errors import IntegrityError
from schemas.ids import digest
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.shards import PageRange, Receipt
from schemas.sources import is_made, record_place
from workers import store
from workers.card import write_card
from workers.lease import TTL_S, hold
from workers.listing import list_stored
from workers.staging import Staging


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did, for people and for `--json`."""

    dataset: str
    version: int
    committed: bool
    documents: int
    pages: int
    pages_read: int
    counts: Mapping[str, int]
    rejects: Mapping[str, int]
    unreadable: Mapping[str, str] = field(default_factory=dict)
    mix: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def run(
    recipe: Recipe,
    session: Session,
    console: Console,
    re_read: bool = False,
    wait: bool = False,
    lease_ttl_s: float = TTL_S,
) -> Report:
    """Bring the recipe's dataset up to date, under its lease.

    Raises:
        LeaseError: another run holds the dataset, and not `wait`; or it came to hold it meanwhile.
        DatasetError: the dataset was made under other reading settings, and not `re_read`.
        SourceError: a source matches nothing.
    """
    recipe = recipe.model_copy(update={"dataset": store.absolute(recipe.dataset)})

    def say(line: str) -> None:
        console.print(line, soft_wrap=True, markup=False, highlight=False)

    with hold(recipe.dataset, wait, lease_ttl_s, say) as lease:
        return update(recipe, session, console, re_read, lease)


def update(
    recipe: Recipe, session: Session, console: Console, re_read: bool, lease: Hold
) -> Report:
    """The run itself. It stops with LeaseError where `lease` is found lost."""
    session = LeasedSession(session, lease)
    snapshot = load_snapshot(recipe.dataset)
    check_settings(recipe, snapshot, re_read)
    root = staging_root(recipe)
    staging = Staging(store.join(root, recipe.digest()))
    known = snapshot.documents() if snapshot else []
    with meter(console, "inventory", "files") as progress:
        inventory = take_inventory(recipe, known, root, session, progress)

    unchanged = inventory.documents == sorted(known, key=lambda document: document.doc_id)
    if snapshot and unchanged and settings_of(recipe).items() <= snapshot.metadata.items():
        # A published version covers its whole inventory, so there is nothing to look for.
        lease.check()
        write_card(recipe, snapshot.tables)
        return _report(recipe, inventory, snapshot.version, False, 0, snapshot.metadata)

    covered = covered_documents(recipe, snapshot, known)
    staging.remember_receipts()  # each is opened once, however often they are looked at
    todo = list(uncovered(inventory.documents, covered, staging.whole_receipts(delete_others=True)))
    passes = _read(recipe, todo, staging, session, console)
    staging.remember_receipts()
    with _scratch(recipe) as scratch:
        catalogue = Catalogue.of(inventory.documents)
        is_covered = np.array([d.doc_id in covered for d in inventory.documents], bool)
        inputs = Inputs(
            recipe, catalogue, snapshot, staging, is_covered, scratch, groups=inventory.groups
        )
        version, again = _decide(inputs, session, console)
        passes += again
        with meter(console, "publish", "parts") as progress:
            number, metadata = publish(version, known, passes, session, progress, lease.check)
    staging.remember_receipts()
    forget_examined(root)
    current = load_snapshot(recipe.dataset)
    assert current is not None
    lease.check()
    write_card(recipe, current.tables)
    committed = snapshot is None or number != snapshot.version
    return _report(recipe, inventory, number, committed, passes.outcomes.total(), metadata)


def covered_documents(
    recipe: Recipe, snapshot: Snapshot | None, known: Iterable[Document]
) -> frozenset[str]:
    """The documents that the last version covers: all that it knows, read under these settings."""
    if snapshot is None or snapshot.metadata["recipe_digest"] != recipe.digest():
        return frozenset()
    return frozenset(document.doc_id for document in known)


def staging_root(recipe: Recipe) -> str:
    """The folder of all staging, whatever the digest."""
    return recipe.placement.staging or store.join(store.absolute(recipe.dataset), "staging")


@contextmanager
def _scratch(recipe: Recipe) -> Iterator[str]:
    """A folder for what publishing leaves between its tasks; empty before and gone after."""
    name = f"publish-{digest([recipe.dataset])[:16]}"
    folder = store.join(staging_root(recipe), name)
    _empty(folder)
    yield folder
    _empty(folder)


def _empty(folder: str) -> None:
    for item in list_stored(folder):
        store.delete(item.uri)
    store.remove_empty_folder(folder)


def _decide(inputs: Inputs, session: Session, console: Console) -> tuple[Version, PassReport]:
    """Decide what the next version holds. Pages that it needs again are looked for in staging,
    and read where they are not there."""
    passes = PassReport()
    receipts = inputs.staging.receipts()
    used = {r.shard_id: r for r in receipts if inputs.is_news(r)}
    while True:
        inputs = replace(inputs, receipts=tuple(used.values()))
        version = decide(inputs, session)
        if isinstance(version, Version):
            return version, passes
        wanted = inputs.catalogue.keys_of(version)
        if wanted <= inputs.recalled:
            raise IntegrityError(
                f"{inputs.recipe.dataset}: {len(wanted)} pages are not found again"
            )
        todo = list(_not_staged(version, receipts))
        passes += _read(inputs.recipe, todo, inputs.staging, session, console)
        receipts = inputs.staging.receipts()
        documents = {part.doc_id for part in version}
        used |= {r.shard_id: r for r in receipts if not documents.isdisjoint(r.doc_ids)}
        inputs = replace(inputs, recalled=inputs.recalled | wanted)


def _not_staged(ranges: Iterable[PageRange], receipts: Iterable[Receipt]) -> Iterator[PageRange]:
    staged: dict[str, set[int]] = {}
    for receipt in receipts:
        for doc_id, start, stop in receipt.ranges:
            staged.setdefault(doc_id, set()).update(range(start, stop))
    for part in ranges:
        yield from uncovered_ranges(part, staged.get(part.doc_id, set()))


def _read(
    recipe: Recipe, todo: list[PageRange], staging: Staging, session: Session, console: Console
) -> PassReport:
    """Make the pages of records, which need no replica, then read those of files."""
    made = sorted(
        (part for part in todo if is_made(part.media_type)),
        key=lambda part: (*record_place(part.files[0].uri), part.start),
    )
    read = [part for part in todo if not is_made(part.media_type)]
    report = PassReport()
    for verb, parts in (("make", made), ("read", read)):
        if parts:
            total = sum(len(part) for part in parts)
            with meter(console, verb, "pages", total) as progress:
                report += read_pages(recipe, parts, staging, session, progress, parts is made)
    return report


def _report(
    recipe: Recipe,
    inventory: Inventory,
    version: int,
    committed: bool,
    pages_read: int,
    metadata: Mapping[str, Any],
) -> Report:
    return Report(
        dataset=recipe.dataset,
        version=version,
        committed=committed,
        documents=len(inventory.documents),
        pages=inventory.page_count,
        pages_read=pages_read,
        counts=metadata["counts"],
        rejects=metadata["rejects"],
        mix=metadata.get("mix", {}),
        unreadable={item.file.uri: item.detail or "" for item in inventory.unreadable},
    )
