"""Bring the vectors of each cluster together for the task that compares them.

Each file of vectors is read once, and its vectors are written to a scratch file with one row group
for each cluster; the task of a cluster reads the row groups of that cluster. A vector is in its
nearest cluster and in the second nearest, as pairs at the border of two clusters would else be
missed.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from workers import store
from workers.embeddings.clusters import find_centroids, nearest
from workers.embeddings.comparing import Edges, Ints, compare
from workers.embeddings.kept import VectorsOf
from workers.embeddings.vectors import Vectors, from_bytes, to_bytes

_PLACED = pa.schema([("record", pa.int64()), ("rank", pa.int64()), ("vector", pa.binary())])
HOMES = 2
"""In how many clusters a vector is by default."""


@dataclass(frozen=True, slots=True)
class Clustering:
    """A sample of vectors, in the order of the keys of their texts, and how many clusters."""

    sample: tuple[bytes, ...]
    clusters: int
    uri: str


def cluster(task: Clustering) -> None:
    """Write the centroids of a sample."""
    centroids = find_centroids(from_bytes(list(task.sample)), task.clusters)
    out = io.BytesIO()
    np.save(out, centroids)
    store.write_bytes(task.uri, out.getvalue())


@dataclass(frozen=True, slots=True)
class Placing:
    """Vectors to bring to their `homes` nearest clusters: of which records, and where those stand
    in the order.

    `centroids_uri` is None where there is one cluster. They are written to `uri`.
    """

    vectors: tuple[VectorsOf, ...]
    record: Ints
    rank: Ints
    centroids_uri: str | None
    homes: int
    uri: str


@dataclass(frozen=True, slots=True)
class Placed:
    """The clusters of a scratch file: the n-th row group has `sizes[n]` of `clusters[n]`."""

    uri: str
    clusters: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.int64]


def place(task: Placing) -> Placed:
    """Write vectors by their clusters."""
    column = [vector for part in task.vectors for vector in part.read()]
    vectors = from_bytes(column)
    homes = _homes(vectors, task)
    home = homes.ravel()
    order = np.argsort(home, kind="stable")
    clusters, sizes = np.unique(home[order], return_counts=True)
    with store.temporary_folder() as folder:
        path = folder / "placed.parquet"
        with pq.ParquetWriter(path, _PLACED, compression="none", use_dictionary=False) as writer:
            for chosen in np.split(order // homes.shape[1], np.cumsum(sizes)[:-1]):
                table = pa.table(
                    [task.record[chosen], task.rank[chosen], to_bytes(vectors[chosen])],
                    schema=_PLACED,
                )
                writer.write_table(table, row_group_size=len(chosen))
        store.upload(path, task.uri)
    return Placed(task.uri, clusters, sizes)


def _homes(vectors: Vectors, task: Placing) -> npt.NDArray[np.int32]:
    if task.centroids_uri is None:
        return np.zeros((len(vectors), 1), np.int32)
    centroids = np.load(io.BytesIO(store.read_bytes(task.centroids_uri)))
    return nearest(vectors, centroids, min(task.homes, len(centroids)))


@dataclass(frozen=True, slots=True)
class Comparing:
    """A cluster: the row groups that have its vectors, and from where on two are duplicates."""

    parts: tuple[tuple[str, int], ...]
    similarity: float


def compare_cluster(task: Comparing) -> Edges:
    """The pairs of a cluster that are similar enough."""
    tables = []
    for uri, row_group in task.parts:
        with store.open_input(uri) as handle:
            tables.append(pq.ParquetFile(handle).read_row_group(row_group))
    table = pa.concat_tables(tables)
    table = table.take(pa.array(np.argsort(table["rank"].to_numpy(), kind="stable")))
    vectors = from_bytes(table["vector"].to_pylist())
    return compare(vectors, table["record"].to_numpy(), task.similarity)


def clusters_of(placed: Sequence[Placed], similarity: float) -> list[Comparing]:
    """The task of each cluster, the largest first; a cluster of one vector needs none."""
    parts: dict[int, list[tuple[str, int]]] = {}
    sizes: dict[int, int] = {}
    for file in sorted(placed, key=lambda file: file.uri):
        for group, (number, size) in enumerate(
            zip(file.clusters.tolist(), file.sizes.tolist(), strict=True)
        ):
            parts.setdefault(number, []).append((file.uri, group))
            sizes[number] = sizes.get(number, 0) + size
    order = sorted(parts, key=lambda number: (-sizes[number], number))
    return [Comparing(tuple(parts[n]), similarity) for n in order if sizes[n] > 1]
