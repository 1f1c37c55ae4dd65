"""Clusters of embeddings: spherical k-means on a sample, and the nearest clusters of each. Pure.

The clusters depend on the sample and its order alone: the first vectors of it are the first
centroids, rounds are fixed, and products are exact (`workers.embeddings.vectors`).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from workers.embeddings.vectors import Vectors, products, whole_numbers

_ROUNDS = 8
_ROWS_AT_ONCE = 4096

Places = npt.NDArray[np.int32]


def find_centroids(sample: Vectors, count: int) -> Vectors:
    """The centroids of `count` clusters, no more than vectors in the sample."""
    centroids = sample[:count].copy()
    for _ in range(_ROUNDS):
        home = nearest(sample, centroids, 1)[:, 0]
        order = np.argsort(home, kind="stable")
        starts = np.flatnonzero(np.diff(home[order], prepend=-1))
        sums = np.add.reduceat(sample[order].astype(np.int64), starts, axis=0)
        for cluster, total in zip(home[order][starts].tolist(), sums, strict=True):
            row = total.astype(np.float64)
            length = math.sqrt(math.fsum(row * row))  # fsum: the same in any order
            if length:
                centroids[cluster] = whole_numbers(row / length)
    return centroids


def nearest(vectors: Vectors, centroids: Vectors, count: int) -> Places:
    """The `count` nearest centroids of each vector, the nearest first: int32 (vectors, count).

    Of centroids that are as near, the first comes first.
    """
    places = np.zeros((len(vectors), count), np.int32)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        near = products(vectors[rows], centroids)
        for rank in range(count):
            places[rows, rank] = near.argmax(axis=1)
            np.put_along_axis(near, places[rows, rank, None], -np.inf, axis=1)
    return places
