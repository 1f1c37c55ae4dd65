"""Decide what a version holds: its documents, pages and crops, and its rejects.

    records ─► rights ─► limits ─► duplicates among pages, and among documents, which are assembled
            ─► triggers and lines of the corpus ─► scores ─► policies ─► mix ─► Version

A version may need a page whose content lies nowhere any more: it was published as a duplicate, its
keeper left the dataset, and its shard is gone. Such pages are returned, to be read again first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from cluster.planner import uncovered_ranges
from cluster.session import Session
from pipelines.version.crops import load_crops
from pipelines.version.dedup import Drops, find_duplicates
from pipelines.version.documents import (
    Assembled,
    Compared,
    assemble,
    compare_documents,
    has_no_text,
    is_lost,
    judge_documents,
    near_duplicates,
)
from pipelines.version.embeddings import Embedding
from pipelines.version.inputs import Inputs, load_pages, staged_rows
from pipelines.version.judging import Verdicts, apply_policies
from pipelines.version.limits import Limited, families_of, limit
from pipelines.version.mix import Selection, choose_by_mix
from pipelines.version.page_breaks import Judged, find_pieces
from pipelines.version.policies import Judges, with_originals
from pipelines.version.ranking import Shares
from pipelines.version.records import NOBODY, Catalogue, Flags, Records
from pipelines.version.rights import reserved_documents
from pipelines.version.scores import Scores, Scoring, score_rows
from pipelines.version.semantic import SemanticDrops, drop_semantic
from pipelines.version.shared_lines import with_shared_lines
from pipelines.version.splits import Splits, split_documents
from pipelines.version.story import Story
from pipelines.version.trainer_tokens import counted
from pipelines.version.triggers import Search, Triggers, find_triggers
from schemas.limits import SourcesRecord
from schemas.policies import keeps_by_scores
from schemas.shards import PageRange
from schemas.shared_lines import LineCount


@dataclass(frozen=True, slots=True)
class Version:
    """All that decides the rows of a version. Drops, scores, verdicts and the selection are along
    records.

    `page_verdicts.records` and `document_verdicts.records` are the rows that are published.
    `reserved` and `limited`, documents that are left out with their pages, have a flag a document,
    and `splits` the split of each.
    `lines` are those that many documents share, where a policy looks for them; `embeddings` are the
    files of embeddings that it rests on.
    """

    inputs: Inputs
    page_verdicts: Verdicts
    page_drops: Drops
    selection: Selection
    document_verdicts: Verdicts
    document_drops: Drops
    crops: Records
    reserved: Flags
    page_scores: Scores
    document_scores: Scores
    limited: Flags
    by_source: SourcesRecord
    triggers: Triggers | None
    splits: Splits
    lines: tuple[LineCount, ...] = ()
    embeddings: frozenset[str] = frozenset()

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


def decide(inputs: Inputs, session: Session, story: Story) -> Version | list[PageRange]:
    """What the next version holds, or the pages that must be read again to make it.

    `story` shows what models read, which may take long.
    """
    recipe, catalogue = inputs.recipe, inputs.catalogue
    scoring = Scoring(recipe, inputs.scores, inputs.snapshot, session, story)
    embedding: Embedding | None = None
    if inputs.encoder is not None:
        embedding = Embedding(recipe, inputs.encoder, catalogue, session, story)
    judges = Judges(
        *(recipe, catalogue, inputs.snapshot, inputs.listed, inputs.scratch, session, story),
        are_rescored=scoring.are_new and keeps_by_scores(recipe.policies),
    )

    # 1. Leave out what is reserved, before anything is compared.
    reserved = reserved_documents(recipe, catalogue)

    # 2. Assemble the documents that no version has, and leave out those that are over a limit.
    # 3. Pages: drop duplicates, by their signatures, then by what they mean.
    published = load_pages(inputs, session)
    recalled = staged_rows(inputs) if inputs.recalled else []
    pages = with_originals(published, "page", judges, recalled)
    first = _compare_pages(inputs, pages, reserved, judges, embedding, session)
    if not isinstance(first, _PagesCompared):
        return _ranges(pages.take(first), catalogue)
    assembled, limited, alike = first.assembled, first.limited, first.alike
    apart = reserved | limited.left_out
    free, drops = pages.readable & ~apart[pages.doc], alike.drops
    among = free & ~drops.dropped

    # 4. Documents: drop duplicates.
    compared = compare_documents(
        *(inputs, pages, assembled, apart, judges, scoring, embedding, session)
    )
    if not isinstance(compared, Compared):
        return _ranges(pages.take(compared), catalogue)

    # 5. Seek triggers, and lines that documents share, if policies ask for it: all rows are judged
    #    by them.
    search = Search(recipe, catalogue, inputs.snapshot, inputs.scratch, session)
    triggers = find_triggers(pages, among, is_lost(pages), search)
    if isinstance(triggers, np.ndarray):
        return _ranges(pages.take(triggers), catalogue)
    judges = with_shared_lines(replace(judges, triggers=triggers), compared)

    # 6. Score, apply the policies, first to documents, choose by the mix.
    scores = score_rows(published, pages, among, scoring)
    ranking = judges.rank(pages, among, "pages", scores.by_column)
    documents = judge_documents(compared, judges)
    judged = Judged(published, pages, among, ranking)
    pieces = find_pieces(judged, compared, documents, inputs, judges, session)
    verdicts = apply_policies(
        *(published, pages, among, "page", judges, ranking, scores.by_column),
        crops_of=lambda some: load_crops(inputs, some, session),
        pieces=pieces,
    )
    among &= ~verdicts.barred
    if _has_budget(inputs):
        verdicts = replace(verdicts, records=counted(verdicts.records, among, inputs, session))
        uncounted = among & (verdicts.records.trainer_tokens == NOBODY)
        if uncounted.any():
            return _ranges(pages.take(uncounted | verdicts.lost | pieces.lost), catalogue)
    selection = choose_by_mix(recipe, inputs.groups, catalogue, verdicts.records, among)
    chosen = among & ~selection.left_out
    missing = (has_no_text(pages) & chosen) | verdicts.lost | scores.lost | pieces.lost
    if missing.any():
        return _ranges(pages.take(missing), catalogue)

    # 7. Crops follow their pages.
    version = Version(
        inputs=replace(inputs, listed=judges.listed),
        page_verdicts=verdicts,
        page_drops=drops,
        selection=selection,
        document_verdicts=documents.verdicts,
        document_drops=documents.drops,
        crops=load_crops(inputs, verdicts.records.take(chosen), session),
        reserved=reserved,
        page_scores=scores,
        document_scores=documents.scores,
        limited=limited.left_out,
        by_source=limited.by_source(families_of(documents.verdicts.records, documents.near)),
        triggers=triggers,
        splits=split_documents(
            recipe.publish, catalogue, (pages, drops), (compared.documents, compared.drops)
        ),
        lines=judges.lines,
        embeddings=alike.used | documents.embeddings,
    )

    # 8. Count in the trainer's own tokens what has no count yet.
    return _counted(version, session)


@dataclass(frozen=True, slots=True)
class _PagesCompared:
    """All documents, which of them the limits leave out, and the duplicates among the pages."""

    assembled: Assembled
    limited: Limited
    alike: SemanticDrops


def _compare_pages(
    inputs: Inputs,
    pages: Records,
    reserved: Flags,
    judges: Judges,
    embedding: Embedding | None,
    session: Session,
) -> _PagesCompared | Flags:
    """Assemble documents, apply the limits, drop duplicates; or pages to be read again first."""
    assembled = assemble(inputs, pages, judges, session)
    if not isinstance(assembled, Assembled):
        return assembled
    limited = _limited(inputs, assembled, reserved, session)
    free = pages.readable & ~(reserved | limited.left_out)[pages.doc]
    near = find_duplicates(
        *(pages, free, "page", inputs.recipe.dedup, inputs.scratch, session),
        links=inputs.recipe.publish.validation is not None,
    )
    alike = drop_semantic(pages, free, "page", near, embedding, inputs.scratch)
    return _PagesCompared(assembled, limited, alike) if isinstance(alike, SemanticDrops) else alike


def _has_budget(inputs: Inputs) -> bool:
    """Whether the mix has a budget in the trainer's own tokens."""
    mix = inputs.recipe.mix
    return inputs.tokenizer is not None and mix is not None and mix.tokens is not None


def _counted(version: Version, session: Session) -> Version:
    inputs, pages = version.inputs, version.pages
    if not _has_budget(inputs):  # else all that the mix chose from is counted
        pages = counted(pages, version.kept, inputs, session)
    documents = counted(version.documents, version.kept_documents, inputs, session)
    crops = counted(version.crops, np.ones(len(version.crops), bool), inputs, session)
    return replace(
        version,
        page_verdicts=replace(version.page_verdicts, records=pages),
        document_verdicts=replace(version.document_verdicts, records=documents),
        crops=crops,
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
