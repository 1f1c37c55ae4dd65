"""Vacuum: remove what no retained version needs, and nothing that a run needs.

    versions to keep ─► what they name ─► the log forgets the others ─► parts, leftovers, staging

A version of the dataset is a version of `pages`, whose commit names the versions of the other
tables, so all tables are vacuumed together. deltalake's own vacuum is not used because

- it knows one table, and not which of its versions the retained `pages` commits name;
- it commits twice to each table, and each commit to `pages` is a version of the dataset;
- it has the same age limit for replaced parts and for parts that no commit names;
- the versions that it empties stay in the log, and fail in the middle of a read.

The order makes a kill harmless. The log first forgets the versions that will lose parts, so that no
version in the log is ever incomplete; a receipt is removed before the files that it covers. The
lease is held meanwhile, so no publish is writing parts that no commit names yet; `grace_hours`
protects such parts a second time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.dataset.staged import (
    Leftovers,
    forget_empty_staging,
    holds_shards,
    staged_folders,
    staging_roots,
)
from pipelines.dataset.state import Snapshot, embeddings_of, load_snapshot
from schemas.defaults import GRACE_HOURS
from schemas.errors import DatasetError
from schemas.shards import Receipt
from schemas.tables import TABLES
from workers import store
from workers.dataset import TableVersion, open_table, table_history
from workers.dataset.audit import inventory_keys
from workers.dataset.keys import DocIndex, Keys, doc_keys
from workers.dataset.lease import hold
from workers.dataset.vacuum import forget_before, log_before, named_parts, remove
from workers.shards import Staging
from workers.store.listing import Stored, list_stored

DEFAULT_KEEP_DAYS = 7.0
_DAY_S = 86_400
_HOUR_S = 3_600
# Files that a process leaves on local disk when it dies in a write: ours, of the card and the lease
# (those of parts lie among the parts), and deltalake's.
TORN = re.compile(r"\.[^/]*\.tmp|[a-z]+/_delta_log/\d{20}\.json#\d+")


@dataclass(frozen=True, slots=True)
class Retention:
    """Which versions stay: the newest `versions`, and all that were the newest within `days`.

    A limit that is None keeps none. The newest version always stays.
    """

    versions: int | None = None
    days: float | None = None
    grace_hours: float = GRACE_HOURS


@dataclass(frozen=True, slots=True)
class Swept:
    """How many files of one kind were removed, or would be."""

    what: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Vacuumed:
    """What a vacuum did. `waiting` are leftovers that are too young to be removed."""

    dataset: str
    dry_run: bool
    kept_versions: tuple[int, ...]
    dropped_versions: tuple[int, ...]
    removed: tuple[Swept, ...]
    waiting: Swept


@dataclass(frozen=True, slots=True)
class Plan:
    """What to remove: where the log of each table is to begin, and objects by kind, in order."""

    kept: tuple[int, ...]
    dropped: tuple[int, ...]
    log_starts: Mapping[str, int]
    objects: Mapping[str, Sequence[Stored]]
    waiting: Sequence[Stored]


def vacuum_dataset(
    dataset: str,
    retention: Retention,
    dry_run: bool = False,
    wait: bool = False,
    say: Callable[[str], object] = lambda _: None,
    now_s: Callable[[], float] = time.time,
) -> Vacuumed:
    """Remove what no retained version needs; with `dry_run` only report it.

    Raises DatasetError where nothing is published, LeaseError where a run holds the dataset.
    """
    uri = store.absolute(dataset)
    # No lease on a dataset that does not exist.
    if dry_run or open_table(store.join(uri, "pages")) is None:
        return _report(uri, make_plan(uri, retention, now_s()), dry_run)
    with hold(uri, wait, say=say) as lease:
        plan = make_plan(uri, retention, now_s())
        lease.check()
        for table in reversed(TABLES):  # `pages` first: its versions name those of the others
            forget_before(store.join(uri, table), plan.log_starts[table])
        for objects in plan.objects.values():
            lease.ensure_held()
            remove(objects)
        for root in staging_roots(uri):
            store.remove_empty_folder(root)
        forget_empty_staging(uri)
    return _report(uri, plan, dry_run)


def _report(uri: str, plan: Plan, dry_run: bool) -> Vacuumed:
    return Vacuumed(
        uri,
        dry_run,
        plan.kept,
        plan.dropped,
        tuple(_swept(what, objects) for what, objects in plan.objects.items()),
        _swept("leftovers that are too young", plan.waiting),
    )


def _swept(what: str, objects: Sequence[Stored]) -> Swept:
    return Swept(what, len(objects), sum(item.size for item in objects))


def make_plan(uri: str, retention: Retention, now_s: float) -> Plan:
    """Decide what to remove. Changes nothing."""
    newest = load_snapshot(uri)
    if newest is None:
        raise DatasetError(f"{uri} holds no published version; there is nothing to vacuum")
    published = [
        (version, stamp_ms / 1000)
        for version, stamp_ms, metadata in table_history(newest.tables["pages"].uri)
        if "versions" in metadata
    ]
    kept = retained(published, retention, now_s)
    older = [load_snapshot(uri, number, may_lack_parts=True) for number in kept - {newest.version}]
    snapshots = [newest, *(snapshot for snapshot in older if snapshot is not None)]
    dropped = tuple(sorted(version for version, _ in published if version not in kept))
    young_s = now_s - retention.grace_hours * _HOUR_S
    stored = list_stored(uri)
    tables = [item for item in stored if not item.uri.startswith(f"{uri}/staging/")]
    replaced: list[Stored] = []
    leftovers = [item for item in tables if TORN.fullmatch(item.uri.removeprefix(f"{uri}/"))]
    log: list[Stored] = []
    starts = {}
    for table in TABLES:
        versions = [snapshot.tables[table] for snapshot in snapshots]
        # Unpublished versions, such as the empty first one, are dropped only along with others.
        starts[table] = min(version.version for version in versions) if dropped else 0
        log += log_before(store.join(uri, table), starts[table])
        unneeded, unnamed = _unneeded_parts(store.join(uri, table), versions, tables)
        replaced += unneeded
        leftovers += unnamed
    staged = _staging(uri, stored, newest, published[0][1], retention)
    return Plan(
        kept=tuple(sorted(kept)),
        dropped=dropped,
        log_starts=starts,
        objects={
            "log entries of dropped versions": log,
            "parts of dropped versions": replaced,
            "leftovers of publishes that were killed": [
                item for item in leftovers if item.modified_s <= young_s
            ],
            "staged receipts": staged.receipts,
            "staged files": staged.files,
        },
        waiting=[item for item in leftovers if item.modified_s > young_s],
    )


def _unneeded_parts(
    table_uri: str, versions: Sequence[TableVersion], stored: Iterable[Stored]
) -> tuple[list[Stored], list[Stored]]:
    """Parts of a table that these versions do not need: those in the log, and the others."""
    # A killed publish may have committed to this table and not to `pages`: keep that version too.
    last = open_table(table_uri)
    needed = {part.path for version in [*versions, last] if version for part in version.parts}
    named = named_parts(table_uri)
    unneeded: list[Stored] = []
    unnamed: list[Stored] = []
    for item in stored:
        path = item.uri.removeprefix(f"{table_uri}/")
        if path.startswith("data/") and path not in needed:
            (unneeded if path in named else unnamed).append(item)
    return unneeded, unnamed


def retained(
    published: Sequence[tuple[int, float]], retention: Retention, now_s: float
) -> frozenset[int]:
    """The versions that stay; `published` are numbers and times, newest first.

    If `retention` has no limit, it is `DEFAULT_KEEP_DAYS`.
    """
    days = retention.days
    if days is None and retention.versions is None:
        days = DEFAULT_KEEP_DAYS
    last = max(retention.versions or 1, 1)
    if days is not None:
        since_s = now_s - days * _DAY_S
        for place in range(1, len(published)):
            _, replaced_s = published[place - 1]
            if replaced_s >= since_s:
                last = max(last, place + 1)
    return frozenset(version for version, _ in published[:last])


# ---- staging --------------------------------------------------------------------------------


def _staging(
    uri: str,
    stored: Sequence[Stored],
    newest: Snapshot,
    published_s: float,
    retention: Retention,
) -> Leftovers:
    """Receipts and other staged files that no later run would use, in all places of staging.

    They are the files of shards whose pages the newest version has, under the same digest, and all
    files older than that version by the grace. Later files are the paid work of a killed run and
    stay for the next one.
    """
    stale_s = published_s - retention.grace_hours * _HOUR_S
    leftovers = []
    for root in staging_roots(uri):
        folders = staged_folders(root, stored if root.startswith(f"{uri}/") else None)
        receipts = [
            receipt
            for folder, items in folders.items()
            if holds_shards(folder)
            for receipt in Staging(folder).receipts(items)
        ]
        covered = _covered(receipts, newest)
        leftovers.append(Leftovers.among(folders, stale_s, covered, embeddings_of(newest)))
    return Leftovers.joined(leftovers)


def _covered(receipts: Sequence[Receipt], newest: Snapshot) -> frozenset[str]:
    """Ids of the shards whose pages are all in a version, read under the same digest.

    A version has every page of its inventory, as a row or as a reject.
    """
    receipts = [r for r in receipts if r.recipe_digest == newest.metadata["recipe_digest"]]
    if not receipts:
        return frozenset()
    table = newest.tables["inventory"]
    inventory = Keys.joined([inventory_keys(table.part_uri(part)) for part in table.parts])
    order = np.argsort(inventory.doc)
    index = DocIndex.of(inventory.doc)
    # One entry a range; the ranges of a receipt lie side by side.
    ranges = [part for receipt in receipts for part in receipt.ranges]
    keys, rows = doc_keys(pa.array([doc_id for doc_id, _, _ in ranges], pa.string()))
    pages = np.zeros(len(ranges), np.int64)
    numbers = index.numbers(keys.doc)
    pages[rows] = np.where(numbers < 0, 0, inventory.index[order][numbers])
    is_in = np.array([stop for _, _, stop in ranges], np.int64) <= pages
    ends = np.cumsum([len(receipt.ranges) for receipt in receipts])
    return frozenset(
        receipt.shard_id
        for receipt, there in zip(receipts, np.split(is_in, ends[:-1]), strict=True)
        if there.all()
    )
