"""Erase: remove every object of a dataset that holds something of documents taken down.

    current version ─► its parts stay ─► [ search ] every other part ─► list of erased parts
                    ─► staging, then parts, those of the inventory last

The order makes a kill harmless. The names of the parts are on the list before a part is removed, so
a missing part is always known to be missing on request. The inventory goes last, so the same
request finds the same documents again when it is repeated.

A shard in staging goes as a whole; what it has of other documents that no version has yet is read
again. Files of killed runs that cannot be searched go, too: no run uses them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cluster.session import Session
from pipelines.dataset.staged import RECEIPTS_COPY, holds_shards, is_torn, staged_folders
from pipelines.dataset.staged import staging_roots as roots_of
from pipelines.dataset.state import Snapshot
from pipelines.dataset.vacuum import TORN
from pipelines.steps.examine import LISTING_SUFFIX
from pipelines.steps.places import INVENTORY, KEPT, LINKS
from pipelines.steps.tasks import run_tasks
from schemas.forgotten import Forgotten
from schemas.shards import SeenFile
from schemas.tables import TABLES
from workers import store
from workers.dataset import commit_parts, open_table, read_part
from workers.dataset.forgotten import write_forgotten
from workers.dataset.search import ObjectToSearch, search_object
from workers.dataset.vacuum import remove
from workers.embeddings.kept import EMBEDDINGS
from workers.shards import Staging
from workers.store.listing import Stored, list_stored

PART = re.compile(r"(?P<table>[a-z]+)/data/part-[0-9a-f]{64}\.parquet")
_IN_DATA = re.compile(rf"({'|'.join(TABLES)})/data/[^/]+")


@dataclass(frozen=True, slots=True)
class Removed:
    """How many objects of one kind were removed, or would be."""

    what: str
    files: int
    bytes: int


@dataclass(slots=True)
class Erasure:
    """What to remove, by kind and in order; `copies` are folders whose receipts are copied anew."""

    receipts: list[Stored] = field(default_factory=list)
    staged: list[Stored] = field(default_factory=list)
    leftovers: list[Stored] = field(default_factory=list)
    parts: list[Stored] = field(default_factory=list)
    inventory: list[Stored] = field(default_factory=list)
    examined: list[Stored] = field(default_factory=list)
    fetched: list[Stored] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)

    def by_kind(self) -> Mapping[str, Sequence[Stored]]:
        """The objects in the order of removal; the inventory and what was examined come last."""
        return {
            "staged receipts": self.receipts,
            "staged shards": self.staged,
            "leftovers of runs that were killed": self.leftovers,
            "parts of old versions": self.parts,
            "parts of old inventories": self.inventory,
            "staged results of the inventory": self.examined,
            "what links gave": self.fetched,
        }

    def removed(self) -> tuple[Removed, ...]:
        """How many objects of each kind, and how large."""
        return tuple(
            Removed(what, len(objects), sum(item.size for item in objects))
            for what, objects in self.by_kind().items()
        )


def plan_erasure(
    dataset: str, staying: frozenset[str], ids: frozenset[str], session: Session
) -> Erasure:
    """Decide what to remove for these documents. Changes nothing.

    `staying` are the parts of the current version that hold none of them, as `pages/data/part-….`
    """
    erasure = Erasure()
    suspects: list[Stored] = []
    for item in list_stored(dataset):
        path = item.uri.removeprefix(f"{dataset}/")
        if PART.fullmatch(path):
            suspects += [] if path in staying else [item]
        elif _IN_DATA.fullmatch(path) or TORN.fullmatch(path):
            erasure.leftovers.append(item)
    for item in _holding(suspects, ids, session):
        is_inventory = item.uri.startswith(f"{dataset}/inventory/")
        (erasure.inventory if is_inventory else erasure.parts).append(item)
    for root in roots_of(dataset):
        for folder, items in staged_folders(root).items():
            _plan_staging(erasure, folder, items, ids, session)
        # What a link gave is kept under its digest, an archive that holds a document as a whole.
        kept = list_stored(store.join(root, LINKS))
        erasure.leftovers += filter(is_torn, kept)
        names = ids | _fetched_containers(dataset, ids) if kept else ids
        whole = (item for item in kept if not is_torn(item))
        erasure.fetched += _holding(whole, names, session)
    return erasure


def _fetched_containers(dataset: str, ids: frozenset[str]) -> frozenset[str]:
    """The digests of what links gave in which the documents were, by any version's inventory."""
    found: set[str] = set()
    for item in list_stored(store.join(dataset, "inventory", "data")):
        if PART.fullmatch(item.uri.removeprefix(f"{dataset}/")):
            rows = read_part(item.uri, ["doc_id", "uris"]).to_pylist()
            files = (file for row in rows if row["doc_id"] in ids for file in row["uris"])
            found.update(f.sha256 for f in map(SeenFile.from_dict, files) if f.is_link)
    return frozenset(found)


def _holding(items: Iterable[Stored], ids: frozenset[str], session: Session) -> list[Stored]:
    """The objects that hold something of the documents, or cannot be searched for them."""
    by_uri = {item.uri: item for item in items}
    tasks = [ObjectToSearch(item.uri, item.size, ids) for item in by_uri.values()]
    searched = run_tasks(search_object, tasks, session)
    held = [done.uri for done in searched if done.holds or done.damage is not None]
    return [by_uri[uri] for uri in sorted(held)]


def _plan_staging(
    erasure: Erasure,
    folder: str,
    items: Sequence[Stored],
    ids: frozenset[str],
    session: Session,
) -> None:
    """What to remove of one folder of staging."""
    if folder.endswith(f"/{INVENTORY}"):
        torn = list(filter(is_torn, items))
        erasure.leftovers += torn
        # A kept member is named by its document; a list of members names them by their addresses.
        kept = [item for item in items if item.uri.startswith(f"{folder}/{KEPT}/")]
        listings = [item for item in items if item.name.endswith(LISTING_SUFFIX)]
        others = [item for item in items if item not in (*torn, *kept, *listings)]
        erasure.examined += [item for item in kept if item.name in ids]
        erasure.examined += [*listings, *_holding(others, ids, session)]
        return
    if folder.rsplit("/", 1)[-1].startswith(EMBEDDINGS):
        torn = list(filter(is_torn, items))
        erasure.leftovers += torn
        erasure.staged += _holding([item for item in items if item not in torn], ids, session)
        return
    if not holds_shards(folder):
        erasure.leftovers += items  # only a publish that runs would need them, and none does
        return
    receipts = {receipt.shard_id: receipt for receipt in Staging(folder).receipts(items)}
    touched = {name for name, receipt in receipts.items() if not ids.isdisjoint(receipt.doc_ids)}
    # Receipts say whose pages a shard has; of rows that are damaged nothing is shown.
    rows = [i for i in items if i.name.endswith(".parquet") and _shard(i) in receipts]
    others = [item for item in rows if _shard(item) not in touched]
    touched |= {_shard(item) for item in _holding(others, ids, session)}
    copy = [item for item in items if _shard(item) == RECEIPTS_COPY]
    for item in items:
        if _shard(item) in touched:
            is_receipt = item.name.endswith(".json")
            (erasure.receipts if is_receipt else erasure.staged).append(item)
        elif _shard(item) not in receipts and item not in copy:
            erasure.leftovers.append(item)
    if touched or _holding(copy, ids, session):
        erasure.staged += copy
        erasure.copies.append(folder)


def _shard(item: Stored) -> str:
    """The shard that a staged file belongs to, by its name."""
    return item.name.split(".")[0]


def erase(
    dataset: str,
    current: Snapshot,
    erasure: Erasure,
    forgotten: Forgotten,
    check: Callable[[], None],
) -> Forgotten:
    """Remove what was planned; the list with the erased parts. `current` holds none of them."""
    parts = [*erasure.parts, *erasure.inventory]
    paths = [item.uri.removeprefix(f"{dataset}/") for item in parts]
    listed = forgotten.erasing(paths)
    check()
    write_forgotten(dataset, forgotten, listed)
    _leave_behind(dataset, current, frozenset(paths), check)
    for objects in erasure.by_kind().values():
        check()
        remove(objects)
    for folder in erasure.copies:
        Staging(folder).remember_receipts()
    return listed


def _leave_behind(
    dataset: str, current: Snapshot, erased: frozenset[str], check: Callable[[], None]
) -> None:
    """Commit the current parts of tables whose newest version names parts that are removed.

    A publish that was killed before its commit to `pages` leaves such versions of other tables.
    """
    for name in TABLES[:-1]:
        newest = open_table(store.join(dataset, name))
        if newest and any(f"{name}/{part.path}" in erased for part in newest.parts):
            check()
            commit_parts(dataset, name, current.tables[name].parts)
