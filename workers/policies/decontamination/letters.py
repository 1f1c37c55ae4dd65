"""The letters of a text: what is left of it where case, accents, spaces and punctuation are gone.

A scan loses spaces, breaks words at the ends of lines and sets bars between cells; letters and
digits stay. So benchmarks are looked for in streams of letters. Each character gives its letters
independently of its neighbours (NFKD, folded case, letters and digits of that), so the place of a
letter in the text is exact. Han and kana characters give two letters each, because they say more.

    letters_of("Naïve —\nthe “OF-\nFICE”")      # the letters "naivetheoffice" as an array
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.unsignedinteger[Any]]
Places = npt.NDArray[np.int64]

SECOND_LETTER = 0x110000
"""Added to the code of a Han or kana character: its second letter."""

_END = 0x323B0  # behind the last Han character; nothing above is a letter
_ASCII = bytes(range(128))
_DROPPED = bytes(code for code in range(256) if code >= 128 or not chr(code).isalnum())
_LOWER = bytes(range(256)).lower()


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of several texts, one after the other.

    `codes`: uint32 (letters,); text `i` has `codes[starts[i]:starts[i + 1]]`.
    """

    codes: Codes
    starts: Places


def letters_of(texts: Sequence[str]) -> Letters:
    """The letters of the texts. Never raises, whatever the characters."""
    each = [_ascii(text) if text.isascii() else _table_codes(text)[0] for text in texts]
    sizes = [len(codes) for codes in each]
    starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)
    codes = np.concatenate(each, dtype=np.uint32) if each else np.zeros(0, np.uint32)
    return Letters(codes, starts)


def places_of(text: str) -> Places:
    """The character of `text` that each letter comes from: int64 (letters,), ascending."""
    return _table_codes(text)[1]


def as_text(codes: Codes) -> str:
    """Letters as a string, one character each, to be compared with others of its kind."""
    # Second letters become characters of the private planes, which are no letters themselves.
    codes = codes.astype(np.uint32)
    small = np.where(codes >= SECOND_LETTER, codes - SECOND_LETTER + 0xC0000, codes)
    return small.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def _ascii(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode().translate(_LOWER, _DROPPED), np.uint8)


def _table_codes(text: str) -> tuple[Codes, Places]:
    table = _table()
    # characters: uint32 (characters,); all that are above the table give nothing, as its last does
    characters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    characters = np.minimum(characters, _END)
    counts = table.counts[characters]
    if len(counts) == 0 or counts.max() <= 1:
        places = np.flatnonzero(counts)
        return table.letters[table.firsts[characters[places]]], places
    # places: int64 (letters,), the character of each letter
    places = np.repeat(np.arange(len(characters)), counts)
    ends = np.cumsum(counts, dtype=np.int64)
    number = np.arange(len(places)) - np.repeat(ends - counts, counts)  # 0 for the first letter
    return table.letters[table.firsts[characters[places]] + number], places


@dataclass(frozen=True, slots=True)
class _Table:
    """Character `c` gives `letters[firsts[c]:firsts[c] + counts[c]]`."""

    counts: npt.NDArray[np.uint8]
    firsts: npt.NDArray[np.uint32]
    letters: Codes


@functools.cache
def _table() -> _Table:
    """Made once a process, in 0.2 s of CPU, and 1 MB."""
    given = [_letters_of_character(chr(code)) for code in range(_END)] + [()]
    counts = np.array([len(letters) for letters in given], np.uint8)
    firsts = (np.cumsum(counts, dtype=np.int64) - counts).astype(np.uint32)
    letters = np.array([letter for several in given for letter in several], np.uint32)
    return _Table(counts, firsts, letters)


def _letters_of_character(character: str) -> tuple[int, ...]:
    if "\ud800" <= character <= "\udfff":
        return ()
    # The Turkish dotless i is an i in capitals.
    folded = unicodedata.normalize("NFKD", character).casefold().replace("ı", "i")
    letters: list[int] = []
    for part in unicodedata.normalize("NFKD", folded):
        if part.isalnum():
            letters.append(ord(part))
            if is_ideograph(ord(part)):
                letters.append(ord(part) + SECOND_LETTER)
    return tuple(letters)


def is_ideograph(code: int) -> bool:
    """Whether a character is Han or kana: each is a word, or a good part of one."""
    return 0x3040 <= code <= 0x30FF or 0x3400 <= code <= 0x9FFF or 0x20000 <= code < _END
