"""Decide which of a set of pages or documents are duplicates, and of what. Pure numpy.

Candidates come from equal text hashes and from MinHash bands (LSH); they are joined to
components by union–find. Within a component items are met in the order of
their quality: each is dropped only if it is truly similar to one already kept, so a chain of
neighbours never drops what is far from its keeper, and the result does not depend on arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schemas.recipe import Dedup, NearText

Keys = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Items:
    """What is compared, row by row; every array has the length of `ids`.

    Shapes: scores float64 (n,), text_tokens int64 (n,), text_hashes S16 (n,), image_hashes
    uint8 (n, 32) or None for documents, band_keys uint64 (n, bands).
    """

    ids: Sequence[str]
    scores: npt.NDArray[np.float64]
    text_tokens: npt.NDArray[np.int64]
    text_hashes: npt.NDArray[np.bytes_]
    image_hashes: npt.NDArray[np.uint8] | None
    band_keys: Keys


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Item `index` is dropped for `keeper`; `kind` is exact_text, near_text or near_image."""

    index: int
    keeper: int
    kind: str
    similarity: float


def band_keys(signatures: Keys, bands: int) -> Keys:
    """One key a band: uint64 (n, permutations) to uint64 (n, bands).

    With b bands of r rows two sets of Jaccard J share a key with probability 1 - (1 - J^r)^b:
    for 16 bands of 8 rows 0.993 at 0.85, 0.947 at 0.8, 0.24 at 0.6.
    """
    count, permutations = signatures.shape
    rows = signatures.reshape(count, bands, permutations // bands)
    keys = np.full((count, bands), 0x9E3779B97F4A7C15, np.uint64)
    for row in range(rows.shape[2]):
        keys = (keys ^ rows[:, :, row]) * np.uint64(0xD6E8FEB86659FD93)
        keys ^= keys >> np.uint64(29)
    return keys


def candidate_edges(items: Items, settings: Dedup) -> Iterator[Indices]:
    """Pairs that may be duplicates, int64 (pairs, 2): a star for each bucket of equal keys."""
    near = settings.near or NearText()
    wordy = np.flatnonzero(items.text_tokens >= near.min_text_tokens)
    if settings.exact_text:
        yield _stars(items.text_hashes[wordy], wordy)
    if settings.near is not None:
        for band in range(items.band_keys.shape[1]):
            yield _stars(items.band_keys[wordy, band], wordy)
    if settings.image is not None and items.image_hashes is not None:
        # Nearly empty pages look alike: two headings differ in a few pixels. So a picture counts
        # as the same only where the few words on it are the same too.
        brief = np.flatnonzero(items.text_tokens < near.min_text_tokens)
        yield _stars(items.text_hashes[brief], brief)


def _stars(keys: npt.NDArray[np.generic], indices: Indices) -> Indices:
    """Link all members of each run of equal keys to the run's first."""
    if len(keys) < 2:
        return np.zeros((0, 2), np.int64)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    new_run = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    first = np.maximum.accumulate(np.where(new_run, np.arange(len(keys)), 0))
    members = np.flatnonzero(~new_run)
    return np.stack([indices[order[first[members]]], indices[order[members]]], axis=1)


def components(count: int, edges: Iterable[Indices]) -> list[Indices]:
    """Connected sets of two or more items, each ascending (union–find, path halving)."""
    parent = np.arange(count).tolist()

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return int(item)

    for pairs in edges:
        for left, right in pairs.tolist():
            a, b = root(left), root(right)
            if a != b:
                parent[max(a, b)] = min(a, b)
    roots = np.fromiter((root(item) for item in range(count)), np.int64, count)
    order = np.argsort(roots, kind="stable")
    cuts = np.flatnonzero(np.diff(roots[order])) + 1
    return [part for part in np.split(order, cuts) if len(part) > 1]


def decide(
    items: Items, component: Indices, signatures: Keys, settings: Dedup
) -> Iterator[Duplicate]:
    """The duplicates within one component.

    Args:
        component: indices into `items`.
        signatures: MinHash of the component's items, uint64 (len(component), permutations).
    """
    order = sorted(
        range(len(component)),
        key=lambda place: (-items.scores[component[place]], items.ids[int(component[place])]),
    )
    kept: list[int] = []
    for place in order:
        best = _most_similar(items, component, signatures, settings, place, kept)
        if best is None:
            kept.append(place)
        else:
            keeper, kind, similarity = best
            yield Duplicate(int(component[place]), int(component[keeper]), kind, similarity)


def _most_similar(
    items: Items,
    component: Indices,
    signatures: Keys,
    settings: Dedup,
    place: int,
    kept: list[int],
) -> tuple[int, str, float] | None:
    if not kept:
        return None
    near = settings.near or NearText()
    others = component[kept]
    item = component[place]
    wordy = items.text_tokens[others] >= near.min_text_tokens
    similarity = np.zeros(len(kept))
    kind = "near_text"
    if items.text_tokens[item] >= near.min_text_tokens:
        if settings.near is not None:
            jaccard = (signatures[kept] == signatures[place]).mean(axis=1)
            similarity = np.where(wordy & (jaccard >= settings.near.jaccard), jaccard, 0.0)
        if settings.exact_text:
            equal = wordy & (items.text_hashes[others] == items.text_hashes[item])
            if equal.any():
                return kept[int(np.argmax(equal))], "exact_text", 1.0
    elif settings.image is not None and items.image_hashes is not None:
        kind = "near_image"
        differing = np.bitwise_xor(items.image_hashes[others], items.image_hashes[item])
        distance = np.bitwise_count(differing).sum(axis=1)
        same_words = items.text_hashes[others] == items.text_hashes[item]
        close = ~wordy & same_words & (distance <= settings.image.max_distance_bits)
        similarity = np.where(close, 1 - distance / (8 * differing.shape[1]), 0.0)
    best = int(np.argmax(similarity))
    return (kept[best], kind, float(similarity[best])) if similarity[best] > 0 else None
