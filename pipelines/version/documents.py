"""Decide which whole documents a version holds: assembled, compared, judged by the policies.

    readable pages ─► [ assemble ] those that no version has ─► limits ─► duplicates ─► scores
                   ─► policies

A document has the text of all its readable pages, as they were read: also of those whose row is a
duplicate or a policy's reject. It is judged by its own text.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cluster.session import Session
from pipelines.steps.tasks import run_tasks
from pipelines.version.dedup import Drops, find_duplicates
from pipelines.version.embeddings import Embedding
from pipelines.version.inputs import Inputs, load_documents
from pipelines.version.judging import Verdicts, apply_policies
from pipelines.version.policies import Judges, has_lost_text, with_originals
from pipelines.version.ranking import Ranking
from pipelines.version.records import FIRST_BARRED, Flags, Records, concatenated, load_all
from pipelines.version.scores import Scores, Scoring, score_rows
from pipelines.version.semantic import SemanticDrops, drop_semantic
from workers import store
from workers.publishing.assemble import Assembly, DocumentHead, assemble_documents
from workers.publishing.records import RowsFile

_PAGES_PER_ASSEMBLY = 8192


@dataclass(frozen=True, slots=True)
class Compared:
    """The documents as they were read, and where each lies in the last version or is new.

    `published`, `near`, `drops`, `scores` and `ranking` are along `documents`; so is `among`, which
    flags those that are no duplicates, whatever the policies make of them. `near` are the drops of
    the first comparison, `drops` those of all, which rest on the files `embeddings`.
    """

    documents: Records
    published: Records
    among: Flags
    near: Drops
    drops: Drops
    scores: Scores
    ranking: Ranking
    embeddings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of a version: duplicates among them, and the scores of the others, and what the
    policies make of them.

    The arrays are along `verdicts.records`; see `Compared`.
    """

    near: Drops
    drops: Drops
    verdicts: Verdicts
    scores: Scores
    embeddings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Assembled:
    """All documents with a readable page: those of the last version, and those that it lacks.

    `records` lie where they are as they were read, `published` are the last version's rows.
    `is_readable` has a flag a document: whether it has a readable page.
    """

    records: Records
    published: Records
    is_readable: Flags


def assemble(inputs: Inputs, pages: Records, judges: Judges, session: Session) -> Assembled | Flags:
    """Assemble the documents that no version has; or the pages that must be read again for it.

    `pages` lie where they are as they were read. What must be read again is a flag a page.
    """
    count = len(inputs.catalogue.documents)
    is_readable = np.zeros(count, bool)
    is_readable[pages.doc[pages.readable]] = True
    published = load_documents(inputs, session)
    known = with_originals(published, "document", judges)
    is_known = np.zeros(count, bool)
    is_known[known.doc[known.readable]] = True
    wanted = is_readable & ~is_known
    missing: Flags = is_lost(pages) & wanted[pages.doc]
    if missing.any():
        return missing
    records = _with_assembled(inputs, known, pages, wanted, 0, session)
    return Assembled(records, published, is_readable)


def near_duplicates(assembled: Assembled, apart: Flags, inputs: Inputs, session: Session) -> Drops:
    """The duplicates among all documents but those `apart`: a flag a document."""
    documents, (dedup, scratch) = assembled.records, (inputs.recipe.dedup, inputs.scratch)
    among = documents.readable & (assembled.is_readable & ~apart)[documents.doc]
    has_split = inputs.recipe.publish.validation is not None
    return find_duplicates(documents, among, "document", dedup, scratch, session, links=has_split)


def compare_documents(
    inputs: Inputs,
    pages: Records,
    assembled: Assembled,
    apart: Flags,
    judges: Judges,
    scoring: Scoring,
    embedding: Embedding | None,
    session: Session,
) -> Compared | Flags:
    """Which documents are no duplicates, or the pages that must be read again to say so: a flag a
    page.

    `apart` are the documents that other rules leave out: a flag a document.
    """
    # Documents that were left out and are so no more return: they are assembled from their pages,
    # and all are compared once more.
    while True:
        documents = assembled.records
        near = near_duplicates(assembled, apart, inputs, session)
        free = documents.readable & (assembled.is_readable & ~apart)[documents.doc]
        alike = drop_semantic(documents, free, "document", near, embedding, inputs.scratch)
        if isinstance(alike, SemanticDrops):
            among = free & ~alike.drops.dropped
            published = _as_published(documents, assembled.published, judges)
            scores = score_rows(published, documents, among, scoring)
            ranking = judges.rank(documents, among, "documents", scores.by_column)
            returning = among & (_is_wanted_anew(documents, ranking, judges) | scores.lost)
            if not returning.any():
                return Compared(
                    *(documents, published, among, near, alike.drops, scores, ranking, alike.used)
                )
        else:
            returning = alike
        wanted = np.zeros(len(apart), bool)
        wanted[documents.doc[returning]] = True
        missing: Flags = is_lost(pages) & wanted[pages.doc]
        if missing.any():
            return missing
        number = len(documents.files)
        others = documents.take(~returning)
        again = _with_assembled(inputs, others, pages, wanted, number, session)
        assembled = replace(assembled, records=again)


def judge_documents(compared: Compared, judges: Judges) -> Documents:
    """What the policies make of the documents that are no duplicates."""
    verdicts = apply_policies(
        compared.published,
        compared.documents,
        compared.among,
        "document",
        judges,
        compared.ranking,
        compared.scores.by_column,
    )
    return Documents(compared.near, compared.drops, verdicts, compared.scores, compared.embeddings)


def is_lost(pages: Records) -> Flags:
    """Pages whose text, as it was read, lies nowhere any more."""
    flags: Flags = has_no_text(pages) | has_lost_text(pages)
    return flags


def has_no_text(pages: Records) -> Flags:
    """Readable pages whose text lies nowhere any more: their rows were left out of the version."""
    flags: Flags = pages.readable & pages.origin("rejects")
    return flags


def _is_wanted_anew(documents: Records, ranking: Ranking, judges: Judges) -> Flags:
    """Documents that must be assembled again if they are to be kept: their text lies nowhere."""
    is_barred = documents.outcome >= FIRST_BARRED
    flags: Flags = documents.origin("rejects") & ~is_barred
    is_judged = ranking.moved if judges.are_same else np.ones(len(documents), bool)
    return flags | (is_judged & has_lost_text(documents))


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


def _with_assembled(
    inputs: Inputs,
    known: Records,
    pages: Records,
    wanted: Flags,
    number: int,
    session: Session,
) -> Records:
    """The known document records, and those of the `wanted` documents, which it assembles."""
    chosen = pages.take(pages.readable & wanted[pages.doc])
    files = assembled_files(inputs, chosen, str(number), session)
    if not files:
        return known
    scratch = store.join(inputs.scratch, f"assembled-{number}")
    fresh = load_all(inputs.recipe, files, "document", inputs.catalogue, scratch, session)
    fresh = replace(fresh, file=fresh.file + np.int32(len(known.files)))
    joined = concatenated([known, fresh], [*known.files, *files])
    # An old reject of a document without a readable page gives way to the assembled one.
    stale = ~joined.origin("staged") & np.isin(joined.doc, fresh.doc)
    return joined.take(~stale).take(np.argsort(joined.doc[~stale], kind="stable"))


def assembled_files(inputs: Inputs, pages: Records, name: str, session: Session) -> list[RowsFile]:
    """Scratch files of this name with the documents of some pages, assembled of these alone."""
    tasks = _assemblies(inputs, pages, name)
    return sorted(run_tasks(assemble_documents, tasks, session), key=lambda file: file.uri)


def _assemblies(inputs: Inputs, chosen: Records, name: str) -> Iterator[Assembly]:
    """Tasks that assemble documents, in order, of some thousand pages each."""
    if len(chosen) == 0:
        return
    starts = np.flatnonzero(np.diff(chosen.doc, prepend=-1))
    bounds = [*starts.tolist(), len(chosen)]
    first = 0
    for last in range(1, len(bounds)):
        is_full = bounds[last] - bounds[first] >= _PAGES_PER_ASSEMBLY
        if is_full or last == len(bounds) - 1:
            uri = store.join(inputs.scratch, f"documents-{name}-{first:09d}.parquet")
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
