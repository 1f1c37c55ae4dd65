"""Verify: prove the ledger of a published version from its tables alone.

A version is sound if

- every page of the inventory has exactly one row in `pages` or `conversations`, or one page reject;
- every document has exactly one row in `documents`, or one document reject;
- every part is there, and its bytes hash to its name;
- every duplicate names a row that is kept, or that a policy or the mix has left out;
- no document that was taken down is in the newest version;
- every crop is linked by the text of its page, and every such link leads to a crop;
- every receipt in staging has its files, as the next run relies on them.

One task opens a part, hashes it and returns the ids of its rows as arrays. These are counted part
by part, in two bytes a page.

A part file that no version names (an orphan) is a note, not a problem. No reader of a version sees
it, except in a bare glob over a table's parts, and it costs only space. A killed publish leaves
orphans, because parts are written before the commit; its repeat uses or replaces them. A publish
that is running has orphans too, which look the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from cluster.session import Session
from pipelines.dataset.ledger import IN_CONVERSATIONS, IN_MAIN_TABLE, MOST_NAMED, Ledger, named
from pipelines.dataset.naming import names_in
from pipelines.dataset.staged import holds_shards, staged_folders, staging_roots
from pipelines.dataset.state import Snapshot, load_snapshot
from pipelines.steps.tasks import run_tasks, task_results
from schemas.errors import DatasetError, StorageError
from schemas.shards import Receipt
from schemas.tables import TABLES
from workers import store
from workers.dataset import read_part
from workers.dataset.audit import (
    CheckedPart,
    Digests,
    LinksToName,
    PartRows,
    PartToCheck,
    check_part,
    name_links,
)
from workers.dataset.forgotten import read_forgotten
from workers.dataset.keys import Ints, Keys, doc_keys
from workers.dataset.vacuum import named_parts
from workers.shards import Staging
from workers.store.listing import Stored, list_stored

# Rejects come last: the keeper of a duplicate must have been counted before.
_STAGES = (("inventory",), ("documents", "crops", "conversations", "pages"), ("rejects",))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of verify: one line a problem, and none for a sound version.

    `orphans` are part files that no version names; `notes` has a line on them if there are any.
    `names` are the files of the documents in `problems`, by id; none where a part is damaged.
    """

    version: int
    documents: int
    pages: int
    samples: int
    page_rejects: int
    crops: int
    parts: int
    bytes_hashed: int
    orphans: int
    orphan_bytes: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)


def verify_dataset(dataset: str, session: Session, version: int | None = None) -> Verdict:
    """Check one version, the latest by default. Raises DatasetError where there is none."""
    uri = store.absolute(dataset)
    snapshot = load_snapshot(uri, version)
    if snapshot is None:
        raise DatasetError(f"{dataset} holds no published version; `pagefoundry run` makes one")
    audit = _audited(snapshot, session)
    problems = sorted(audit.damage)
    if audit.ledger is not None:
        problems = [*audit.ledger.problems(), *_crop_problems(audit, snapshot, session)]
        if version is None:
            problems += _returned(audit.ledger, uri)
    notes = []
    for root in staging_roots(uri):
        try:
            problems += _staging_problems(root)
        except StorageError as exc:
            if root.startswith(f"{uri}/"):
                raise
            notes.append(f"{exc}: the staging there was not checked")
    orphans = [item for name in TABLES for item in orphan_parts(store.join(uri, name))]
    parts = {name: table.parts for name, table in snapshot.tables.items()}
    return Verdict(
        version=snapshot.version,
        documents=sum(part.rows for part in parts["inventory"]),
        pages=len(audit.ledger.pages) if audit.ledger else 0,
        samples=sum(part.rows for name in ("pages", "conversations") for part in parts[name]),
        page_rejects=audit.page_rejects if audit.ledger else 0,
        crops=sum(part.rows for part in parts["crops"]),
        parts=sum(len(of_table) for of_table in parts.values()),
        bytes_hashed=sum(part.size for of_table in parts.values() for part in of_table),
        orphans=len(orphans),
        orphan_bytes=sum(item.size for item in orphans),
        problems=tuple(problems),
        notes=(*notes, *_orphan_notes(orphans)),
        names=names_in(problems, [snapshot.tables["inventory"]] if audit.ledger else []),
    )


# ---- the tables -------------------------------------------------------------------------------


@dataclass(slots=True)
class _Audit:
    """What is known from the parts so far. There is no ledger once a part is damaged."""

    ledger: Ledger | None = None
    damage: list[str] = field(default_factory=list)
    page_rejects: int = 0
    links: list[Digests] = field(default_factory=list)
    crops: list[tuple[str, PartRows]] = field(default_factory=list)


def _audited(snapshot: Snapshot, session: Session) -> _Audit:
    """Check all parts, stage by stage, and add up their rows as each part is done."""
    audit = _Audit()
    for stage in _STAGES:
        parts = [
            PartToCheck(name, table.part_uri(part), part.size, part.sha256, not audit.damage, split)
            for name in stage
            for table in [snapshot.tables[name]]
            for part, split in zip(table.parts, snapshot.splits(name), strict=True)
        ]
        inventory: list[Keys] = []
        for checked in task_results(check_part, parts, session):
            if checked.damage is not None:
                audit.damage.append(checked.damage)
                audit.ledger = None
            elif checked.rows is not None and not audit.damage:
                if checked.part.table == "inventory":
                    inventory.append(checked.rows.keys)
                else:
                    _count(audit, checked, checked.rows)
        if stage == ("inventory",) and not audit.damage:
            audit.ledger = Ledger(inventory)
    return audit


def _count(audit: _Audit, checked: CheckedPart, rows: PartRows) -> None:
    ledger = audit.ledger
    assert ledger is not None
    match checked.part.table:
        case "documents":
            ledger.documents.count(rows.keys, IN_MAIN_TABLE)
        case "conversations":
            ledger.pages.count(rows.keys, IN_CONVERSATIONS)
        case "pages":
            ledger.pages.count(rows.keys, IN_MAIN_TABLE)
            assert rows.links is not None
            audit.links.append(rows.links)
        case "crops":
            audit.crops.append((checked.part.uri, rows))
        case "rejects":
            audit.page_rejects += len(rows.keys) + len(rows.keys.odd)
            ledger.pages.count(rows.keys)
            ledger.documents.count(rows.documents)
            assert rows.duplicates is not None
            assert rows.document_duplicates is not None
            ledger.pages.mark_left_out(rows.left_out)
            ledger.documents.mark_left_out(rows.left_out_documents)
            ledger.pages.check_keepers(rows.duplicates)
            ledger.documents.check_keepers(rows.document_duplicates)


def _crop_problems(audit: _Audit, snapshot: Snapshot, session: Session) -> Iterator[str]:
    """Problems unless crops and links, as pairs of a page and a path, are the same set."""
    assert audit.ledger is not None
    crops = sorted(audit.crops, key=lambda crop: crop[0])
    nothing: Digests = np.zeros(0, "S16")
    ids = np.concatenate([nothing, *(_known(rows.crop_ids) for _, rows in crops)])
    pairs = np.concatenate([nothing, *(_known(rows.pairs) for _, rows in crops)])
    owners = Keys.joined([rows.owners for _, rows in crops if rows.owners is not None])
    links = np.unique(np.concatenate([nothing, *audit.links]))
    _, first, counts = np.unique(ids, return_index=True, return_counts=True)
    doubled = first[counts > 1]
    is_stray = ~audit.ledger.pages.is_kept(owners, IN_MAIN_TABLE)
    unlinked = np.flatnonzero(~np.isin(pairs, links) & ~is_stray)
    stray = np.flatnonzero(is_stray)
    for label, rows in (
        ("crop has more than one row", doubled),
        ("crop is of a page that is not in `pages`", stray),
        ("crop is not linked by the text of its page", unlinked),
    ):
        names = _crop_ids(crops, rows[:MOST_NAMED])
        yield from named(label, names, len(rows))
    dangling = np.setdiff1d(links, pairs)
    label = "link is to a crop that the page does not have"
    yield from named(label, _link_names(dangling, snapshot, session), len(dangling))


def _known(digests: Digests | None) -> Digests:
    assert digests is not None
    return digests


def _crop_ids(crops: Sequence[tuple[str, PartRows]], rows: Ints) -> list[str]:
    """The ids of crops by their places in all parts, one part after the other."""
    names: list[str] = []
    start = 0
    for uri, part in crops:
        stop = start + len(_known(part.crop_ids))
        here = rows[(rows >= start) & (rows < stop)] - start
        if len(here):
            names += read_part(uri, ["crop_id"])["crop_id"].take(here).to_pylist()
        start = stop
    return names


def _link_names(dangling: Digests, snapshot: Snapshot, session: Session) -> set[str]:
    """The names of the first dangling links. The parts are read once more for them."""
    first = frozenset(digest.tobytes() for digest in dangling[:MOST_NAMED].reshape(-1, 1))
    table = snapshot.tables["pages"]
    tasks = [LinksToName(table.part_uri(part), first) for part in table.parts] if first else []
    return {name for names in run_tasks(name_links, tasks, session) for name in names}


def _returned(ledger: Ledger, dataset: str) -> Iterator[str]:
    """Documents on the list of what was taken down that are in the inventory all the same.

    They are in no other table then either, as every row is of a document of the inventory.
    """
    listed, _ = doc_keys(pa.array(sorted(read_forgotten(dataset).ids), pa.string()))
    there = ledger.holding(listed)
    label = "document was taken down and is in the inventory"
    remedy = f"`pagefoundry forget {dataset} --doc` and its id takes it out"
    yield from named(label, there, len(there), remedy)


# ---- beside the tables ------------------------------------------------------------------------


def orphan_parts(table_uri: str) -> list[Stored]:
    """Files among a table's parts that no version names, torn writes included."""
    # List the files before the log, so that a part that is committed in between is in the log.
    stored = list_stored(store.join(table_uri, "data"))
    in_log = named_parts(table_uri)
    return [item for item in stored if item.uri.removeprefix(f"{table_uri}/") not in in_log]


def _orphan_notes(orphans: list[Stored]) -> Iterator[str]:
    if orphans:
        size = sum(item.size for item in orphans)
        count = "1 orphan part" if len(orphans) == 1 else f"{len(orphans):,} orphan parts"
        yield (
            f"{count}, {size:,} bytes, that no version names, such as {orphans[0].uri}: "
            "a killed publish leaves them; `pagefoundry vacuum` removes them"
        )


def _staging_problems(root: str) -> Iterator[str]:
    """Receipts whose files are missing or too short. Bytes of staged files are not hashed."""
    for folder, items in staged_folders(root).items():
        if not holds_shards(folder):
            continue
        staging = Staging(folder)
        receipts = staging.receipts(items)
        lines = list(_lost_files(receipts, staging, items))
        if lines:
            # A file may have come while the folder was listed; a receipt is written last, so all
            # its files are in a second listing.
            lines = list(_lost_files(receipts, staging, list_stored(folder)))
        yield from lines


def _lost_files(
    receipts: Iterable[Receipt], staging: Staging, stored: Iterable[Stored]
) -> Iterator[str]:
    sizes = {item.uri: item.size for item in stored}
    for receipt in receipts:
        name = receipt.shard_id
        for uri, size in staging.files(receipt):
            if sizes.get(uri) != size:
                state = f"has {sizes[uri]:,} bytes of {size:,}" if uri in sizes else "is missing"
                yield (
                    f"{store.join(staging.folder, name)}.json: this receipt's file {uri} {state}; "
                    "delete the receipt, and the next run reads its pages again"
                )
