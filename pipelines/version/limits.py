"""Limits: which documents of a source are taken, so that no source has too many.

Of each source those come first that come first in the seeded order of publishing. So the choice in
one source does not depend on the others, and a document that is taken stays taken unless its source
gets another that precedes it.

Limits apply before pages are compared, so that no page is dropped for a keeper that they leave out.
Families come from comparing all documents; those that are chosen are then compared once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from pipelines.version.dedup import Drops
from pipelines.version.records import Flags, Records
from schemas.ids import order_key
from schemas.inventory import Document
from schemas.limits import Limits, SourceRow, SourcesRecord
from schemas.recipe import Recipe
from schemas.sources import record_place

Numbers = npt.NDArray[np.int64]

ALONE = -1
"""The family of a document that has no near duplicate."""


_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Families:
    """The documents that have near duplicates, ascending, and the family of each."""

    documents: Numbers
    family: Numbers

    def of(self, documents: Numbers) -> Numbers:
        """The family of each of some documents, `ALONE` where it has none."""
        if not len(self.documents):
            return np.full(len(documents), ALONE, np.int64)
        place = np.minimum(np.searchsorted(self.documents, documents), len(self.documents) - 1)
        is_there = self.documents[place] == documents
        family: Numbers = np.where(is_there, self.family[place], ALONE)
        return family


@dataclass(frozen=True, slots=True)
class Limited:
    """What the limits leave out, `left_out`, of the documents `among`: flags a document.

    `source` is the number of each document's source, in `sources`; `family` of its near duplicates,
    None where the limits do not ask for it.
    """

    left_out: Flags
    among: Flags
    sources: Sequence[str]
    source: Numbers
    family: Families | None

    def by_source(self, families_of_taken: Families) -> SourcesRecord:
        """What the sources have, those with the most documents.

        Without `per_family` only the documents that were taken have been compared.
        """
        families = families_of_taken if self.family is None else self.family
        counts = counts_by_source(self.source[self.among], families.of(np.flatnonzero(self.among)))
        taken = np.bincount(self.source[self.among & ~self.left_out], minlength=len(self.sources))
        order = sorted(counts, key=lambda n: (-counts[n].documents, self.sources[n]))
        largest: list[SourceRow] = [
            {
                "source": self.sources[number],
                "documents": counts[number].documents,
                "taken": int(taken[number]),
                "families": counts[number].families,
                "largest_family": counts[number].largest_family,
            }
            for number in order[:_MOST_SHOWN]
        ]
        return {"sources": len(counts), "largest": largest}


def limit(
    recipe: Recipe, documents: Sequence[Document], among: Flags, families: Families | None
) -> Limited:
    """Choose from the documents that are flagged in `among` by the recipe's limits.

    `families` are those of near duplicates; None where the limits do not ask for them.
    """
    names = [source_of(document) for document in documents]
    sources = sorted(set(names))
    number_of = {name: number for number, name in enumerate(sources)}
    source = np.array([number_of[name] for name in names], np.int64)
    left_out = np.zeros(len(documents), bool)
    if recipe.limits != Limits():
        chosen = np.flatnonzero(among)
        family = np.full(len(chosen), ALONE) if families is None else families.of(chosen)
        doc_ids = [documents[number].doc_id for number in chosen.tolist()]
        left_out[chosen] = left_out_by_limits(
            doc_ids, source[chosen], family, recipe.limits, recipe.publish.seed
        )
    return Limited(left_out, among, sources, source, families)


def families_of(documents: Records, drops: Drops) -> Families:
    """The families by what was dropped for what, each with its keeper's number.

    `documents` and `drops` are along each other.
    """
    dropped = np.flatnonzero(drops.dropped)
    keepers = documents.doc[drops.keeper[dropped]].astype(np.int64)
    members = np.concatenate([documents.doc[dropped], keepers]).astype(np.int64)
    places, first = np.unique(members, return_index=True)
    return Families(places, np.concatenate([keepers, keepers])[first])


def source_of(document: Document) -> str:
    """The source that a document counts for: a host, a container or file of records, or a folder.

    >>> from schemas.shards import SeenFile
    >>> source_of(Document("id", (SeenFile("/corpus/a/1.pdf", 9, "1"),), "application/pdf", 1))
    '/corpus/a'
    """
    host = _host(document.provenance.url)
    if host:
        return host
    if document.provenance.container is not None:
        return document.provenance.container
    uri = document.source_uri
    try:
        return record_place(uri).file_uri
    except ValueError:  # a file of its own
        return uri.rpartition("/")[0] or uri


def _host(url: str | None) -> str:
    """The host of a URL without `www.`; empty where it has none."""
    try:
        host = urlsplit(url or "").hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.")


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What a source has: documents, families of near duplicates, and the largest of these."""

    documents: int
    families: int
    largest_family: int


def left_out_by_limits(
    doc_ids: Sequence[str], source: Numbers, family: Numbers, limits: Limits, seed: int
) -> Flags:
    """Which documents the limits leave out.

    `source` and `family` are numbers, int64 (documents); a family of `ALONE` is none.
    """
    order = _seeded(doc_ids, seed)
    left_out = np.zeros(len(doc_ids), bool)
    if limits.per_family is not None:
        place = order[family[order] != ALONE]
        left_out[place[_rank(source[place], family[place]) >= limits.per_family]] = True
    if limits.per_source is not None:
        place = order[~left_out[order]]
        left_out[place[_rank(source[place]) >= limits.per_source]] = True
    return left_out


def counts_by_source(source: Numbers, family: Numbers) -> dict[int, SourceCounts]:
    """What each source has, by its number."""
    counts = {}
    for number in np.unique(source).tolist():
        own = family[source == number]
        _, sizes = np.unique(own[own != ALONE], return_counts=True)
        counts[number] = SourceCounts(len(own), len(sizes), int(sizes.max(initial=0)))
    return counts


def _seeded(doc_ids: Sequence[str], seed: int) -> Numbers:
    """The places of the documents in the seeded order."""
    keys = b"".join(order_key(seed, doc_id) for doc_id in doc_ids)
    # key: uint64 (documents, 2), of which the first half counts first
    key = np.frombuffer(keys, ">u8").reshape(len(doc_ids), 2)
    order: Numbers = np.lexsort((key[:, 1], key[:, 0])).astype(np.int64)
    return order


def _rank(*groups: Numbers) -> Numbers:
    """How many entries before each one are of the same group."""
    order = np.lexsort(groups[::-1])
    is_first = np.ones(len(order), bool)
    is_first[1:] = np.any([group[order][1:] != group[order][:-1] for group in groups], axis=0)
    start = np.maximum.accumulate(np.where(is_first, np.arange(len(order)), 0))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - start
    return rank
