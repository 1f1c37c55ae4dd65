"""Decide what a version holds: its documents, pages and crops, and its rejects.

    records ─► rights ─► limits ─► duplicates ─► triggers of the corpus ─► policies ─► mix
            ─► documents of readable pages ─► their duplicates ─► policies ─► Version

A version may need a page whose content lies nowhere any more: it was published as a duplicate, its
keeper left the dataset, and its shard is gone. Such pages are returned, to be read again first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cluster.planner import uncovered_ranges
from cluster.session import Session
from pipelines.version.dedup import Drops, find_duplicates
from pipelines.version.documents import (
    Assembled,
    Documents,
    assemble,
    decide_documents,
    has_no_text,
    is_lost,
    near_duplicates,
)
from pipelines.version.inputs import Inputs, load_crops, load_pages, staged_rows
from pipelines.version.limits import Limited, families_of, limit
from pipelines.version.mix import Selection, choose_by_mix
from pipelines.version.policies import Judges, Verdicts, apply_policies, with_originals
from pipelines.version.records import NOBODY, Catalogue, Flags, Records
from pipelines.version.rights import reserved_documents
from pipelines.version.triggers import Search, Triggers, find_triggers
from schemas.limits import SourcesRecord
from schemas.shards import PageRange


@dataclass(frozen=True, slots=True)
class Version:
    """All that decides the rows of a version. Drops, verdicts and the selection are along records.

    `page_verdicts.records` and `document_verdicts.records` are the rows that are published.
    `reserved` and `limited`, documents that are left out with their pages, have a flag a document.
    """

    inputs: Inputs
    page_verdicts: Verdicts
    page_drops: Drops
    selection: Selection
    document_verdicts: Verdicts
    document_drops: Drops
    crops: Records
    reserved: Flags
    limited: Flags
    by_source: SourcesRecord
    triggers: Triggers | None

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
        flags: Flags = self.pages.readable & ~is_out & ~self._apart[self.pages.doc]
        return flags

    @property
    def kept_documents(self) -> Flags:
        """Which documents are kept, with one flag a record."""
        is_out = self.document_drops.dropped | self.document_verdicts.barred
        flags: Flags = self.documents.readable & ~is_out & ~self._apart[self.documents.doc]
        return flags

    @property
    def _apart(self) -> Flags:
        """Which documents are left out with all their pages, with one flag a document."""
        flags: Flags = self.reserved | self.limited
        return flags


def decide(inputs: Inputs, session: Session) -> Version | list[PageRange]:
    """What the next version holds, or the pages that must be read again to make it."""
    recipe, catalogue = inputs.recipe, inputs.catalogue
    judges = Judges(recipe, catalogue, inputs.snapshot, inputs.listed, inputs.scratch, session)

    # 1. Leave out what is reserved, before anything is compared.
    reserved = reserved_documents(recipe, catalogue)

    # 2. Assemble the documents that no version has, and leave out those that are over a limit.
    published = load_pages(inputs, session)
    recalled = staged_rows(inputs) if inputs.recalled else []
    pages = with_originals(published, "page", judges, recalled)
    assembled = assemble(inputs, pages, judges, session)
    if not isinstance(assembled, Assembled):
        return _ranges(pages.take(assembled), catalogue)
    limited = _limited(inputs, assembled, reserved, session)
    apart = reserved | limited.left_out

    # 3. Pages: drop duplicates, seek triggers, apply the policies, choose by the mix.
    free = pages.readable & ~apart[pages.doc]
    drops = find_duplicates(pages, free, "page", recipe.dedup, inputs.scratch, session)
    among = free & ~drops.dropped
    search = Search(recipe, catalogue, inputs.snapshot, inputs.scratch, session)
    triggers = find_triggers(pages, among, is_lost(pages), search)
    if isinstance(triggers, np.ndarray):
        return _ranges(pages.take(triggers), catalogue)
    judges = replace(judges, triggers=triggers)
    verdicts = apply_policies(published, pages, among, "page", judges)
    among &= ~verdicts.barred
    selection = choose_by_mix(recipe, inputs.groups, catalogue, pages, among)
    chosen = among & ~selection.left_out
    missing = (has_no_text(pages) & chosen) | verdicts.lost

    # 4. Documents: drop duplicates, apply the policies.
    documents = decide_documents(inputs, pages, assembled, apart, judges, session)
    if not isinstance(documents, Documents):
        missing = missing | documents
    if missing.any():
        return _ranges(pages.take(missing), catalogue)
    assert isinstance(documents, Documents)

    # 5. Crops follow their pages.
    return Version(
        inputs=inputs,
        page_verdicts=verdicts,
        page_drops=drops,
        selection=selection,
        document_verdicts=documents.verdicts,
        document_drops=documents.drops,
        crops=load_crops(inputs, verdicts.records.take(chosen), session),
        reserved=reserved,
        limited=limited.left_out,
        by_source=limited.by_source(families_of(documents.verdicts.records, documents.drops)),
        triggers=triggers,
    )


def _limited(inputs: Inputs, assembled: Assembled, reserved: Flags, session: Session) -> Limited:
    """What the recipe's limits leave out; all documents are compared if it asks for families."""
    recipe, documents = inputs.recipe, inputs.catalogue.documents
    among, families = assembled.is_readable & ~reserved, None
    if recipe.limits.per_family is not None:
        drops = near_duplicates(assembled, reserved, inputs, session)
        families = families_of(assembled.records, drops)
    return limit(recipe, documents, among, families)


def _ranges(pages: Records, catalogue: Catalogue) -> list[PageRange]:
    ranges: list[PageRange] = []
    starts = np.flatnonzero(np.diff(pages.doc, prepend=NOBODY))
    for start, wanted in zip(starts, np.split(pages.index, starts[1:]), strict=True):
        whole = catalogue.documents[pages.doc[start]].pages
        ranges += uncovered_ranges(whole, set(range(whole.stop)).difference(wanted.tolist()))
    return ranges
