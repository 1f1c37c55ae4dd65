"""Decide which members of components are dropped, and for which keeper. Pure.

Within a component members are taken in the order of their quality, then of their ids. A member is
dropped only if it is similar to a kept one, and its keeper is the most similar of those. So a
chain of neighbours never drops a member that is far from its keeper, and the result does not
depend on arrival. In a component of up to `Bounds.family` members each is compared with every kept
one; in a larger one with those that `workers.publishing.families` names, so that the cost grows
with the members and not with their square.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.dedup import Dedup, NearText
from workers.publishing.duplicates import Indices, Items, components
from workers.publishing.families import Bounds, FamilyIndex, index_family, ranges
from workers.publishing.similarity import Comparison, Flags, compare_pictures, compare_texts

KINDS = ("", "exact_text", "near_text", "near_image", "semantic")
"""`semantic` is decided apart, in `pipelines.version.semantic`."""

BOUNDS = Bounds()
_PAIRS_AT_ONCE = 2**20


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Items `index` are dropped for `keeper`; `kind` is an index of `KINDS`. Sorted by index."""

    index: Indices
    keeper: Indices
    kind: npt.NDArray[np.uint8]
    similarity: npt.NDArray[np.float64]

    @staticmethod
    def of(parts: Sequence[Duplicates]) -> Duplicates:
        """The duplicates of several sets of items that do not overlap."""
        index = np.concatenate([np.zeros(0, np.int64), *(p.index for p in parts)])
        order = np.argsort(index)
        return Duplicates(
            index[order],
            np.concatenate([np.zeros(0, np.int64), *(p.keeper for p in parts)])[order],
            np.concatenate([np.zeros(0, np.uint8), *(p.kind for p in parts)])[order],
            np.concatenate([np.zeros(0), *(p.similarity for p in parts)])[order],
        )


def decide(
    items: Items, members: Indices, sizes: Indices, settings: Dedup, bounds: Bounds = BOUNDS
) -> Duplicates:
    """The duplicates within components.

    Args:
        items: what is compared.
        members: indices into `items`, one component after the other.
        sizes: how many members each component has.
        settings: the recipe's deduplication.
        bounds: how many members are compared with each other.
    """
    near = settings.near or NearText()
    component = np.repeat(np.arange(len(sizes)), sizes)
    wordy = items.text_tokens[members] >= near.min_text_tokens
    order = np.lexsort((items.ids[members], -items.scores[members], component))
    parts = []
    for chosen, kind in ((order[wordy[order]], "near_text"), (order[~wordy[order]], "near_image")):
        compared = _comparison(items, members[chosen], settings, kind)
        if compared is not None:
            held = np.bincount(component[chosen], minlength=len(sizes))
            edges = _edges(compared, held, bounds)
            parts.append(_best(edges, members[chosen], KINDS.index(kind)))
    return Duplicates.of(parts)


def similar_pairs(
    items: Items, members: Indices, sizes: Indices, settings: Dedup, bounds: Bounds = BOUNDS
) -> Indices:
    """Pairs of similar members, whichever of them are kept: int64 (pairs, 2).

    In a component of up to `Bounds.family` members all pairs are compared, in a larger one those
    that `workers.publishing.families` names and those of each batch. Of the similar pairs only so
    many are returned as connect the same members. The arguments are those of `decide`.
    """
    near = settings.near or NearText()
    component = np.repeat(np.arange(len(sizes)), sizes)
    wordy = items.text_tokens[members] >= near.min_text_tokens
    pairs = [np.zeros((0, 2), np.int64)]
    for chosen, kind in ((wordy, "near_text"), (~wordy, "near_image")):
        places = np.flatnonzero(chosen)
        compared = _comparison(items, members[places], settings, kind)
        if compared is not None:
            held = np.bincount(component[places], minlength=len(sizes))
            linked, of_sets = components(_linked(compared, held, bounds), len(places))
            first = np.repeat(np.cumsum(of_sets) - of_sets, of_sets)
            ends = np.stack([linked[first], linked], axis=1)
            pairs.append(members[places[ends[ends[:, 0] != ends[:, 1]]]])
    return np.concatenate(pairs)


def _linked(compared: Comparison, sizes: Indices, bounds: Bounds) -> Iterator[Indices]:
    """All similar pairs of components whose members lie one after the other, part by part."""
    starts = np.cumsum(sizes) - sizes
    for chosen in _together(sizes, bounds.family):
        yield _similar(compared, *_all_pairs(starts[chosen], sizes[chosen])).pairs
    for place in np.flatnonzero(sizes > bounds.family).tolist():
        start, size = int(starts[place]), int(sizes[place])
        index = index_family(compared, slice(start, start + size), bounds)
        everyone = np.ones(size, bool)
        for begin in range(0, size, bounds.largest_batch):
            end = min(begin + bounds.largest_batch, size)
            left, right = index.candidates(begin, end, everyone)
            yield _similar(compared, start + left, start + right).pairs
            batch = np.array([start + begin]), np.array([end - begin])
            yield _similar(compared, *_all_pairs(*batch)).pairs
            index.add(np.arange(begin, end))


def _all_pairs(starts: Indices, sizes: Indices) -> tuple[Indices, Indices]:
    """Pairs of each member with all before it in its component."""
    before = ranges(np.zeros(len(sizes), np.int64), sizes)
    member = ranges(starts, sizes)
    return np.repeat(member, before), ranges(member - before, before)


def _comparison(items: Items, members: Indices, settings: Dedup, kind: str) -> Comparison | None:
    if kind == "near_text":
        is_on = settings.exact_text or settings.near is not None
        return compare_texts(items, members, settings) if is_on else None
    if settings.image is None or items.image_hashes is None:
        return None
    return compare_pictures(items, members, settings.image)


@dataclass(frozen=True, slots=True)
class _Edges:
    """Pairs of a member and a similar member that comes before it in the order."""

    member: Indices
    other: Indices
    similarity: npt.NDArray[np.float64]
    exact: Flags

    @property
    def pairs(self) -> Indices:
        """The two members of each edge: int64 (edges, 2)."""
        return np.stack([self.member, self.other], axis=1)

    def take(self, chosen: Flags | Indices) -> _Edges:
        return _Edges(
            self.member[chosen], self.other[chosen], self.similarity[chosen], self.exact[chosen]
        )

    @staticmethod
    def joined(parts: Sequence[_Edges]) -> _Edges:
        none = _Edges(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool))
        every = [none, *parts]
        return _Edges(
            np.concatenate([p.member for p in every]),
            np.concatenate([p.other for p in every]),
            np.concatenate([p.similarity for p in every]),
            np.concatenate([p.exact for p in every]),
        )


def _similar(compared: Comparison, member: Indices, other: Indices) -> _Edges:
    """The pairs that are duplicates of each other."""
    similarity, exact = compared.similarity(member, other)
    return _Edges(member, other, similarity, exact).take(similarity > 0)


def _best(edges: _Edges, members: Indices, kind: int) -> Duplicates:
    """The best edge of each member: to the same text, else to the most similar, else to the first.

    All edges lead to kept members.
    """
    order = np.lexsort((edges.other, -edges.similarity, ~edges.exact, edges.member))
    edges = edges.take(order)
    edges = edges.take(np.flatnonzero(np.diff(edges.member, prepend=-1)))
    kinds = np.where(edges.exact, KINDS.index("exact_text"), kind).astype(np.uint8)
    return Duplicates(members[edges.member], members[edges.other], kinds, edges.similarity)


def _edges(compared: Comparison, sizes: Indices, bounds: Bounds) -> _Edges:
    """The edges to kept members, of all components; their members lie one after the other."""
    starts = np.cumsum(sizes) - sizes
    edges = []
    for chosen in _together(sizes, bounds.small):
        pairs = _all_pairs(starts[chosen], sizes[chosen])
        edges.append(_settled(_similar(compared, *pairs)))
    for place in np.flatnonzero(sizes > bounds.small).tolist():
        edges += _family(compared, int(starts[place]), int(sizes[place]), bounds)
    return _Edges.joined(edges)


def _together(sizes: Indices, small_size: int) -> Iterator[Indices]:
    """Small components in groups of about `_PAIRS_AT_ONCE` pairs."""
    small = np.flatnonzero((sizes > 1) & (sizes <= small_size))
    pairs = np.cumsum(sizes[small] * (sizes[small] - 1) // 2)
    yield from np.split(small, np.flatnonzero(np.diff(pairs // _PAIRS_AT_ONCE)) + 1)


def _settled(edges: _Edges) -> _Edges:
    """Decide on members from the edges among them; the edges that lead to a kept member."""
    edges = edges.take(np.argsort(edges.member, kind="stable"))
    dropped: set[int] = set()
    # In the order of members. A loop, because each decision rests on those before it.
    for member, other in zip(edges.member.tolist(), edges.other.tolist(), strict=True):
        if other not in dropped:
            dropped.add(member)
    is_dropped = np.isin(edges.other, np.fromiter(dropped, np.int64, len(dropped)))
    return edges.take(~is_dropped)


def _family(compared: Comparison, start: int, size: int, bounds: Bounds) -> Iterator[_Edges]:
    """The edges to kept members of one component, batch by batch in the order of its members."""
    span = slice(start, start + size)
    index = index_family(compared, span, bounds) if size > bounds.family else None
    kept = np.zeros(size, bool)
    begin, batch = 0, bounds.first_batch
    while begin < size:
        end = min(begin + batch, size)
        left, right = _candidates(index, begin, end, kept)
        earlier = _similar(compared, start + left, start + right)
        yield earlier
        is_open = np.ones(end - begin, bool)
        is_open[earlier.member - start - begin] = False
        # Members of the batch without an edge to a kept one are open: they may be kept.
        others = begin + np.flatnonzero(is_open)
        rows, columns = np.nonzero(others[None, :] < np.arange(begin, end)[:, None])
        within = _similar(compared, start + begin + rows, start + others[columns])
        among = _settled(within.take(is_open[within.member - start - begin]))
        is_open[among.member - start - begin] = False
        kept[begin:end] = is_open
        yield within.take(kept[within.other - start])
        if index is not None:
            index.add(begin + np.flatnonzero(is_open))
        begin, batch = end, min(2 * batch, bounds.largest_batch)


def _candidates(
    index: FamilyIndex | None, begin: int, end: int, kept: Flags
) -> tuple[Indices, Indices]:
    """Pairs of a member of the batch and a member that is kept already."""
    if index is not None:
        return index.candidates(begin, end, kept)
    before = np.flatnonzero(kept[:begin])
    return np.repeat(np.arange(begin, end), len(before)), np.tile(before, end - begin)
