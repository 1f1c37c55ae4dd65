"""How similar the items of many pairs are, and the tokens that similar items share. Pure.

The items are members of components in the caller's order; a pair is two places in that order.
Texts are compared by their MinHash signatures, pictures by their perceptual hashes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from schemas.dedup import Dedup, NearImage, NearText
from workers.publishing.duplicates import Indices, Items, Keys, band_keys

Flags = npt.NDArray[np.bool_]
Similarities = npt.NDArray[np.float64]

_ODD = np.uint64(0xD6E8FEB86659FD93)
_TOP_BYTE = np.uint64(56)
_ADD_BYTES = np.uint64(0x0101010101010101)
_WORDS_AT_ONCE = 31  # 31 x 8 bytes of 0 or 1: their sum fits a byte
_PAIRS_AT_ONCE = 8192  # 1 MiB of codes a side: inside a core's cache


class Comparison(Protocol):
    """Compares members of components.

    A member has `tokens` tokens. Similar members share at least `tokens - prefix + 1` of them.
    So, in whatever order all tokens are sorted, they share one of their first `prefix` tokens.
    """

    @property
    def tokens(self) -> int:
        """How many tokens a member has."""
        ...

    @property
    def prefix(self) -> int:
        """How many tokens of a member must be looked up to find all that are similar."""
        ...

    def similarity(self, left: Indices, right: Indices) -> tuple[Similarities, Flags]:
        """The similarity of each pair, 0 where it is too low; and whether the texts are equal."""
        ...

    def token(self, number: int, span: slice) -> Keys:
        """The `number`-th token of each member in the span."""
        ...

    def keys(self, span: slice) -> Keys:
        """Keys, uint64 (members, keys): similar members share at least one."""
        ...


def compare_texts(items: Items, members: Indices, settings: Dedup) -> Comparison:
    """A comparison of members that have enough words, by their texts."""
    # Hashes as numbers: equal numbers, equal hashes.
    _, texts = np.unique(items.text_hashes[members], return_inverse=True)
    near = settings.near
    if near is None:
        return _Texts(items.signatures, members, texts, None, None, 0, settings.exact_text)
    permutations = items.signatures.shape[1]
    shares = np.arange(permutations + 1) / permutations
    fewest = int(np.argmax(shares >= near.jaccard))
    codes = _codes(items.signatures, members)
    return _Texts(items.signatures, members, texts, codes, near, fewest, settings.exact_text)


def _codes(signatures: Keys, members: Indices) -> npt.NDArray[np.uint8]:
    """One byte of each entry, uint8 (members, permutations), zero-padded to words of eight."""
    width = -(-signatures.shape[1] // 8) * 8
    codes = np.zeros((len(members), width), np.uint8)
    for start in range(0, len(members), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        # Entries are minima, so their own high bits hardly differ: multiply before taking them.
        codes[part, : signatures.shape[1]] = (signatures[members[part]] * _ODD) >> _TOP_BYTE
    return codes


@dataclass(frozen=True, slots=True)
class _Texts:
    signatures: Keys
    members: Indices
    texts: Indices
    codes: npt.NDArray[np.uint8] | None
    near: NearText | None
    fewest: int
    exact: bool

    @property
    def tokens(self) -> int:
        return self.signatures.shape[1] if self.near else 0

    @property
    def prefix(self) -> int:
        return self.tokens - self.fewest + 1

    def similarity(self, left: Indices, right: Indices) -> tuple[Similarities, Flags]:
        exact = np.zeros(len(left), bool)
        similarity = np.zeros(len(left))
        for part in _parts(len(left)):
            if self.exact:
                exact[part] = self.texts[left[part]] == self.texts[right[part]]
            if self.near is not None:
                similarity[part] = self._jaccard(left[part], right[part], ~exact[part])
        similarity[exact] = 1.0
        return similarity, exact

    def _jaccard(self, left: Indices, right: Indices, wanted: Flags) -> Similarities:
        """The share of equal entries, or 0 where it is below the threshold."""
        assert self.codes is not None
        assert self.near is not None
        similarity = np.zeros(len(left))
        # Equal entries have equal bytes: few equal bytes rule a pair out for an eighth of the cost.
        close = np.flatnonzero(wanted & (_equal_bytes(self.codes, left, right) >= self.fewest))
        a, b = self.members[left[close]], self.members[right[close]]
        jaccard = (self.signatures.take(a, axis=0) == self.signatures.take(b, axis=0)).mean(axis=1)
        similarity[close] = np.where(jaccard >= self.near.jaccard, jaccard, 0.0)
        return similarity

    def token(self, number: int, span: slice) -> Keys:
        tokens: Keys = self.signatures[self.members[span], number]
        return tokens

    def keys(self, span: slice) -> Keys:
        texts = self.texts[span].astype(np.uint64)[:, None]
        if self.near is None:
            return texts
        bands = band_keys(self.signatures[self.members[span]], self.near.bands)
        return np.concatenate([texts, bands], axis=1) if self.exact else bands


def _equal_bytes(codes: npt.NDArray[np.uint8], left: Indices, right: Indices) -> Keys:
    """How many bytes of the rows of each pair are equal: uint64 (pairs,)."""
    equal = (codes.take(left, axis=0) == codes.take(right, axis=0)).view(np.uint64)
    counts = np.zeros(len(left), np.uint64)
    for start in range(0, equal.shape[1], _WORDS_AT_ONCE):
        words = equal[:, start : start + _WORDS_AT_ONCE]
        sums = words @ np.ones(words.shape[1], np.uint64)  # eight sums, each in its byte
        counts += (sums * _ADD_BYTES) >> _TOP_BYTE
    return counts


def compare_pictures(items: Items, members: Indices, settings: NearImage) -> Comparison:
    """A comparison of members with few words: they need equal words and similar pictures."""
    assert items.image_hashes is not None
    _, texts = np.unique(items.text_hashes[members], return_inverse=True)
    hashes = items.image_hashes[members]
    blocks = min(settings.max_distance_bits + 1, 8 * hashes.shape[1])
    return _Pictures(hashes, texts, settings.max_distance_bits, blocks)


@dataclass(frozen=True, slots=True)
class _Pictures:
    """Pictures by the Hamming distance of their hashes. The tokens are blocks of bits.

    Where at most d bits differ, one of d + 1 blocks is equal (Norouzi et al. 2012, multi-index
    hashing).
    """

    hashes: npt.NDArray[np.uint8]
    texts: Indices
    distance: int
    tokens: int

    @property
    def prefix(self) -> int:
        return self.tokens

    def similarity(self, left: Indices, right: Indices) -> tuple[Similarities, Flags]:
        similarity = np.zeros(len(left))
        bits = 8 * self.hashes.shape[1]
        for part in _parts(len(left)):
            a, b = left[part], right[part]
            differing = self.hashes.take(a, axis=0) ^ self.hashes.take(b, axis=0)
            distance = np.bitwise_count(differing).sum(axis=1)
            close = (self.texts[a] == self.texts[b]) & (distance <= self.distance)
            similarity[part] = np.where(close, 1 - distance / bits, 0.0)
        return similarity, np.zeros(len(left), bool)

    def token(self, number: int, span: slice) -> Keys:
        bits = np.unpackbits(self.hashes[span], axis=1)
        first, stop = (n * bits.shape[1] // self.tokens for n in (number, number + 1))
        # A sum of random weights: equal blocks have equal sums, others hardly ever.
        weights = np.random.default_rng(number).integers(0, 2**63, 1 + stop - first, np.uint64)
        texts = self.texts[span].astype(np.uint64)
        sums: Keys = bits[:, first:stop].astype(np.uint64) @ weights[1:]
        sums += texts * weights[0]
        return sums

    def keys(self, span: slice) -> Keys:
        return np.stack([self.token(number, span) for number in range(self.tokens)], axis=1)


def _parts(count: int) -> Iterator[slice]:
    for start in range(0, count, _PAIRS_AT_ONCE):
        yield slice(start, start + _PAIRS_AT_ONCE)
