"""The one verb: bring a dataset up to date with its sources.

    inventory ─► read what nothing covers ─► dedup ─► publish

A first run, the resume after a crash and the nightly refresh are the same reconciliation. When a
keeper has left the dataset, a page that was its duplicate may be wanted again; if its row is no
longer staged it is read once more before publishing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console

from cluster.progress import meter
from cluster.session import Session
from pipelines.dedup import Drops, dedup_documents, dedup_pages, readable_records
from pipelines.inventory import Inventory, take_inventory
from pipelines.leased import Hold, LeasedSession
from pipelines.publish import publish, settings_of
from pipelines.read import read_pages
from pipelines.rows import Version, document_plans, has_all_texts
from pipelines.state import (
    PageRecords,
    Snapshot,
    check_settings,
    load_all_records,
    load_snapshot,
    run_tasks,
    uncovered,
)
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.shards import PageRange
from schemas.tables import DOCUMENTS
from workers import store
from workers.assemble import DocumentPlan, summarise_documents
from workers.card import write_card
from workers.lease import TTL_S, hold
from workers.staging import Staging

_SUMMARY_COLUMNS = [
    name for name in DOCUMENTS.names if name not in ("text", "page_indices", "page_offsets")
]
_PLANS_PER_TASK = 256


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

    unchanged = snapshot is not None and inventory.documents == known
    if snapshot and unchanged and settings_of(recipe).items() <= snapshot.metadata.items():
        # A published version covers its whole inventory, so there is nothing to look for.
        lease.check()
        write_card(recipe, snapshot.tables)
        return _report(recipe, inventory, snapshot.version, False, 0, snapshot.metadata)

    published = _load(recipe, snapshot, staging, inventory, session, staged=False)
    receipts = staging.whole_receipts(delete_others=True)
    todo = list(uncovered(inventory.documents, receipts, published))
    pages_read = 0
    while True:
        pages_read += _read(recipe, todo, staging, session, console)
        version = _decide(recipe, snapshot, staging, inventory, session)
        if isinstance(version, Version):
            break
        todo = version
    with meter(console, "publish", "parts") as progress:
        number, metadata = publish(version, session, progress, lease.check)
    current = load_snapshot(recipe.dataset)
    assert current is not None
    lease.check()
    write_card(recipe, current.tables)
    committed = snapshot is None or number != snapshot.version
    return _report(recipe, inventory, number, committed, pages_read, metadata)


def staging_root(recipe: Recipe) -> str:
    """The folder of all staging, whatever the digest."""
    return recipe.placement.staging or store.join(store.absolute(recipe.dataset), "staging")


def _read(
    recipe: Recipe, todo: list[PageRange], staging: Staging, session: Session, console: Console
) -> int:
    if not todo:
        return 0
    total = sum(len(part) for part in todo)
    with meter(console, "read", "pages", total) as progress:
        outcomes: Counter[str] = read_pages(recipe, todo, staging, session, progress)
    return outcomes.total()


def _load(
    recipe: Recipe,
    snapshot: Snapshot | None,
    staging: Staging,
    inventory: Inventory,
    session: Session,
    staged: bool = True,
) -> PageRecords:
    receipts = staging.receipts() if staged else []
    return load_all_records(recipe, snapshot, staging, receipts, inventory.documents, session)


def _decide(
    recipe: Recipe,
    snapshot: Snapshot | None,
    staging: Staging,
    inventory: Inventory,
    session: Session,
) -> Version | list[PageRange]:
    """What the next version holds; or the pages that must be read again to make it."""
    documents = {document.doc_id: document for document in inventory.documents}
    records = _load(recipe, snapshot, staging, inventory, session)
    page_drops = dedup_pages(recipe, records, session)
    plans = document_plans(recipe, documents, records)
    known = _known_summaries(recipe, snapshot, plans)
    seen = set(known["doc_id"].to_pylist())
    unseen = [plan for doc_id, plan in plans.items() if doc_id not in seen]
    textless = [plan for plan in unseen if not has_all_texts(plan)]
    missing = list(_textless_keepers(records, page_drops, documents))
    missing += [documents[plan.doc_id].pages for plan in textless]
    if missing:
        return missing
    summaries = pa.concat_tables([known, *_summarise(unseen, session)]).sort_by("doc_id")
    document_drops = dedup_documents(recipe, summaries)
    published = _published_ids(snapshot)
    missing = [
        documents[doc_id].pages
        for doc_id, plan in plans.items()
        if doc_id not in document_drops and doc_id not in published and not has_all_texts(plan)
    ]
    if missing:
        return missing
    return Version(
        recipe, documents, records, page_drops, plans, summaries, document_drops, snapshot, staging
    )


def _textless_keepers(
    records: PageRecords, drops: Drops, documents: Mapping[str, Document]
) -> Iterator[PageRange]:
    """Pages that are kept now, but were published as duplicates and are no longer staged."""
    table = readable_records(records).select(["page_id", "doc_id", "page_index", "file"])
    for row in table.to_pylist():
        if row["page_id"] not in drops and records.files[row["file"]].origin == "rejects":
            index = row["page_index"]
            yield replace(documents[row["doc_id"]].pages, start=index, stop=index + 1)


def _known_summaries(
    recipe: Recipe, snapshot: Snapshot | None, plans: Mapping[str, DocumentPlan]
) -> pa.Table:
    """Summaries of the documents that the last version kept or dropped as duplicates."""
    schema = pa.schema([DOCUMENTS.field(name) for name in _SUMMARY_COLUMNS])
    tables = [schema.empty_table()]
    if snapshot is not None:
        kept = snapshot.columns("documents", _SUMMARY_COLUMNS)
        if kept is not None:
            tables.append(kept)
        rejects = snapshot.columns(
            "rejects",
            ["level", "reason", "doc_id", "source_uri", "text_tokens", "quality", "text_hash",
             "minhash", "recipe_digest"],
        )  # fmt: skip
        if rejects is not None:
            dropped = rejects.filter(
                pc.and_(
                    pc.equal(rejects["level"], "document"), pc.equal(rejects["reason"], "duplicate")
                )
            )
            rows = [row | {"quality_score": row["quality"]["score"]} for row in dropped.to_pylist()]
            tables.append(pa.Table.from_pylist(rows, schema=schema))
    known = pa.concat_tables(tables)
    wanted = pa.array(list(plans), pa.string())
    return known.filter(
        pc.and_(
            pc.is_in(known["doc_id"], value_set=wanted),
            pc.equal(known["recipe_digest"], recipe.digest()),
        )
    )


def _summarise(plans: list[DocumentPlan], session: Session) -> Iterable[pa.Table]:
    batches = [
        plans[start : start + _PLANS_PER_TASK] for start in range(0, len(plans), _PLANS_PER_TASK)
    ]
    return run_tasks(summarise_documents, batches, session)


def _published_ids(snapshot: Snapshot | None) -> frozenset[str]:
    table = snapshot.columns("documents", ["doc_id"]) if snapshot else None
    return frozenset(table["doc_id"].to_pylist()) if table is not None else frozenset()


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
        unreadable={item.file.uri: item.detail or "" for item in inventory.unreadable},
    )
