"""Compare the vectors of one cluster: which are similar to which that may be kept. Pure.

Vectors come in the order of their rows, by quality, then by id. Each is compared with those before
it that are similar to none before them, block by block, so memory is bounded by the cluster and
time by its vectors times those of them that differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.embeddings.vectors import Vectors, cosines, lengths, products

_BLOCK = 1024
_MOST_EDGES = 8
"""A row is dropped for one other; the others are there in case that one is dropped itself."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Edges:
    """Pairs of a row and a similar row that comes before it, by numbers of records."""

    row: Ints
    other: Ints
    similarity: npt.NDArray[np.float64]

    @staticmethod
    def joined(parts: list[Edges]) -> Edges:
        """The pairs of all parts."""
        nothing = Edges(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        parts = [nothing, *parts]
        return Edges(
            np.concatenate([part.row for part in parts]),
            np.concatenate([part.other for part in parts]),
            np.concatenate([part.similarity for part in parts]),
        )


def compare(vectors: Vectors, rows: Ints, similarity: float) -> Edges:
    """The pairs among the vectors of `rows` that are at least so similar.

    Of each row the most similar of those before it that are similar to none before them.
    """
    length = lengths(vectors)
    kept = np.zeros(0, np.intp)
    edges = []
    for start in range(0, len(rows), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(rows)))
        found = [_similar(vectors, length, block, part, similarity) for part in _parts(kept)]
        is_open = np.ones(len(block), bool)
        for pairs in found:
            is_open[pairs.row - start] = False
        within = _similar(vectors, length, block, block, similarity)
        within = _take(within, within.row > within.other)
        new = _first_of(within, block[is_open], start)
        found.append(_take(within, np.isin(within.other, new)))
        edges.append(_most_similar(Edges.joined(found)))
        kept = np.concatenate([kept, new])
    pairs = Edges.joined(edges)
    return Edges(rows[pairs.row], rows[pairs.other], pairs.similarity)


def _parts(kept: npt.NDArray[np.intp]) -> list[npt.NDArray[np.intp]]:
    return [kept[start : start + _BLOCK] for start in range(0, len(kept), _BLOCK)]


def _similar(
    vectors: Vectors,
    length: npt.NDArray[np.float64],
    left: npt.NDArray[np.intp],
    right: npt.NDArray[np.intp],
    similarity: float,
) -> Edges:
    product = products(vectors[left], vectors[right])
    # Fewer than one in a thousand are near the bound; only these are divided.
    least = (similarity - 1e-5) * length[left].min() * length[right].min()
    row, other = np.nonzero(product >= least)
    value = cosines(product[row, other].astype(np.float64), length[left[row]], length[right[other]])
    return _take(Edges(left[row], right[other], value), value >= similarity)


def _first_of(within: Edges, candidates: npt.NDArray[np.intp], start: int) -> Ints:
    """The candidates of a block that are similar to none of those before them."""
    near = np.zeros((_BLOCK, _BLOCK), bool)
    near[within.row - start, within.other - start] = True
    is_kept = np.zeros(_BLOCK, bool)
    for place in (candidates - start).tolist():  # each decision rests on those before it
        is_kept[place] = not (near[place] & is_kept).any()
    return start + np.flatnonzero(is_kept)


def _most_similar(edges: Edges) -> Edges:
    """Of each row its `_MOST_EDGES` most similar ones, the first where several are as similar."""
    edges = _take(edges, np.lexsort((edges.other, -edges.similarity, edges.row)))
    first = np.flatnonzero(np.diff(edges.row, prepend=-1))
    sizes = np.diff(first, append=len(edges.row))
    rank = np.arange(len(edges.row)) - np.repeat(first, sizes)
    return _take(edges, rank < _MOST_EDGES)


def _take(edges: Edges, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Edges:
    return Edges(edges.row[chosen], edges.other[chosen], edges.similarity[chosen])
