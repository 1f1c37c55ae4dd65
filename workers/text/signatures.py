"""Signatures that find duplicates: text hash, MinHash, perceptual image hash.

Pure functions of a page's text or pixels; scoring calls them and stores the results in the table.
`workers.publishing.duplicates` decides what counts as a duplicate.
"""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xxhash
from PIL import Image

Signatures = npt.NDArray[np.uint64]

SHINGLE_WORDS = 5
TEXT_HASH_BYTES = 16
IMAGE_HASH_BYTES = 32  # 16 x 16 DCT coefficients, one bit each

# Scripts written without spaces: each character is a word of its own.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana, Han
)
WORD = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")
_MIX = np.uint64(0xD6E8FEB86659FD93)  # odd, so multiplying is a bijection; half its bits are set
_HALF = np.uint64(32)
_CHUNK_SHINGLES = 128  # 128 x 128 x 8 bytes = 128 KiB, twice: inside a core's cache


def words(text: str) -> list[str]:
    """The case-folded words, without punctuation; in scripts without spaces, the characters."""
    return WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def text_hash(page_words: Sequence[str]) -> bytes:
    """A 16-byte hash of a page's words: equal for texts that differ only in spacing or marks."""
    return hashlib.blake2b(
        "\x1f".join(page_words).encode("utf-8", "surrogatepass"), digest_size=TEXT_HASH_BYTES
    ).digest()


@functools.cache
def _multipliers(permutations: int) -> tuple[Signatures, Signatures]:
    random = np.random.default_rng(0x9E3779B9)
    odd = random.integers(0, 2**63, permutations, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    return odd, random.integers(0, 2**64 - 1, permutations, dtype=np.uint64)


def shingle_hashes(page_words: Sequence[str]) -> Signatures:
    """The distinct 64-bit hashes of the word 5-grams: uint64 (shingles,), sorted.

    A text of fewer than five words is one shingle; a text without words has none.
    """
    if not page_words:
        return np.zeros(0, np.uint64)
    encoded = (word.encode("utf-8", "surrogatepass") for word in page_words)
    hashes = np.fromiter(map(xxhash.xxh3_64_intdigest, encoded), np.uint64, len(page_words))
    size = min(SHINGLE_WORDS, len(page_words))
    count = len(page_words) - size + 1
    # Words are hashed and not shingles, which have five times the bytes. The order of words counts.
    # mixed: uint64 (shingles,), before equal ones are removed
    mixed = np.full(count, _MIX, np.uint64)
    for place in range(size):
        mixed = (mixed ^ hashes[place : place + count]) * _MIX
        mixed ^= mixed >> _HALF
    return np.unique(mixed)


def minhash(shingles: Signatures, permutations: int) -> Signatures:
    """The MinHash signature: uint64 (permutations,), all bits set for an empty set (Broder 1997).

    The permutations are `mix(a * h + b) mod 2^64` with odd `a`: bijections of 64-bit words, so
    distinct shingles never collide. The share of equal entries of two signatures estimates the
    sets' Jaccard similarity with standard deviation sqrt(J(1-J)/permutations): 0.035 at 0.8.
    The signature of a union of sets is the minimum of their signatures.
    """
    multiplier, addend = _multipliers(permutations)
    lowest = np.full(permutations, np.iinfo(np.uint64).max, np.uint64)
    # The arrays are reused: allocating new ones at each step can cost three times the arithmetic.
    chunk = min(_CHUNK_SHINGLES, len(shingles))
    permuted = np.empty((chunk, permutations), np.uint64)
    high = np.empty_like(permuted)
    for start in range(0, len(shingles), _CHUNK_SHINGLES):
        block = shingles[start : start + _CHUNK_SHINGLES, None]
        permuted, high = permuted[: len(block)], high[: len(block)]
        np.multiply(block, multiplier, out=permuted)  # (shingles, permutations)
        permuted += addend
        # The low bits of a product depend only on low bits, so the high half is folded in.
        permuted ^= np.right_shift(permuted, _HALF, out=high)
        permuted *= _MIX
        permuted ^= np.right_shift(permuted, _HALF, out=high)
        np.minimum(lowest, permuted.min(axis=0), out=lowest)
    return lowest


@functools.cache
def _dct_rows(size: int, rows: int) -> npt.NDArray[np.float64]:
    frequency = np.arange(rows)[:, None]
    place = np.arange(size)[None, :]
    cosines = np.cos(np.pi * frequency * (2 * place + 1) / (2 * size))
    whole: npt.NDArray[np.float64] = np.rint(2**16 * cosines)
    return whole


def image_hash(grey: Image.Image) -> bytes:
    """The 32-byte perceptual hash of a greyscale page (Zauner 2010, DCT hash).

    The page is shrunk to 64 x 64 pixels. Each of the 16 x 16 lowest DCT coefficients gives a bit,
    set where it exceeds their median. Hashes are compared by Hamming distance.
    """
    # Shrinking first by a whole number takes half the time and is as robust against rescaling.
    small = grey.resize((64, 64), Image.Resampling.BILINEAR, reducing_gap=2.0)
    # Whole numbers up to 2^16 * 2^16 * 255 * 64 * 64 < 2^53: exact in any order of summing.
    rows = _dct_rows(64, 16)
    # low: float64 (256,)
    low = (rows @ np.asarray(small, np.float64) @ rows.T).ravel()
    low[0] = 0  # the mean brightness says nothing about content
    lower, upper = np.sort(low)[len(low) // 2 - 1 : len(low) // 2 + 1]
    return np.packbits(2 * low > lower + upper).tobytes()
