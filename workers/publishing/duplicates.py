"""Which pages, or documents, may be duplicates of each other. Pure.

Candidates share a text hash or a MinHash band (LSH) and are joined to components. What is dropped
within a component is decided in `workers.publishing.decisions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.dedup import Dedup, NearText

Keys = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Items:
    """What is compared, row by row; every array has the length of `ids`.

    Shapes: ids any that sort (n,), scores float64 (n,), text_tokens int64 (n,), text_hashes S16
    (n,), image_hashes uint8 (n, 32) or None for documents, signatures uint64 (n, permutations).
    """

    ids: npt.NDArray[np.generic]
    scores: npt.NDArray[np.float64]
    text_tokens: npt.NDArray[np.int64]
    text_hashes: npt.NDArray[np.bytes_]
    image_hashes: npt.NDArray[np.uint8] | None
    signatures: Keys


_BRIEF = np.uint64(0x9E3779B97F4A7C15)
"""Makes the text keys of brief rows differ from those of wordy ones."""


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
    offsets = np.frombuffer(minhash.buffers()[1], np.int32)[minhash.offset :][: len(minhash) + 1]
    values = minhash.buffers()[2][int(offsets[0]) : int(offsets[-1])]
    return np.frombuffer(values, "<u8").astype(np.uint64, copy=False).reshape(len(minhash), -1)


def key_columns(settings: Dedup, by_picture: bool) -> list[str]:
    """The names of the columns of `candidate_keys`."""
    text = settings.exact_text or (by_picture and settings.image is not None)
    bands = settings.near.bands if settings.near else 0
    return ["text"] * text + [f"band_{band:02d}" for band in range(bands)]


def candidate_keys(rows: pa.Table, settings: Dedup, by_picture: bool) -> pa.Table:
    """Keys by column, uint64: rows that share one may be duplicates. A null is no key.

    Args:
        rows: has the columns text_tokens, text_hash, minhash; null where nothing was read.
        settings: the recipe's deduplication.
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
        # Nearly empty pages look alike: two headings differ in a few pixels. So pictures are
        # compared only where the few words on the pages are the same.
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


def runs(values: npt.NDArray[np.generic]) -> tuple[Indices, Indices]:
    """The stable order that sorts values, and the lengths of the runs of equal values."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    is_first = np.ones(len(values), bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(is_first)
    return order, np.diff(starts, append=len(values))


def stars(keys: Keys, indices: Indices) -> Indices:
    """Link all members of each run of equal keys to the run's first: int64 (pairs, 2)."""
    order, sizes = runs(keys)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    members = np.flatnonzero(first != np.arange(len(keys)))
    return np.stack([indices[order[first[members]]], indices[order[members]]], axis=1)


def components(edges: Iterable[Indices], count: int) -> tuple[Indices, Indices]:
    """The connected components of `count` items: members, one set after the other, and sizes.

    Sets of one item are left out. Members ascend within a set, and sets are ordered by their first
    member. `edges` are consumed one part at a time.
    """
    # Late: a quarter of what it takes to import this module, which most processes of a publish do
    # without joining anything.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    labels = np.arange(count)
    set_count = count
    for part in edges:
        if not len(part):
            continue
        left, right = labels[part.T]
        graph = coo_array(
            (np.ones(len(part), np.uint8), (left, right)), shape=(set_count, set_count)
        )
        set_count, joined = connected_components(graph, directed=False)
        labels = joined[labels]
    members = np.flatnonzero(np.bincount(labels, minlength=1)[labels] > 1)
    first = np.zeros(set_count, np.int64)
    first[labels[::-1]] = np.arange(count)[::-1]  # the last of several values stays
    order, sizes = runs(first[labels[members]])
    return members[order], sizes
