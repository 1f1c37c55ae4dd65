"""Forget: take documents out of a dataset, and keep them out.

    list of ids ─► version without them ─► card ─► erase what old versions and staging hold

The list comes first, so from then on no run brings the documents back. Every step can be repeated:
a takedown that was killed is finished by the same command, and by every later one, as each works
for the whole list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from cluster.session import Session
from pipelines.dataset.staged import staging_roots
from pipelines.dataset.state import Snapshot, load_snapshot
from pipelines.steps.examine import Staged
from pipelines.steps.leased import Hold
from pipelines.takedown.erase import Erasure, Removed, erase, plan_erasure
from pipelines.takedown.selection import Addresses, Seen, Wanted
from pipelines.takedown.without import Loss, TableLoss, commit_without, find_loss
from pipelines.version.settled import languages_of
from schemas.errors import DatasetError, IntegrityError, RequestError
from schemas.forgotten import Forgotten
from schemas.recipe import Recipe
from schemas.shards import SeenFile
from workers import store
from workers.dataset.card import described_by_card, write_card
from workers.dataset.croissant import write_croissant
from workers.dataset.forgotten import read_forgotten, write_forgotten
from workers.dataset.lease import hold
from workers.dataset.parts import open_part
from workers.store.listing import list_stored


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


@dataclass(frozen=True, slots=True)
class Options:
    """How documents are taken down; `today` gives the date that the list keeps."""

    reason: str | None = None
    erases: bool = False
    dry_run: bool = False
    wait: bool = False
    today: Callable[[], str] = field(default=_today)


@dataclass(frozen=True, slots=True)
class Takedown:
    """What a takedown did, or with `dry_run` would do.

    - `asked` are the documents of the request, `listed` those that the list did not have before,
      `on_list` all that it has now.
    - `documents`, `pages` and `tables` are what leaves the current version; `version` is the new
      one, or None where the current version had none of them.
    - `keeperless` rows of the documents in `keeperless_documents` were left out as duplicates of
      pages or documents that leave.
    - `removed` is what was erased, by kind, empty without `--erase`.
    - `unmatched` are the addresses at which no version and no staging has a document.
    """

    dataset: str
    dry_run: bool
    asked: int
    listed: int
    on_list: int
    version_before: int
    version: int | None
    documents: int
    pages: int
    tables: tuple[TableLoss, ...]
    keeperless: int
    keeperless_documents: tuple[str, ...]
    removed: tuple[Removed, ...]
    unmatched: tuple[str, ...]


def forget(
    dataset: str,
    wanted: Wanted,
    options: Options,
    session: Session,
    say: Callable[[str], object] = lambda _: None,
) -> Takedown:
    """Take the wanted documents out of the dataset, under its lease; a dry run changes nothing.

        with open_session(IN_PROCESS) as session:
            done = forget("data", wanted_of([doc_id], []), Options(erases=True), session)

    Raises:
        DatasetError: nothing is published, or an older PageFoundry made the current version.
        RequestError: the request names no document that is, or was, in the dataset.
        LeaseError: a run holds the dataset and `options.wait` is false, or took it over meanwhile.
    """
    uri = store.absolute(dataset)
    _require_published(uri)
    if options.dry_run:
        scene = _look(uri, wanted, options, session)
        planned = _plan(scene, scene.snapshot, session) if options.erases else None
        return _report(scene, options, None, planned)
    with hold(uri, options.wait, say=say) as lease:
        # 1. See which documents are meant, and what the current version has of them.
        scene = _look(uri, wanted, options, session)

        # 2. Put them on the list: from now on no run reads or publishes them.
        lease.check()
        write_forgotten(uri, scene.before, scene.listed)

        # 3. Commit the current version without them, and write its card and Croissant.
        version, current = None, scene.snapshot
        if scene.loss.found:
            version = commit_without(
                scene.snapshot, scene.loss, scene.listed.ids, session, lease.check
            )
            current = _require_published(uri)
        _write_card(uri, current, lease)

        # 4. Erase what old versions, staging and leftovers of killed runs hold of them.
        erasure = None
        if options.erases:
            erasure = _plan(replace(scene, loss=Loss(())), current, session)
            erase(uri, current, erasure, scene.listed, lease.check)
    return _report(scene, options, version, erasure)


def bring_back(dataset: str, wanted: Wanted, wait: bool, say: Callable[[str], object]) -> int:
    """Take ids off the list, so that the next run reads their documents again; how many they were.

    Raises RequestError where the request names addresses, which the list does not have.
    """
    if wanted.addresses:
        raise RequestError("--undo takes ids only: the list does not keep addresses")
    uri = store.absolute(dataset)
    _require_published(uri)
    with hold(uri, wait, say=say) as lease:
        before = read_forgotten(uri)
        lease.check()
        write_forgotten(uri, before, before.dropping(wanted.ids))
    return len(before.ids & wanted.ids)


# ---- what is there ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Scene:
    """The dataset before a takedown, and what is asked of it."""

    uri: str
    snapshot: Snapshot
    before: Forgotten
    listed: Forgotten
    asked: frozenset[str]
    unmatched: tuple[str, ...]
    loss: Loss


def _require_published(uri: str) -> Snapshot:
    snapshot = load_snapshot(uri)
    if snapshot is None:
        raise DatasetError(
            f"{uri} holds no published version, so there is nothing to take down; leave the "
            "documents out of its sources"
        )
    return snapshot


def _look(uri: str, wanted: Wanted, options: Options, session: Session) -> _Scene:
    snapshot, before = _require_published(uri), read_forgotten(uri)
    addresses = Addresses(wanted.addresses)
    if wanted.addresses:
        for seen in _seen(uri):
            addresses.look_at(seen)
    asked = wanted.ids | addresses.found()
    if not asked and not (options.erases and before.documents):
        names = ", ".join(map(repr, wanted.addresses[:3])) or "the request"
        raise RequestError(
            f"{uri}: {names} names no document of any version; nothing was changed. The column "
            "`uris` of the table `inventory` has the addresses"
        )
    listed = before.adding(asked, options.today(), options.reason)
    loss = find_loss(uri, snapshot, listed.ids, session)
    return _Scene(uri, snapshot, before, listed, asked, addresses.unmatched(), loss)


def _seen(uri: str) -> Iterator[Seen]:
    """The documents in every part of the inventory, whatever its version, and in staging."""
    for item in list_stored(store.join(uri, "inventory", "data")):
        if item.name.endswith(".parquet"):
            yield from _seen_in_part(item.uri)
    for root in staging_roots(uri):
        for result in Staged.read(root).documents:
            if result.doc_id is not None:
                yield Seen(result.doc_id, [result.file], result.media_type)


def _seen_in_part(uri: str) -> Iterator[Seen]:
    try:
        with open_part(uri) as handle:
            columns = ["doc_id", "uris", "media_type"]
            for batch in pq.ParquetFile(handle).iter_batches(columns=columns):
                for row in batch.to_pylist():
                    files = [SeenFile.from_dict(file) for file in row["uris"]]
                    yield Seen(row["doc_id"], files, row["media_type"])
    except pa.ArrowInvalid as exc:
        raise IntegrityError(
            f"{uri}: this part of an inventory is damaged, so not every document can be found by "
            "its address; nothing was changed. Name documents by --doc instead"
        ) from exc


# ---- steps --------------------------------------------------------------------------------------


def _plan(scene: _Scene, current: Snapshot, session: Session) -> Erasure:
    """What to erase, while the parts of `current` stay that lose nothing."""
    leaving = {(found.task.table, found.task.part.path) for found in scene.loss.found}
    staying = frozenset(
        f"{name}/{part.path}"
        for name, table in current.tables.items()
        for part in table.parts
        if (name, part.path) not in leaving
    )
    return plan_erasure(scene.uri, staying, scene.listed.ids, session)


def _write_card(uri: str, current: Snapshot, lease: Hold) -> None:
    """Write the card and Croissant of the current version, with the present card's licence."""
    described = described_by_card(uri, Recipe.model_fields["license"].default)
    if described is not None:  # else a run that was killed left none, and the next run writes it
        lease.check()
        languages = languages_of(current.tables)
        write_card(described, current.tables, languages)
        write_croissant(described, current.tables, languages)


def _report(
    scene: _Scene, options: Options, version: int | None, erasure: Erasure | None
) -> Takedown:
    loss = scene.loss
    return Takedown(
        dataset=scene.uri,
        dry_run=options.dry_run,
        asked=len(scene.asked),
        listed=len(scene.asked - scene.before.ids),
        on_list=len(scene.listed.ids),
        version_before=scene.snapshot.version,
        version=version,
        documents=loss.documents,
        pages=loss.pages,
        tables=loss.tables,
        keeperless=loss.orphan_rows,
        keeperless_documents=loss.orphans,
        removed=erasure.removed() if erasure else (),
        unmatched=scene.unmatched,
    )
