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
import pyarrow as pa

from schemas.recipe import Dedup, NearText

Keys = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Items:
    """What is compared, row by row; every array has the length of `ids`.

    Shapes: scores float64 (n,), text_tokens int64 (n,), text_hashes S16 (n,), image_hashes
    uint8 (n, 32) or None for documents, signatures uint64 (n, permutations).
    """

    ids: Sequence[str]
    scores: npt.NDArray[np.float64]
    text_tokens: npt.NDArray[np.int64]
    text_hashes: npt.NDArray[np.bytes_]
    image_hashes: npt.NDArray[np.uint8] | None
    signatures: Keys


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Item `index` is dropped for `keeper`; `kind` is exact_text, near_text or near_image."""

    index: int
    keeper: int
    kind: str
    similarity: float


_BRIEF = np.uint64(0x9E3779B97F4A7C15)
"""Sets the text keys of brief rows apart from those of wordy ones."""


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


def signature_matrix(minhash: pa.Array) -> Keys:
    """Stored signatures as uint64 (rows, permutations). No nulls."""
    if len(minhash) == 0:
        return np.zeros((0, 0), np.uint64)
    flat = np.frombuffer(b"".join(minhash.to_pylist()), "<u8").astype(np.uint64, copy=False)
    return flat.reshape(len(minhash), -1)


def key_columns(settings: Dedup, by_picture: bool) -> list[str]:
    """The columns of `candidate_keys`."""
    text = settings.exact_text or (by_picture and settings.image is not None)
    bands = settings.near.bands if settings.near else 0
    return ["text"] * text + [f"band_{band:02d}" for band in range(bands)]


def candidate_keys(rows: pa.Table, settings: Dedup, by_picture: bool) -> pa.Table:
    """Keys of which two rows share one where they may be duplicates: uint64 columns, with nulls.

    Args:
        rows: has the columns text_tokens, text_hash, minhash; null where nothing was read.
        by_picture: whether rows of few words are compared by their pictures.
    """
    near = settings.near or NearText()
    tokens = rows["text_tokens"].fill_null(0).to_numpy()
    is_read = rows["minhash"].is_valid().to_numpy()
    wordy = is_read & (tokens >= near.min_text_tokens)
    columns = {}
    names = key_columns(settings, by_picture)
    if "text" in names:
        keys = np.zeros(len(tokens), np.uint64)
        hashes = rows["text_hash"].filter(pa.array(is_read)).to_pylist()
        keys[is_read] = np.frombuffer(b"".join(h[:8] for h in hashes), "<u8")
        # Nearly empty pages look alike: two headings differ in a few pixels. So a picture counts
        # as the same only where the few words on it are the same too.
        keys[~wordy] ^= _BRIEF
        compared = wordy if settings.exact_text else np.zeros_like(wordy)
        if by_picture and settings.image is not None:
            compared = compared | (is_read & ~wordy)
        columns["text"] = pa.array(keys, mask=~compared)
    if settings.near is not None:
        bands = np.zeros((len(tokens), near.bands), np.uint64)
        if wordy.any():
            minhash = rows["minhash"].filter(pa.array(wordy)).combine_chunks()
            bands[wordy] = band_keys(signature_matrix(minhash), near.bands)
        for band in range(near.bands):
            columns[f"band_{band:02d}"] = pa.array(bands[:, band], mask=~wordy)
    return pa.table(columns)


def stars(keys: Keys, indices: Indices) -> Indices:
    """Link all members of each run of equal keys to the run's first: int64 (pairs, 2)."""
    if len(keys) < 2:
        return np.zeros((0, 2), np.int64)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    new_run = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    first = np.maximum.accumulate(np.where(new_run, np.arange(len(keys)), 0))
    members = np.flatnonzero(~new_run)
    return np.stack([indices[order[first[members]]], indices[order[members]]], axis=1)


def components(edges: Iterable[Indices]) -> list[Indices]:
    """Connected sets of items, each ascending, in the order of their first (union–find)."""
    pairs = np.concatenate([np.zeros((0, 2), np.int64), *edges])
    items, places = np.unique(pairs, return_inverse=True)
    parent = list(range(len(items)))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for left, right in places.reshape(-1, 2).tolist():
        a, b = root(left), root(right)
        if a != b:
            parent[max(a, b)] = min(a, b)
    roots = np.fromiter((root(item) for item in range(len(items))), np.int64, len(items))
    order = np.argsort(roots, kind="stable")
    cuts = np.flatnonzero(np.diff(roots[order])) + 1
    return [items[part] for part in np.split(order, cuts) if len(part) > 1]


def decide(items: Items, component: Indices, settings: Dedup) -> Iterator[Duplicate]:
    """The duplicates within one component, which is indices into `items`."""
    order = sorted(
        range(len(component)),
        key=lambda place: (-items.scores[component[place]], items.ids[int(component[place])]),
    )
    kept: list[int] = []
    for place in order:
        best = _most_similar(items, component, settings, place, kept)
        if best is None:
            kept.append(place)
        else:
            keeper, kind, similarity = best
            yield Duplicate(int(component[place]), int(component[keeper]), kind, similarity)


def _most_similar(
    items: Items,
    component: Indices,
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
            jaccard = (items.signatures[others] == items.signatures[item]).mean(axis=1)
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
