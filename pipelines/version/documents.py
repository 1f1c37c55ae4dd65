"""Decide which whole documents a version holds: assembled, compared, judged by the policies.

    readable pages ─► [ assemble ] those that no version has ─► duplicates ─► policies

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
from pipelines.version.inputs import Inputs, load_documents
from pipelines.version.policies import (
    Judges,
    Verdicts,
    apply_policies,
    has_lost_text,
    with_originals,
)
from pipelines.version.ranking import Ranking
from pipelines.version.records import FIRST_BARRED, Flags, Records, concatenated, load_all
from workers import store
from workers.publishing.assemble import Assembly, DocumentHead, assemble_documents

_PAGES_PER_ASSEMBLY = 8192


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of a version: duplicates among them, and what the policies make of the others.

    The arrays are along `verdicts.records`.
    """

    drops: Drops
    verdicts: Verdicts


def decide_documents(
    inputs: Inputs, pages: Records, reserved: Flags, judges: Judges, session: Session
) -> Documents | Flags:
    """Which documents are kept, or the pages that must be read again to say so: a flag a page.

    `pages` lie where they are as they were read; `reserved` has a flag a document.
    """
    count = len(inputs.catalogue.documents)
    is_readable = np.zeros(count, bool)
    is_readable[pages.doc[pages.readable]] = True
    is_lost = has_no_text(pages) | has_lost_text(pages)

    # 1. Assemble the documents that no version has.
    published = load_documents(inputs, session)
    known = with_originals(published, "document", judges)
    is_known = np.zeros(count, bool)
    is_known[known.doc[known.readable]] = True
    wanted = is_readable & ~is_known
    documents, number = known, 0
    while True:
        missing: Flags = is_lost & wanted[pages.doc]
        if missing.any():
            return missing
        documents = _with_assembled(inputs, documents, pages, wanted, number, session)

        # 2. Drop duplicates. Documents that were duplicates and whose keeper left return: they are
        #    assembled from their pages, and all are compared once more.
        among = documents.readable & (is_readable & ~reserved)[documents.doc]
        drops = find_duplicates(
            documents, among, "document", inputs.recipe.dedup, inputs.scratch, session
        )
        among &= ~drops.dropped
        ranking = judges.rank(documents, among, "documents")
        returning = among & _is_wanted_anew(documents, ranking, judges)
        if not returning.any():
            break
        wanted = np.zeros(count, bool)
        wanted[documents.doc[returning]] = True
        documents, number = documents.take(~returning), len(documents.files)

    # 3. Apply the policies.
    now = _as_published(documents, published, judges)
    verdicts = apply_policies(now, documents, among, "document", ranking, judges)
    return Documents(drops, verdicts)


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
