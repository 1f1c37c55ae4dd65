"""Seeds: the places of a stream of letters that are looked up, and the table that finds them. Pure.

A seed is a run of `SEED_LETTERS` letters whose hash is the smallest among `WINDOW` neighbours
(minimisers: Roberts et al. 2004; winnowing: Schleimer et al. 2003). So two streams that share
`GUARANTEED_LETTERS` letters in a row share a seed, although only two places in nine are seeds.

    table = SeedTable.of(seeds_of(letters_of(["the text of a benchmark"]).codes))
    which, places = table.find(seeds_of(codes).hashes)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.policies.decontamination.letters import Codes, Places

Hashes = npt.NDArray[np.uint64]

SEED_LETTERS = 16
"""Three English words. Shorter ones are found in every page; of longer ones a bad scan spares too
few: at 5 % wrong characters 0.95^16 = 44 % of the seeds are left."""
WINDOW = 8
GUARANTEED_LETTERS = SEED_LETTERS + WINDOW - 1

_STEPS = (1, 2, 4, 8)  # doubled four times: 16 letters
_WINDOW_STEPS = (1, 2, 4)  # doubled three times: 8 hashes
_BASE = 0x9E3779B97F4A7C15
_MIX = np.uint64(0xD6E8FEB86659FD93)  # odd, so multiplying is a bijection
_HALF = np.uint64(32)
_BITS_A_KEY = 16
_MOST_PLACES = 64
"""Of a seed that more items share, the first are kept: it tells little, and costs much."""


@dataclass(frozen=True, slots=True)
class Seeds:
    """Where the seeds of a stream begin, int64 (seeds,), ascending; and their hashes, uint64."""

    places: Places
    hashes: Hashes


def seeds_of(codes: Codes) -> Seeds:
    """The seeds of a stream. One that is shorter than `GUARANTEED_LETTERS` has none."""
    if len(codes) < GUARANTEED_LETTERS:
        return Seeds(np.zeros(0, np.int64), np.zeros(0, np.uint64))
    hashes = _hashes(codes)
    # least: uint64 (windows,), the smallest hash of each window
    least = hashes
    for step in _WINDOW_STEPS:
        least = np.minimum(least[:-step], least[step:])
    # A hash is a seed where one of the windows around it has no smaller one. Windows that would
    # reach over an edge have 0, which is no window's smallest hash but by a chance of 2^-64.
    edge = np.zeros(WINDOW - 1, np.uint64)
    largest = np.concatenate([edge, least, edge])
    for step in _WINDOW_STEPS:
        largest = np.maximum(largest[:-step], largest[step:])
    places = np.flatnonzero(largest == hashes)
    return Seeds(places, hashes[places])


def _hashes(codes: Codes) -> Hashes:
    """The hash of the letters from each place on: uint64 (letters - SEED_LETTERS + 1,)."""
    # A polynomial in _BASE modulo 2^64: H of 2m letters at i is H of m at i times _BASE^m, plus H
    # of m at i + m.
    hashes: Hashes = codes.astype(np.uint64)
    for step in _STEPS:
        factor = np.uint64(pow(_BASE, step, 2**64))
        longer = hashes[:-step] * factor
        longer += hashes[step:]
        hashes = longer
    # Low bits of a polynomial depend on low bits only: the high half is folded in, twice.
    hashes ^= hashes >> _HALF
    hashes *= _MIX
    hashes ^= hashes >> _HALF
    return hashes


@dataclass(frozen=True, slots=True)
class SeedTable:
    """Finds the places of seeds in the stream that it was made of.

    - `bits`: uint8 (2^n / 8,), a Bloom filter of one hash: the bits of all keys are set.
    - `keys`: uint64 (keys,), sorted and distinct.
    - `firsts`: int64 (keys + 1,); key `k` is at `places[firsts[k]:firsts[k + 1]]`.
    """

    bits: npt.NDArray[np.uint8]
    keys: Hashes
    firsts: Places
    places: Places

    @classmethod
    def of(cls, seeds: Seeds) -> SeedTable:
        """A table of all seeds, but for those that are kept from no one: see `_MOST_PLACES`."""
        order = np.argsort(seeds.hashes, kind="stable")
        hashes, places = seeds.hashes[order], seeds.places[order]
        keys, firsts, counts = np.unique(hashes, return_index=True, return_counts=True)
        number = np.arange(len(hashes)) - np.repeat(firsts, counts)
        places = places[number < _MOST_PLACES]
        kept = np.minimum(counts, _MOST_PLACES)
        ends = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
        size = max(6, (_BITS_A_KEY * len(keys)).bit_length())
        bits = np.zeros(2**size, np.uint8)
        bits[keys >> np.uint64(64 - size)] = 1
        return cls(np.packbits(bits, bitorder="little"), keys, ends, places)

    def find(self, hashes: Hashes) -> tuple[Places, Places]:
        """All finds: which of the hashes, and a place of it; both int64 (finds,)."""
        none = np.zeros(0, np.int64)
        if len(self.keys) == 0 or len(hashes) == 0:
            return none, none
        size = 3 + (len(self.bits) - 1).bit_length()
        # The filter rules out fifteen of sixteen hashes that are no keys, for a tenth of the cost.
        top = hashes >> np.uint64(64 - size)
        may_be = (self.bits[top >> np.uint64(3)] >> (top & np.uint64(7)).astype(np.uint8)) & 1
        which = np.flatnonzero(may_be)
        if len(which) == 0:
            return none, none
        key = np.searchsorted(self.keys, hashes[which])
        key[key == len(self.keys)] = 0
        is_key = self.keys[key] == hashes[which]
        which, key = which[is_key], key[is_key]
        # finds: each place of each key
        counts = self.firsts[key + 1] - self.firsts[key]
        ends = np.cumsum(counts)
        within = np.arange(counts.sum()) - np.repeat(ends - counts, counts)
        return np.repeat(which, counts), self.places[np.repeat(self.firsts[key], counts) + within]
