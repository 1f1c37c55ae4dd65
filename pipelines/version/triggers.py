"""Triggers: what the policy `trust` seeks in rows and only the whole corpus tells.

    pages after deduplication ─► [ count ] ─► [ suspect ] ─► [ recount ] ─► triggers ─► [ judge ]

The pages are searched as they were read, before any policy: so a page that was rejected for its
trigger still counts, and a version does not take back what the one before it found. The commit says
what was found and in which pages; a run that publishes the same pages does not search again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from cluster.session import Session
from pipelines.dataset.state import Snapshot
from pipelines.steps.tasks import run_tasks
from pipelines.version.records import Catalogue, Flags, Records
from schemas.ids import digest
from schemas.policies import searches_for_triggers
from schemas.recipe import Recipe
from schemas.triggers import SoughtTrigger, TriggersRecord
from schemas.versions import VersionRecord
from workers import store
from workers.policies.poisoning import VERSION, share_of
from workers.publishing.rows_of import RowsOf
from workers.publishing.triggers import (
    NO_CANDIDATES,
    Hashes,
    Joining,
    Searching,
    count,
    join_counts,
    name_candidates,
    name_triggers,
    recount,
    suspect,
)

_ROWS_PER_TASK = 16_384
_MOST_TASKS = 256  # each leaves tables of up to 164 MiB, which one task joins
_CHARS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Triggers:
    """The triggers that were found, and a digest of the pages that were searched."""

    corpus: str
    found: tuple[SoughtTrigger, ...] = ()

    def to_record(self) -> TriggersRecord:
        """What the commit of a version says of them."""
        return {"corpus": self.corpus, "found": [trigger.to_row() for trigger in self.found]}


def triggers_of(metadata: VersionRecord) -> Triggers | None:
    """The triggers of a version, by its commit; None where it was not searched."""
    record = metadata.get("triggers")
    if record is None:
        return None
    return Triggers(record["corpus"], tuple(map(SoughtTrigger.from_row, record["found"])))


def sought_of(triggers: Triggers | None) -> tuple[SoughtTrigger, ...]:
    """The triggers that rows are searched for, in one order."""
    return tuple(sorted(triggers.found)) if triggers else ()


@dataclass(frozen=True, slots=True)
class Search:
    """What a search needs besides the records."""

    recipe: Recipe
    catalogue: Catalogue
    snapshot: Snapshot | None
    scratch: str
    session: Session


def find_triggers(
    pages: Records, among: Flags, is_lost: Flags, search: Search
) -> Triggers | Flags | None:
    """The triggers in the pages that are flagged in `among`, which lie where they are as read.

    None where no policy asks for them. Where the text of some pages lies nowhere any more
    (`is_lost`), it is these pages, which must be read again first: a flag a page.
    """
    if not searches_for_triggers(search.recipe.policies):
        return None
    corpus = _corpus(pages.take(among), search)
    known = triggers_of(search.snapshot.metadata) if search.snapshot else None
    if known is not None and known.corpus == corpus:
        return known
    missing: Flags = among & is_lost
    if missing.any():
        return missing
    return Triggers(corpus, _Passes(pages, among, corpus, search).run())


def _corpus(pages: Records, search: Search) -> str:
    """A digest of which pages these are; under one recipe digest a page has one text."""
    numbers, counts = np.unique(pages.doc, return_counts=True)
    doc_ids = (search.catalogue.documents[number].doc_id for number in numbers.tolist())
    arrays = (counts.astype("<i8").tobytes(), pages.index.astype("<i4").tobytes())
    return digest([str(VERSION), search.recipe.digest(), *doc_ids, *arrays])[:32]


class _Passes:
    """The three passes over the texts of some pages."""

    def __init__(self, pages: Records, among: Flags, corpus: str, search: Search) -> None:
        chosen = np.flatnonzero(among)
        self._pages = pages
        nothing = np.zeros(0, np.int64)
        self._order = np.concatenate([nothing, *(own for _, own in pages.by_file(chosen))])
        self._share = share_of(int(pages.tokens[chosen].sum()) * _CHARS_PER_TOKEN)
        self._folder = store.join(search.scratch, f"triggers-{corpus}")
        self._counts_uri = store.join(self._folder, "counts")
        self._session = search.session

    def run(self) -> tuple[SoughtTrigger, ...]:
        """The triggers."""
        if not len(self._order):
            return ()
        counts = self._each(count, "counted")
        if len(counts) == 1:
            (self._counts_uri,) = counts
        else:
            run_tasks(join_counts, [self._joining(counts)], self._session)
        suspects = self._each(suspect, "suspects")
        (candidates,) = run_tasks(name_candidates, [self._joining(suspects)], self._session)
        if not len(candidates):
            return ()
        evidence = self._each(recount, "evidence", candidates)
        return run_tasks(name_triggers, [self._joining(evidence)], self._session)[0]

    def _each(
        self,
        step: Callable[[Searching], str],
        name: str,
        candidates: Hashes = NO_CANDIDATES,
    ) -> tuple[str, ...]:
        """Where a step leaves its results, a file for each batch of rows."""
        names = (store.join(self._folder, f"{name}-{n:04d}") for n in itertools.count())
        tasks = [
            Searching(files, self._share, uri, self._counts_uri, candidates)
            for files, uri in zip(self._batches(), names, strict=False)
        ]
        return tuple(sorted(run_tasks(step, tasks, self._session)))

    def _joining(self, uris: tuple[str, ...]) -> Joining:
        return Joining(uris, self._counts_uri, self._share)

    def _batches(self) -> Iterator[tuple[RowsOf, ...]]:
        """The rows in batches, by file and place."""
        size = max(_ROWS_PER_TASK, -(-len(self._order) // _MOST_TASKS))
        for start in range(0, len(self._order), size):
            chosen = self._order[start : start + size]
            yield tuple(rows for rows, _ in self._pages.by_file(chosen))
