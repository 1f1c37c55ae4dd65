"""Cut texts into tokens and give each a hash, without a vocabulary and in any script. Pure.

A token is a word, a run of digits, one character of a script that writes no spaces, or one sign.
White space only separates. Each token has two hashes: that of its very characters, by which a
trigger is found again, and that of a folded form, by which the corpus is counted. Folding makes
small letters of capitals, one token of every number, and one token of every **coded** run, such as
base64 or a hash: what is random by its nature is no noise.

    tokens = tokenize(["Pay 12 €"])
    tokens.exact, tokens.folded       # four hashes each
    tokens.slice_of(0)                # those of the first text
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.text.batches import batches as text_batches

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
_Codes = npt.NDArray[np.uint32]

# Kinds of characters; a token is a run of WORD, DIGIT or CODED, or one character of the others.
_SPACE, _WORD, _DIGIT, _SIGN, _IDEOGRAPH, _CODED, _BETWEEN = range(7)
_LAST_CODE = 0x30000  # what follows is treated as a sign
_WITHOUT_SPACES = (
    *((0x0E00, 0x1100), (0x1780, 0x1800), (0x2E80, 0x2FE0), (0x3040, 0x3100)),
    *((0x31F0, 0x3200), (0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00)),
    (0x20000, 0x30000),
)
# Base64, hexadecimal numbers, UUIDs: none of them is shorter than a hash of 128 bits.
_CODED_RUN = re.compile(r"[A-Za-z0-9+/=_-]{32,}")
_NUMBER = re.compile(r"[0-9]")
_BATCH_CHARS = 250_000
# As many as a character is counted with, so that no text changes what is counted of the next.
_GAP = "\0" * 3
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse modulo 2^64
_INVERSE = np.uint64(pow(int(_BASE), -1, 2**64))
_FOLDED_DIGITS, _FOLDED_CODED = np.uint64(0x30), np.uint64(0x10FFFE)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of some texts, one text after the other, and their characters after folding.

    - `exact`, `folded`: uint64 (tokens), the hashes.
    - `start`, `end`: int64 (tokens), characters of the token's own text.
    - `text`: int64 (tokens), the number of the token's text.
    - `bounds`: int64 (texts + 1); the tokens of text t are those from `bounds[t]` to `bounds[t+1]`.
    - `chars`: uint64 (chars), the folded characters of all texts, with one space for white space.
    - `is_ideograph`: bool (chars), whether a character stands for a whole word or syllable.
    - `char_start`, `char_end`: int64 (tokens), where a token lies in `chars`.
    """

    exact: Hashes
    folded: Hashes
    start: Places
    end: Places
    text: Places
    bounds: Places
    chars: Hashes
    is_ideograph: npt.NDArray[np.bool_]
    char_start: Places
    char_end: Places

    def slice_of(self, text: int) -> slice:
        """Where the tokens of a text lie."""
        return slice(int(self.bounds[text]), int(self.bounds[text + 1]))


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts in lists that are small enough to be cut into tokens at once."""
    return text_batches(texts, _BATCH_CHARS)


def mixed(values: Hashes) -> Hashes:
    """Hashes whose bits all depend on all bits of `values` (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def joined(left: Hashes, right: Hashes) -> Hashes:
    """The hash of each `left` followed by its `right`; the order counts."""
    return mixed(left * _BASE + right)


def tokenize(texts: Sequence[str]) -> Tokens:
    """The tokens of texts, in order."""
    # codes: uint32 (characters of all texts, each text with a gap behind it)
    whole = "".join(text + _GAP for text in texts)
    codes = np.frombuffer(whole.encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds = _kinds()[np.minimum(codes, _LAST_CODE)]
    for run in _CODED_RUN.finditer(whole):
        if _NUMBER.search(run[0]):
            kinds[run.start() : run.end()] = _CODED
    # A token begins where the kind changes, and at each character that is a token by itself.
    differs = np.ones(len(codes), bool)
    differs[1:] = kinds[1:] != kinds[:-1]
    is_single = (kinds == _SIGN) | (kinds == _IDEOGRAPH)
    is_token = (kinds != _SPACE) & (kinds != _BETWEEN)
    is_start = (differs | is_single) & is_token
    start = np.flatnonzero(is_start)
    last = np.ones(len(codes), bool)
    last[:-1] = is_start[1:] | differs[1:]
    end = np.flatnonzero(last & is_token) + 1
    kind = kinds[start]
    small = _small_letters()[np.minimum(codes, _LAST_CODE)]
    folded = _hashes(np.where(codes < _LAST_CODE, small, codes), start, end)
    folded[kind == _DIGIT] = _FOLDED_DIGITS
    folded[kind == _CODED] = _FOLDED_CODED

    text_ends = np.cumsum([len(text) + len(_GAP) for text in texts], dtype=np.int64)
    bounds = np.concatenate([[0], np.searchsorted(start, text_ends)]).astype(np.int64)
    text = np.repeat(np.arange(len(texts)), np.diff(bounds))
    offset = np.concatenate([[0], text_ends])[text]
    chars, is_ideograph, at = _folded_chars(small, kinds, differs)
    return Tokens(
        _hashes(codes, start, end),
        folded,
        start - offset,
        end - offset,
        text,
        bounds,
        chars,
        is_ideograph,
        at[start],
        at[end - 1] + 1,
    )


def ngrams(hashes: Hashes, words: int) -> Hashes:
    """The hashes of all runs of so many tokens; the first begins at the first token."""
    result = hashes
    for shift in range(1, words):
        result = joined(result[:-1], hashes[shift:])
    return result


def _hashes(codes: _Codes, start: Places, end: Places) -> Hashes:
    """The hash of the characters from each `start` to its `end`, by one sum over all of them.

    A prefix sum of c[i]·B^i gives the polynomial of any run: (P[end] - P[start])·B^-start.
    """
    power, inverse = _powers(1 << max(16, len(codes).bit_length()))
    sums = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum(mixed(codes.astype(np.uint64) + _BASE) * power[: len(codes)], out=sums[1:])
    return mixed((sums[end] - sums[start]) * inverse[start])


def _folded_chars(
    small: _Codes, kinds: npt.NDArray[np.uint8], differs: npt.NDArray[np.bool_]
) -> tuple[Hashes, npt.NDArray[np.bool_], Places]:
    """The folded characters, which are ideographs, and the place of each character among them."""
    folded = small.copy()
    folded[kinds == _SPACE] = ord(" ")
    folded[kinds == _DIGIT] = _FOLDED_DIGITS
    folded[kinds == _CODED] = _FOLDED_CODED
    is_run = (kinds == _SPACE) | (kinds == _DIGIT) | (kinds == _CODED)
    is_kept = differs | ~is_run
    at = np.cumsum(is_kept) - 1
    return folded[is_kept].astype(np.uint64), (kinds == _IDEOGRAPH)[is_kept], at


@functools.lru_cache(maxsize=1)
def _powers(count: int) -> tuple[Hashes, Hashes]:
    """B^0, B^1, … modulo 2^64, and those of its inverse."""
    power, inverse = (np.full(count, base, np.uint64) for base in (_BASE, _INVERSE))
    power[0] = inverse[0] = 1
    return np.cumprod(power), np.cumprod(inverse)


@functools.cache
def _kinds() -> npt.NDArray[np.uint8]:
    """The kind of each code point."""
    of_category = {"L": _WORD, "M": _WORD, "N": _DIGIT, "Z": _SPACE}
    kinds = np.empty(_LAST_CODE + 1, np.uint8)
    for code in range(_LAST_CODE):
        category = unicodedata.category(chr(code))
        kinds[code] = _SPACE if category == "Cc" else of_category.get(category[0], _SIGN)
    for first, stop in _WITHOUT_SPACES:
        block = kinds[first:stop]
        block[block == _WORD] = _IDEOGRAPH
    kinds[_LAST_CODE] = _SIGN
    kinds[0] = _BETWEEN
    return kinds


@functools.cache
def _small_letters() -> _Codes:
    """The small letter of each code point, or the code point itself."""
    small = [chr(code).lower() for code in range(_LAST_CODE)]
    return np.array(
        [ord(s) if len(s) == 1 else code for code, s in enumerate(small)] + [_LAST_CODE], np.uint32
    )
