"""Decide what a version holds: its documents, pages and crops, and its rejects.

    records ─► rights ─► duplicates ─► policies ─► mix
            ─► documents of readable pages ─► their duplicates ─► policies ─► Version

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
from pipelines.version.policies import (
    Judges,
    Verdicts,
    apply_policies,
    has_lost_text,
    with_originals,
)
from pipelines.version.records import (
    FIRST_BARRED,
    NOBODY,
    Catalogue,
    Flags,
    Records,
    concatenated,
    load_all,
)
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
    inventory's, `forgotten` the documents on the list of what was taken down. `listed` says which
    files the lists of the policies are in.
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
    listed: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(
        recipe: Recipe,
        inventory: Inventory,
        snapshot: Snapshot | None,
        staging: Staging,
        covered: frozenset[str],
        scratch: str,
        known: Iterable[Document] = (),
        listed: Mapping[str, str] | None = None,
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
            listed=listed or {},
        )

    def is_news(self, receipt: Receipt) -> bool:
        """Whether a shard has pages of a document that the last version does not cover."""
        numbers = (self.catalogue.numbers.get(doc_id) for doc_id in receipt.doc_ids)
        return any(number is not None and not self.covered[number] for number in numbers)


@dataclass(frozen=True, slots=True)
class Version:
    """All that decides the rows of a version. Drops, verdicts and the selection are along records.

    `page_verdicts.records` and `document_verdicts.records` are the rows that are published.
    `reserved`, the documents that are left out with their pages, has a flag a document.
    """

    inputs: Inputs
    page_verdicts: Verdicts
    page_drops: Drops
    selection: Selection
    document_verdicts: Verdicts
    document_drops: Drops
    crops: Records
    reserved: Flags

    @property
    def pages(self) -> Records:
        """The rows of pages, samples and rejects."""
        return self.page_verdicts.records

    @property
    def documents(self) -> Records:
        """The rows of documents, kept or rejected."""
        return self.document_verdicts.records

    @property
    def originals(self) -> frozenset[str]:
        """The names of the originals that this version rests on."""
        return self.page_verdicts.originals | self.document_verdicts.originals

    @property
    def kept(self) -> Flags:
        """Which pages are samples, with one flag a page."""
        is_out = self.page_drops.dropped | self.page_verdicts.barred | self.selection.left_out
        flags: Flags = self.pages.readable & ~is_out & ~self.reserved[self.pages.doc]
        return flags

    @property
    def kept_documents(self) -> Flags:
        """Which documents are kept, with one flag a record."""
        is_out = self.document_drops.dropped | self.document_verdicts.barred
        flags: Flags = self.documents.readable & ~is_out & ~self.reserved[self.documents.doc]
        return flags


def decide(inputs: Inputs, session: Session) -> Version | list[PageRange]:
    """What the next version holds, or the pages that must be read again to make it."""
    recipe, catalogue = inputs.recipe, inputs.catalogue
    judges = Judges(recipe, catalogue, inputs.snapshot, inputs.listed, inputs.scratch, session)

    reserved = reserved_documents(recipe, catalogue)

    # 1. Pages: drop duplicates, apply the policies, choose by the mix.
    published = _load_pages(inputs, session)
    recalled = _staged(inputs) if inputs.recalled else []
    pages = with_originals(published, "page", judges, recalled)
    free = pages.readable & ~reserved[pages.doc]
    drops = find_duplicates(pages, free, "page", recipe.dedup, inputs.scratch, session)
    among = free & ~drops.dropped
    verdicts = apply_policies(published, pages, among, "page", judges)
    among &= ~verdicts.barred
    selection = choose_by_mix(recipe, inputs.groups, catalogue, pages, among)
    chosen = among & ~selection.left_out

    # 2. Documents: assemble those that no version has, drop duplicates, apply the policies.
    is_readable = np.zeros(len(catalogue.documents), bool)
    is_readable[pages.doc[pages.readable]] = True
    published_documents = _load_documents(inputs, session)
    known = with_originals(published_documents, "document", judges)
    is_known = np.zeros(len(catalogue.documents), bool)
    is_known[known.doc[known.readable]] = True
    unseen = is_readable & ~is_known
    textless = pages.readable & pages.origin("rejects")
    is_lost = textless | has_lost_text(pages)
    missing = (textless & chosen) | (is_lost & unseen[pages.doc]) | verdicts.lost
    if missing.any():
        return _ranges(pages.take(missing), catalogue)
    documents = _with_assembled(inputs, known, pages, unseen, 0, session)
    while True:
        among = documents.readable & (is_readable & ~reserved)[documents.doc]
        doc_drops = find_duplicates(
            documents, among, "document", recipe.dedup, inputs.scratch, session
        )
        returning = among & ~doc_drops.dropped & _is_wanted_anew(documents, judges)
        if not returning.any():
            break
        # Documents that were duplicates and whose keeper left are assembled from their pages.
        wanted = np.zeros(len(catalogue.documents), bool)
        wanted[documents.doc[returning]] = True
        missing = is_lost & wanted[pages.doc]
        if missing.any():
            return _ranges(pages.take(missing), catalogue)
        documents = _with_assembled(
            inputs, documents.take(~returning), pages, wanted, len(documents.files), session
        )
    now = _as_published(documents, published_documents, judges)
    document_verdicts = apply_policies(
        now, documents, among & ~doc_drops.dropped, "document", judges
    )

    # 3. Crops follow their pages.
    crops = _load_crops(inputs, verdicts.records.take(chosen), session)
    return Version(
        *(inputs, verdicts, drops, selection, document_verdicts, doc_drops, crops, reserved)
    )


def _is_wanted_anew(documents: Records, judges: Judges) -> Flags:
    """Documents that must be assembled again if they are to be kept: their text lies nowhere."""
    is_barred = documents.outcome >= FIRST_BARRED
    flags: Flags = documents.origin("rejects") & ~is_barred
    return flags if judges.are_same else flags | has_lost_text(documents)


def _as_published(documents: Records, published: Records, judges: Judges) -> Records:
    """The documents with their published rows in place of their originals."""
    if not len(documents):
        return documents
    folder = judges.originals("document").folder
    in_folder = np.array([file.uri.startswith(f"{folder}/") for file in documents.files], bool)
    place = np.minimum(np.searchsorted(documents.keys, published.keys), len(documents) - 1)
    is_there = documents.keys[place] == published.keys
    is_there &= in_folder[documents.file[place]]
    return documents.with_rows(place[is_there], published.take(is_there))


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


def _staged(inputs: Inputs) -> list[RowsFile]:
    """The rows of the staged shards."""
    return [
        RowsFile(
            inputs.staging.rows_uri(receipt.shard_id), "staged", sum(receipt.outcomes.values())
        )
        for receipt in inputs.receipts
    ]


def _load_pages(inputs: Inputs, session: Session) -> Records:
    files = [
        *_published(inputs.snapshot, ("pages", "conversations", "rejects")),
        *_staged(inputs),
    ]

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
