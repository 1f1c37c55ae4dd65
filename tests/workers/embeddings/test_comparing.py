"""Comparing gives what comparing all pairs gives, whatever the blocks and orders of addition."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from workers.embeddings.clusters import find_centroids, nearest
from workers.embeddings.comparing import compare
from workers.embeddings.vectors import (
    SCALE,
    Vectors,
    cosines,
    from_bytes,
    lengths,
    products,
    to_bytes,
    whole_numbers,
)


def unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def families(seed: int, count: int, dimensions: int = 24) -> Vectors:
    """Vectors in families around a few centres, some of them equal."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(12, dimensions))
    drawn = centres[random.integers(12, size=count)]
    spread = random.choice([0.0, 0.1, 0.3, 0.8], size=(count, 1))
    return whole_numbers(unit(drawn + spread * random.normal(size=drawn.shape)))


def kept_by_pairs(vectors: Vectors, similarity: float) -> dict[int, tuple[int, float]]:
    """Which vectors are dropped for which, one after the other, in whole numbers of Python."""
    size = [sum(int(x) * int(x) for x in row) ** 0.5 for row in vectors]
    kept: list[int] = []
    dropped = {}
    for row, vector in enumerate(vectors):
        alike = []
        for other in kept:
            product = int(vector.astype(np.int64) @ vectors[other].astype(np.int64))
            alike.append(round(product / (size[row] * size[other]), 6))
        if alike and max(alike) >= similarity:
            dropped[row] = (kept[int(np.argmax(alike))], max(alike))
        else:
            kept.append(row)
    return dropped


@pytest.mark.parametrize(("seed", "count"), [(0, 1), (1, 2), (2, 300), (3, 1500)])
def test_pairs_are_those_of_all_pairs(seed: int, count: int) -> None:
    vectors = families(seed, count)
    rows = np.arange(count, dtype=np.int64) * 3 + 7
    edges = compare(vectors, rows, 0.95)
    best: dict[int, tuple[int, float]] = {}
    for row, other, alike in zip(
        edges.row.tolist(), edges.other.tolist(), edges.similarity.tolist(), strict=True
    ):
        best.setdefault((row - 7) // 3, ((other - 7) // 3, alike))
    assert best == kept_by_pairs(vectors, 0.95)


def test_similarities_are_exact_in_any_order_and_block() -> None:
    random = np.random.default_rng(0)
    vectors = whole_numbers(unit(random.normal(size=(64, 4096))))
    assert (vectors.astype(np.int64) ** 2).sum(axis=1).max() < 2**24
    exact = vectors.astype(np.int64) @ vectors.astype(np.int64).T
    assert (products(vectors, vectors) == exact).all()
    order = random.permutation(4096)
    assert (products(vectors[:7, order], vectors[:, order]) == exact[:7]).all()
    one = np.zeros((1, 4096), np.int16)
    one[0, 0] = SCALE
    assert cosines(products(one, one), lengths(one), lengths(one)).tolist() == [[1.0]]
    assert (from_bytes(to_bytes(vectors)) == vectors).all()


def test_vectors_of_one_topic_have_one_cluster() -> None:
    random = np.random.default_rng(0)
    topics = unit(random.normal(size=(4, 32)))
    home = random.integers(4, size=400)
    vectors = whole_numbers(unit(topics[home] + 0.05 * random.normal(size=(400, 32))))
    first = np.concatenate([np.flatnonzero(home == topic)[:1] for topic in range(4)])
    sample = np.concatenate([vectors[first], vectors])
    found = nearest(vectors, find_centroids(sample, 4), 2)
    assert (found[:, 0] == home).all()
    assert (found[:, 1] != home).all()
