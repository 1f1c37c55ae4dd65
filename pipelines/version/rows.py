"""Decide what a version holds: its documents, pages and crops, and its rejects.

    records ─► rights ─► duplicates ─► policies ─► mix
            ─► documents of readable pages ─► their duplicates ─► policies ─► Version

A version may need a page whose content lies nowhere any more: it was published as a duplicate, its
keeper left the dataset, and its shard is gone. Such pages are returned, to be read again first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cluster.planner import uncovered_ranges
from cluster.session import Session
from pipelines.version.dedup import Drops, find_duplicates
from pipelines.version.documents import Documents, decide_documents, has_no_text
from pipelines.version.inputs import Inputs, load_crops, load_pages, staged_rows
from pipelines.version.mix import Selection, choose_by_mix
from pipelines.version.policies import Judges, Verdicts, apply_policies, with_originals
from pipelines.version.ranking import Shares
from pipelines.version.records import NOBODY, Catalogue, Flags, Records
from pipelines.version.rights import reserved_documents
from schemas.shards import PageRange


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
    def shares(self) -> Mapping[str, Shares]:
        """Where the shares of `keep` end, by table; empty without any."""
        of_tables = {"pages": self.page_verdicts.shares, "documents": self.document_verdicts.shares}
        return {table: shares for table, shares in of_tables.items() if shares}

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

    # 1. Leave out what is reserved, before anything is compared.
    reserved = reserved_documents(recipe, catalogue)

    # 2. Pages: drop duplicates, apply the policies, choose by the mix.
    published = load_pages(inputs, session)
    recalled = staged_rows(inputs) if inputs.recalled else []
    pages = with_originals(published, "page", judges, recalled)
    free = pages.readable & ~reserved[pages.doc]
    drops = find_duplicates(pages, free, "page", recipe.dedup, inputs.scratch, session)
    among = free & ~drops.dropped
    ranking = judges.rank(pages, among, "pages")
    verdicts = apply_policies(published, pages, among, "page", ranking, judges)
    among &= ~verdicts.barred
    selection = choose_by_mix(recipe, inputs.groups, catalogue, pages, among)
    chosen = among & ~selection.left_out
    missing = (has_no_text(pages) & chosen) | verdicts.lost

    # 3. Documents: assemble those that no version has, drop duplicates, apply the policies.
    documents = decide_documents(inputs, pages, reserved, judges, session)
    if not isinstance(documents, Documents):
        missing = missing | documents
    if missing.any():
        return _ranges(pages.take(missing), catalogue)
    assert isinstance(documents, Documents)

    # 4. Crops follow their pages.
    crops = load_crops(inputs, verdicts.records.take(chosen), session)
    return Version(
        *(inputs, verdicts, drops, selection),
        *(documents.verdicts, documents.drops, crops, reserved),
    )


def _ranges(pages: Records, catalogue: Catalogue) -> list[PageRange]:
    ranges: list[PageRange] = []
    starts = np.flatnonzero(np.diff(pages.doc, prepend=NOBODY))
    for start, wanted in zip(starts, np.split(pages.index, starts[1:]), strict=True):
        whole = catalogue.documents[pages.doc[start]].pages
        ranges += uncovered_ranges(whole, set(range(whole.stop)).difference(wanted.tolist()))
    return ranges
