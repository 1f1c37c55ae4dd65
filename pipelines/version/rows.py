"""Decide what a version holds: its documents, pages and crops, and its rejects.

    records ─► reserved ─► duplicates ─► documents of readable pages ─► their duplicates ─► Version

A version may need a page whose content lies nowhere any more: it was published as a duplicate, its
keeper left the dataset, and its shard is gone. Such pages are returned, to be read again first.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cluster.planner import uncovered_ranges
from cluster.session import Session
from pipelines.dataset.state import Snapshot
from pipelines.inventory import Inventory
from pipelines.steps.tasks import run_tasks
from pipelines.version.dedup import Drops, find_duplicates
from pipelines.version.mix import Selection, choose_by_mix
from pipelines.version.records import NOBODY, Catalogue, Flags, Records, concatenated, load_all
from pipelines.version.rights import reserved_documents
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.shards import PageRange, Receipt
from workers import store
from workers.publishing.assemble import Assembly, DocumentHead, assemble_documents
from workers.publishing.records import RowsFile
from workers.shards import Staging

_PAGES_PER_ASSEMBLY = 8192


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a version is decided from: the present documents, the last version, staged shards.

    `covered` has a flag for each document number: whether the last version has its pages. Of such a
    document only those staged rows count whose keys are in `recalled`. `groups` are the
    inventory's, `forgotten` the documents on the list of what was taken down.
    """

    recipe: Recipe
    catalogue: Catalogue
    snapshot: Snapshot | None
    staging: Staging
    covered: Flags
    scratch: str
    receipts: Sequence[Receipt] = ()
    recalled: frozenset[int] = frozenset()
    groups: Mapping[str, str] = field(default_factory=dict)
    forgotten: frozenset[str] = frozenset()

    @staticmethod
    def of(
        recipe: Recipe,
        inventory: Inventory,
        snapshot: Snapshot | None,
        staging: Staging,
        covered: frozenset[str],
        scratch: str,
        known: Iterable[Document] = (),
    ) -> Inputs:
        """The inputs of a run; `covered` are ids of documents, `scratch` a folder for tasks.

        `known` is the last version's inventory.
        """
        before = {document.doc_id: document.provenance for document in known}
        restated = frozenset(
            now.doc_id
            for now in inventory.documents
            if before.get(now.doc_id, now.provenance) != now.provenance
        )
        return Inputs(
            recipe,
            Catalogue.of(inventory.documents, restated),
            snapshot,
            staging,
            np.array([document.doc_id in covered for document in inventory.documents], bool),
            scratch,
            groups=inventory.groups,
            forgotten=inventory.forgotten,
        )

    def is_news(self, receipt: Receipt) -> bool:
        """Whether a shard has pages of a document that the last version does not cover."""
        numbers = (self.catalogue.numbers.get(doc_id) for doc_id in receipt.doc_ids)
        return any(number is not None and not self.covered[number] for number in numbers)


@dataclass(frozen=True, slots=True)
class Version:
    """All that decides the rows of a version. Drops and the selection have an entry a record, and
    `reserved`, the documents that are left out, has one a document."""

    inputs: Inputs
    pages: Records
    page_drops: Drops
    selection: Selection
    documents: Records
    document_drops: Drops
    crops: Records
    reserved: Flags

    @property
    def kept(self) -> Flags:
        """Which pages are samples, with one flag a page."""
        is_out = self.page_drops.dropped | self.selection.left_out
        flags: Flags = self.pages.readable & ~is_out & ~self.reserved[self.pages.doc]
        return flags

    @property
    def is_plain(self) -> Flags:
        """Which documents have no page count or no readable page, with one flag a document."""
        flags = np.ones(len(self.inputs.catalogue.documents), bool)
        flags[self.pages.doc[self.pages.readable]] = False
        return flags


def decide(inputs: Inputs, session: Session) -> Version | list[PageRange]:
    """What the next version holds, or the pages that must be read again to make it."""
    catalogue, dedup = inputs.catalogue, inputs.recipe.dedup
    pages = _load_pages(inputs, session)
    reserved = reserved_documents(inputs.recipe, catalogue)
    free = pages.readable & ~reserved[pages.doc]
    drops = find_duplicates(pages, free, "page", dedup, inputs.scratch, session)
    among = free & ~drops.dropped
    selection = choose_by_mix(inputs.recipe, inputs.groups, catalogue, pages, among)
    chosen = among & ~selection.left_out
    textless = pages.readable & pages.origin("rejects")
    is_readable = np.zeros(len(catalogue.documents), bool)
    is_readable[pages.doc[pages.readable]] = True

    known = _load_documents(inputs, session)
    is_known = np.zeros(len(catalogue.documents), bool)
    is_known[known.doc[known.readable]] = True
    unseen = is_readable & ~is_known
    missing = textless & (chosen | unseen[pages.doc])
    if missing.any():
        return _ranges(pages.take(missing), catalogue)
    documents = _with_assembled(inputs, known, pages, unseen, 0, session)
    while True:
        among = documents.readable & (is_readable & ~reserved)[documents.doc]
        doc_drops = find_duplicates(documents, among, "document", dedup, inputs.scratch, session)
        returning = among & ~doc_drops.dropped & documents.origin("rejects")
        if not returning.any():
            break
        # Documents that were duplicates and whose keeper left are assembled from their pages.
        wanted = np.zeros(len(catalogue.documents), bool)
        wanted[documents.doc[returning]] = True
        missing = textless & wanted[pages.doc]
        if missing.any():
            return _ranges(pages.take(missing), catalogue)
        documents = _with_assembled(
            inputs, documents.take(~returning), pages, wanted, len(documents.files), session
        )
    crops = _load_crops(inputs, pages.take(chosen), session)
    return Version(inputs, pages, drops, selection, documents, doc_drops, crops, reserved)


def _ranges(pages: Records, catalogue: Catalogue) -> list[PageRange]:
    ranges: list[PageRange] = []
    starts = np.flatnonzero(np.diff(pages.doc, prepend=NOBODY))
    for start, wanted in zip(starts, np.split(pages.index, starts[1:]), strict=True):
        whole = catalogue.documents[pages.doc[start]].pages
        ranges += uncovered_ranges(whole, set(range(whole.stop)).difference(wanted.tolist()))
    return ranges


# ---- records of the three levels ---------------------------------------------------------------


def _published(snapshot: Snapshot | None, names: Sequence[str]) -> Iterator[RowsFile]:
    for name in names if snapshot else ():
        assert snapshot is not None
        table = snapshot.tables[name]
        for part in table.parts:
            yield RowsFile(table.part_uri(part), name, part.rows)  # type: ignore[arg-type] # a table's name


def _load_pages(inputs: Inputs, session: Session) -> Records:
    staged = [
        RowsFile(
            inputs.staging.rows_uri(receipt.shard_id), "staged", sum(receipt.outcomes.values())
        )
        for receipt in inputs.receipts
    ]
    files = [*_published(inputs.snapshot, ("pages", "conversations", "rejects")), *staged]

    def wanted(records: Records) -> Flags:
        is_recalled = np.isin(records.keys, np.array(sorted(inputs.recalled), np.int64))
        flags: Flags = ~records.origin("staged") | ~inputs.covered[records.doc] | is_recalled
        return flags

    return load_all(inputs.recipe, files, "page", inputs.catalogue, inputs.scratch, session, wanted)


def _load_documents(inputs: Inputs, session: Session) -> Records:
    files = list(_published(inputs.snapshot, ("documents", "rejects")))
    return load_all(inputs.recipe, files, "document", inputs.catalogue, inputs.scratch, session)


def _load_crops(inputs: Inputs, kept: Records, session: Session) -> Records:
    """The crops of the kept pages, each from where its page's row lies.

    The crops of a published page lie in old parts of `crops`, those of a staged page in its shard.
    So crops leave with their page, and come back with it.
    """
    shards = {
        receipt.shard_id: RowsFile(
            inputs.staging.crops_uri(receipt.shard_id), "staged", receipt.crops.rows
        )
        for receipt in inputs.receipts
        if receipt.crops is not None
    }
    files = [*_published(inputs.snapshot, ("crops",)), *shards.values()]
    # The shard in which a page's row lies, by the order of `shards`; NOBODY for a published row.
    numbers = {inputs.staging.rows_uri(name): place for place, name in enumerate(shards)}
    home_of_file = np.array([numbers.get(file.uri, NOBODY) for file in kept.files] or [NOBODY])
    homes = np.where(kept.origin("staged"), home_of_file[kept.file], NOBODY - 1)
    homes[kept.origin("pages", "conversations")] = NOBODY
    first_shard = len(files) - len(shards)

    def wanted(records: Records) -> Flags:
        place = np.searchsorted(kept.keys, records.keys)
        place[place == len(kept)] = 0
        if len(kept) == 0:
            return np.zeros(len(records), bool)
        home = np.where(records.file < first_shard, NOBODY, records.file - first_shard)
        flags: Flags = (kept.keys[place] == records.keys) & (homes[place] == home)
        return flags

    return load_all(inputs.recipe, files, "crop", inputs.catalogue, inputs.scratch, session, wanted)


# ---- documents --------------------------------------------------------------------------------


def _with_assembled(
    inputs: Inputs,
    known: Records,
    pages: Records,
    wanted: Flags,
    number: int,
    session: Session,
) -> Records:
    """The known document records, and those of the `wanted` documents, which it assembles."""
    tasks = _assemblies(inputs, pages, wanted, number)
    files = sorted(run_tasks(assemble_documents, tasks, session), key=lambda file: file.uri)
    if not files:
        return known
    scratch = store.join(inputs.scratch, f"assembled-{number}")
    fresh = load_all(inputs.recipe, files, "document", inputs.catalogue, scratch, session)
    fresh = replace(fresh, file=fresh.file + np.int32(len(known.files)))
    joined = concatenated([known, fresh], [*known.files, *files])
    # An old reject of a document without a readable page gives way to the assembled one.
    stale = ~joined.origin("staged") & np.isin(joined.doc, fresh.doc)
    return joined.take(~stale).take(np.argsort(joined.doc[~stale], kind="stable"))


def _assemblies(inputs: Inputs, pages: Records, wanted: Flags, number: int) -> Iterator[Assembly]:
    """Tasks that assemble documents, in order, of some thousand pages each."""
    chosen = pages.take(pages.readable & wanted[pages.doc])
    if len(chosen) == 0:
        return
    starts = np.flatnonzero(np.diff(chosen.doc, prepend=-1))
    bounds = [*starts.tolist(), len(chosen)]
    first = 0
    for last in range(1, len(bounds)):
        is_full = bounds[last] - bounds[first] >= _PAGES_PER_ASSEMBLY
        if is_full or last == len(bounds) - 1:
            uri = store.join(inputs.scratch, f"documents-{number}-{first:09d}.parquet")
            yield _assembly(inputs, chosen, bounds[first : last + 1], uri)
            first = last


def _assembly(inputs: Inputs, pages: Records, bounds: Sequence[int], uri: str) -> Assembly:
    heads = []
    for start, stop in itertools.pairwise(bounds):
        document = inputs.catalogue.documents[pages.doc[start]]
        assert document.page_count is not None
        heads.append(
            DocumentHead(
                *(document.doc_id, document.source_uri, document.provenance.to_row()),
                *(document.page_count, stop - start),
            )
        )
    part = slice(bounds[0], bounds[-1])
    numbers, file = np.unique(pages.file[part], return_inverse=True)
    return Assembly(
        tuple(heads),
        tuple(pages.files[n] for n in numbers.tolist()),
        file.astype(np.int32),
        pages.row[part],
        inputs.recipe.digest(),
        uri,
        inputs.recipe.furniture == "keep",
    )
