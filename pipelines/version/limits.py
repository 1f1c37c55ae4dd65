"""Limits: which documents of a source are taken, so that no source has too many.

Of each source those come first that come first in the seeded order of publishing. So the choice in
one source does not depend on the others, and a document that is taken stays taken unless its source
gets another that precedes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.ids import order_key
from schemas.limits import Limits

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

ALONE = -1
"""The family of a document that has no near duplicate."""


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
