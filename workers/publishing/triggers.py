"""Search the texts of rows for triggers: what `workers.policies.poisoning` does, in tasks.

    rows ─► [ count ] per batch ─► [ join ] ─► [ suspect ] per batch ─► [ name candidates ]
         ─► [ recount ] per batch ─► [ name triggers ]

Tasks pass their results on in scratch files: tables of counts have 164 MiB before compression, and
whoever starts the tasks holds none of them. Each step reads the texts once.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.ids import page_id
from schemas.triggers import SoughtTrigger
from workers import store
from workers.policies.poisoning import (
    LEAST_DOCUMENTS,
    Counts,
    Evidence,
    Suspects,
    Text,
    is_counted,
    packing,
    triggers_of,
)
from workers.publishing.rows_of import RowsOf

Hashes = npt.NDArray[np.uint64]
_ROWS_AT_ONCE = 512
NO_CANDIDATES: Hashes = np.zeros(0, np.uint64)


@dataclass(frozen=True, slots=True)
class Searching:
    """Rows of pages or conversations; the result goes to `uri`.

    `share` is the share of all rows that is counted, `counts_uri` where the counts of all are once
    they are joined. `candidates` are the hashes of what may be a trigger, once they are named.
    """

    rows: tuple[RowsOf, ...]
    share: float
    uri: str
    counts_uri: str
    candidates: Hashes


@dataclass(frozen=True, slots=True)
class Joining:
    """Results of one step to be joined; `uri` is where the joined counts go, or are."""

    uris: tuple[str, ...]
    uri: str
    share: float


def count(task: Searching) -> str:
    """Count what is usual in the share of the rows that is counted."""
    counts = Counts.empty()
    for texts in _texts(task):
        counts.add(text.text for text in texts if is_counted(text.row_id, task.share))
    store.write_bytes(task.uri, packing.pack_counts(counts))
    return task.uri


def join_counts(task: Joining) -> None:
    """Add up counts."""
    total = Counts.empty()
    for uri in task.uris:
        total.merge(packing.unpack_counts(store.read_bytes(uri)))
    store.write_bytes(task.uri, packing.pack_counts(total))


def suspect(task: Searching) -> str:
    """Find where noise begins in the rows."""
    suspects, counts = Suspects.empty(), _counts(task.counts_uri)
    for texts in _texts(task):
        suspects.add(texts, counts)
    store.write_bytes(task.uri, packing.pack_suspects(suspects))
    return task.uri


def name_candidates(task: Joining) -> Hashes:
    """The hashes of what many rows have where noise begins."""
    suspects = Suspects.empty()
    for uri in task.uris:
        suspects.merge(packing.unpack_suspects(store.read_bytes(uri)))
    return suspects.candidates(_counts(task.uri), LEAST_DOCUMENTS, task.share)


def recount(task: Searching) -> str:
    """Count exactly in which rows the candidates stand, and where noise follows them."""
    evidence, counts = Evidence(task.candidates), _counts(task.counts_uri)
    for texts in _texts(task):
        evidence.add(texts, counts)
    store.write_bytes(task.uri, packing.pack_evidence(evidence))
    return task.uri


def name_triggers(task: Joining) -> tuple[SoughtTrigger, ...]:
    """The triggers among the candidates."""
    evidence = Evidence(NO_CANDIDATES)
    for uri in task.uris:
        evidence.merge(packing.unpack_evidence(store.read_bytes(uri)))
    return tuple(trigger.sought for trigger in triggers_of(evidence))


@functools.lru_cache(maxsize=1)  # of the corpus that this process searches
def _counts(uri: str) -> Counts:
    return packing.unpack_counts(store.read_bytes(uri))


def _texts(task: Searching) -> Iterator[list[Text]]:
    """The texts of the task's rows, some at a time."""
    for rows in task.rows:
        for batch in rows.batches(["doc_id", "page_index", "text"], _ROWS_AT_ONCE):
            yield [
                Text(page_id(row["doc_id"], row["page_index"]), row["doc_id"], row["text"])
                for row in batch.to_pylist()
            ]
