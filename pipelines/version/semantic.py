"""Semantic deduplication: which rows mean the same as one that is kept, and join the first drops.

    what the first comparison left ─► vectors ─► [ place ] by nearest clusters
       ─► [ compare ] per cluster ─► decide in the order of quality and id ─► drops of both

Pairs that are similar enough come from the clusters; the decision is here, in one order for all: a
row is dropped if it is similar to a kept one, so it never names a row that is dropped itself. The
number of clusters, and where they lie, depend on the texts that are compared and on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cluster.session import Session
from pipelines.steps.tasks import run_tasks, task_results
from pipelines.version.dedup import Drops
from pipelines.version.embeddings import Embedded, Embedding, embed_rows
from pipelines.version.records import NOBODY, Flags, Ints, Records
from schemas.semantic import Semantic
from workers import store
from workers.embeddings.comparing import Edges
from workers.embeddings.gathering import (
    HOMES,
    Clustering,
    Placing,
    cluster,
    clusters_of,
    compare_cluster,
    place,
)
from workers.embeddings.kept import VectorsOf
from workers.publishing.decisions import KINDS
from workers.publishing.qualities import qualities
from workers.publishing.records import Level

_PER_CLUSTER = 8192
_SAMPLE_PER_CLUSTER = 64
_VECTORS_PER_TASK = 65_536
SEMANTIC = KINDS.index("semantic")


@dataclass(frozen=True, slots=True)
class SemanticDrops:
    """The drops of both comparisons, and the names of the files of embeddings they rest on."""

    drops: Drops
    used: frozenset[str] = frozenset()


def drop_semantic(
    originals: Records,
    among: Flags,
    level: Level,
    drops: Drops,
    embedding: Embedding | None,
    scratch: str,
) -> SemanticDrops | Flags:
    """The drops of the first comparison and those of the second, or rows to be read again first.

    `drops` are those of the first, of the records that are flagged in `among`. Without an
    `embedding` there is no second.
    """
    if embedding is None:
        return SemanticDrops(drops)
    embedded = embed_rows(originals, among & ~drops.dropped, level, embedding)
    if isinstance(embedded, np.ndarray):
        return embedded
    rows = np.flatnonzero(embedded.file != NOBODY)
    quality = _qualities(originals, rows, embedding.session)
    folder = store.join(scratch, f"{level}-embeddings")
    second = compare_rows(
        *(embedded, rows, quality, embedding.encoder.semantic, folder, embedding.session)
    )
    return SemanticDrops(_joined(drops, second), embedded.used)


def _joined(first: Drops, second: Drops) -> Drops:
    """The drops of both. A row whose keeper the second drops names the keeper of that."""
    keeper = np.where(second.dropped, second.keeper, first.keeper)
    moved = first.dropped & second.dropped[first.keeper]
    keeper[moved] = second.keeper[first.keeper[moved]]
    return Drops(
        keeper,
        np.where(second.dropped, second.kind, first.kind),
        np.where(second.dropped, second.similarity, first.similarity),
        first.links,
    )


def cluster_count(vectors: int) -> int:
    """The default number of clusters: a power of two, so that it seldom changes as a corpus grows.

    >>> cluster_count(8192), cluster_count(8193), cluster_count(20_000)
    (1, 2, 4)
    """
    count = 1
    while count * _PER_CLUSTER < vectors:
        count *= 2
    return count


# ---- comparing ----------------------------------------------------------------------------------


def compare_rows(
    embedded: Embedded,
    rows: Ints,
    quality: npt.NDArray[np.float64],
    semantic: Semantic,
    folder: str,
    session: Session,
    homes: int = HOMES,
) -> Drops:
    """Which of `rows`, records with a vector, mean the same as one that is kept.

    Args:
        embedded: where the vectors of all records lie.
        rows: the records to compare, ascending.
        quality: float64 (rows,), along them.
        semantic: the recipe's settings.
        folder: where scratch files are passed.
        session: where tasks run.
        homes: in how many clusters a vector is.
    """
    count = len(embedded.file)
    drops = Drops(
        np.full(count, NOBODY, np.int64), np.zeros(count, np.uint8), np.zeros(count, np.float32)
    )
    if len(rows) < 2:
        return drops
    # 1. The order of rows: the best first, then by id.
    rank = np.zeros(count, np.int64)
    rank[rows[np.argsort(-quality, kind="stable")]] = np.arange(len(rows))

    # 2. Where the clusters lie, by a sample of texts that their keys choose.
    texts, first = np.unique(embedded.text[rows], return_index=True)
    wanted = semantic.clusters or cluster_count(len(texts))
    clusters = min(wanted, len(texts))
    centroids_uri: str | None = None
    if clusters > 1:
        sample = rows[first[: clusters * _SAMPLE_PER_CLUSTER]]
        vectors = _vectors(embedded, sample, session)
        centroids_uri = store.join(folder, "centroids.npy")
        run_tasks(cluster, [Clustering(vectors, clusters, centroids_uri)], session)

    # 3. Bring the vectors to their clusters, compare within each, decide.
    placings = [
        Placing(*part, centroids_uri, homes, store.join(folder, f"placed-{number:06d}.parquet"))
        for number, part in enumerate(_parts(embedded, rows, rank))
    ]
    placed = run_tasks(place, placings, session)
    tasks = clusters_of(placed, semantic.similarity)
    edges = Edges.joined(list(task_results(compare_cluster, tasks, session)))
    return _decide(edges, rank, drops)


def _decide(edges: Edges, rank: Ints, drops: Drops) -> Drops:
    """Drop each row that is similar to a kept one, for the most similar of those."""
    order = np.lexsort((rank[edges.other], -edges.similarity, rank[edges.row]))
    row, other = edges.row[order].tolist(), edges.other[order].tolist()
    similarity = edges.similarity[order].tolist()
    keeper = drops.keeper
    # A loop, because each decision rests on those before it.
    for member, keeping, alike in zip(row, other, similarity, strict=True):
        if keeper[member] == NOBODY and keeper[keeping] == NOBODY:
            keeper[member] = keeping
            drops.similarity[member] = alike
            drops.kind[member] = SEMANTIC
    return drops


def _qualities(originals: Records, rows: Ints, session: Session) -> npt.NDArray[np.float64]:
    """The quality of each row, along `rows`, which ascend."""
    files = list(originals.by_file(rows))
    places = {task.first: np.searchsorted(rows, at) for task, at in files}
    found = np.zeros(len(rows), np.float64)
    for task, values in run_tasks(qualities, [task for task, _ in files], session):
        found[places[task.first]] = values
    return found


def _by_file(embedded: Embedded, rows: Ints) -> Iterator[tuple[VectorsOf, Ints]]:
    """The vectors of rows by the files they lie in, and which rows they are."""
    order = rows[np.lexsort((embedded.row[rows], embedded.file[rows]))]
    for some in np.split(order, np.flatnonzero(np.diff(embedded.file[order])) + 1):
        if len(some):
            uri = embedded.files[int(embedded.file[some[0]])]
            yield VectorsOf(uri, embedded.row[some]), some


def _vectors(embedded: Embedded, rows: Ints, session: Session) -> tuple[bytes, ...]:
    """The vectors of rows, in the order of `rows`."""
    files = list(_by_file(embedded, rows))
    rows_of = {task.uri: some for task, some in files}
    found: dict[int, bytes] = {}
    for uri, vectors in run_tasks(_read, [task for task, _ in files], session):
        found |= dict(zip(rows_of[uri].tolist(), vectors, strict=True))
    return tuple(found[number] for number in rows.tolist())


def _read(task: VectorsOf) -> tuple[str, list[bytes]]:
    return task.uri, task.read()


def _parts(
    embedded: Embedded, rows: Ints, rank: Ints
) -> Iterator[tuple[tuple[VectorsOf, ...], Ints, Ints]]:
    """Vectors in parts of some ten thousand, their records, and where those stand in the order."""
    waiting: list[tuple[VectorsOf, Ints]] = []
    for vectors, some in _by_file(embedded, rows):
        if waiting and sum(len(w) for _, w in waiting) + len(some) > _VECTORS_PER_TASK:
            yield _part(waiting, rank)
            waiting = []
        waiting.append((vectors, some))
    yield _part(waiting, rank)


def _part(
    waiting: list[tuple[VectorsOf, Ints]], rank: Ints
) -> tuple[tuple[VectorsOf, ...], Ints, Ints]:
    records = np.concatenate([some for _, some in waiting])
    return tuple(vectors for vectors, _ in waiting), records, rank[records]
