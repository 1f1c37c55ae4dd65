"""Shared lines: those that stand in many documents, counted over the corpus. Pure.

    hashes_of(text) ─► Sketch.add ─► merged ─► frequent(documents) ─► Frequent: a few bits
    hashes that pass it ─► counted exactly

The sketch is a count-min sketch (Cormode and Muthukrishnan 2005): a count is never too low, so no
line is missed, and what it takes for frequent is counted again. `lines_of` says what a line is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

from schemas.findings import Finding
from schemas.shared_lines import KIND, LineCount

POLICY = "lines"
LEAST_WORDS = 6
MOST_OTHER_SHARE = 0.25
"""Letters outside of words (`self.name`, `x_1`), in letters of words: more of them are code."""

_ROWS = 3
_AT_ONCE = 1 << 20
_NO_PROSE = ("#", "|", "<", "$", "![", "\\")
"""How headings, tables, formulas and pictures begin."""
_DIGITS = re.compile(r"\d+")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")  # kana, Han
_UNSPACED = re.compile(f"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]|{_WIDE.pattern}")
_ADDRESS = re.compile(r"://|^\W*www\.|@")
# Within a word no ASCII character stands but letters, hyphens and apostrophes.
_WORD = re.compile(r"[^\W\d_](?:[A-Za-z'-]|[^\x00-\x7f])*")
_AROUND = ".,;:!?()[]{}\"'`*_«»“”‘’„…–—·•。，、；：！？（）「」『』"

Hashes = npt.NDArray[np.uint64]


class Line(NamedTuple):
    """`text[start:end]` is a line that may be shared; `key` is what equal lines have in common."""

    start: int
    end: int
    key: str


def lines_of(text: str, min_letters: int, beginnings: Set[str] | None = None) -> Iterator[Line]:
    """The lines of a text that may be shared: prose of at least so many letters, and six words.

    With `beginnings` only those whose key begins with one of these words.
    """
    start, is_code = 0, False
    for raw in text.split("\n"):
        begin, start = start, start + len(raw) + 1
        line = raw.strip()
        if line.startswith("```"):
            is_code = not is_code
        elif not is_code and _is_long(line, min_letters) and not line.startswith(_NO_PROSE):
            if beginnings is not None and _folded(line.split(None, 1)[0]) not in beginnings:
                continue
            words = line.split()
            if _is_prose(words, min_letters):
                begin += len(raw) - len(raw.lstrip())
                yield Line(begin, begin + len(line), _folded(" ".join(words)))


def _folded(text: str) -> str:
    return _DIGITS.sub("0", text.casefold())


def _is_long(line: str, min_letters: int) -> bool:
    """Whether a line can have so many letters. A Han or kana character counts as two."""
    return len(line) >= min_letters or (2 * len(line) >= min_letters and not line.isascii())


def _is_prose(tokens: Sequence[str], min_letters: int) -> bool:
    # Most lines are plain enough to be told without a look at each word.
    plain = [len(token) for token in tokens if token.isalpha()]
    letters = sum(plain)
    rest = sum(map(len, tokens)) - letters
    if len(plain) >= LEAST_WORDS and letters >= min_letters and rest <= MOST_OTHER_SHARE * letters:
        return True
    words = letters = others = 0
    for token in tokens:
        word = token.strip(_AROUND)
        if _WORD.fullmatch(word):
            words += len(_UNSPACED.findall(word)) or 1
            letters += len(word) + len(_WIDE.findall(word))
        elif not _ADDRESS.search(token):
            others += sum(map(str.isalpha, token))
    return words >= LEAST_WORDS and letters >= min_letters and others <= MOST_OTHER_SHARE * letters


@dataclass(frozen=True, slots=True)
class Shared:
    """The keys of shared lines, and the first words of these."""

    keys: frozenset[str]
    beginnings: frozenset[str]

    @staticmethod
    def of(keys: Iterable[str]) -> Shared:
        """Ready to look for."""
        every = frozenset(keys)
        return Shared(every, frozenset(key.split(" ", 1)[0] for key in every))


def find(text: str, shared: Shared, min_letters: int) -> list[Finding]:
    """The shared lines of a text."""
    if not shared.keys:
        return []
    return [
        Finding(line.start, line.end, POLICY, KIND, detail=line_id(line.key))
        for line in lines_of(text, min_letters, shared.beginnings)
        if line.key in shared.keys
    ]


def line_id(key: str) -> str:
    """A line's name in findings: 16 hex characters, so that the words stand nowhere else.

    >>> line_id("all rights reserved")
    '8cb69fec503953f5'
    """
    return f"{line_hash(key):016x}"


def line_hash(key: str) -> int:
    """The 64-bit hash by which lines are counted."""
    return xxhash.xxh3_64_intdigest(key.encode("utf-8", "surrogatepass"))


def pack(lines: Iterable[LineCount]) -> bytes:
    """The lines for the tasks that look for them."""
    return json.dumps([count["line"] for count in lines]).encode()


def unpack(data: bytes) -> Shared:
    """The inverse of `pack`, without the numbers."""
    return Shared.of(json.loads(data))


# ---- counting -----------------------------------------------------------------------------------


def hashes_of(text: str, min_letters: int) -> list[int]:
    """The hashes of a text's lines, each once."""
    return [line_hash(key) for key in {line.key for line in lines_of(text, min_letters)}]


def width_of(tokens: int, documents: int) -> int:
    """How many counters a row of the sketch needs for texts of so many tokens.

    A line has six tokens or more, and a counter then holds at most a quarter of what makes a line
    frequent, on average: so hardly a rare line is taken for a frequent one. From 2^16 to 2^24, with
    which the sketch has 0.8 to 192 MiB.
    """
    pairs = tokens // LEAST_WORDS
    return 1 << min(24, max(16, (4 * pairs // documents).bit_length()))


@dataclass(slots=True)
class Sketch:
    """In how many texts each line stands, at least: `counts` is uint32 (3, width)."""

    counts: npt.NDArray[np.uint32]

    @staticmethod
    def empty(width: int) -> Sketch:
        """A sketch of no text; `width` is a power of two."""
        return Sketch(np.zeros((_ROWS, width), np.uint32))

    def add(self, every: Hashes) -> None:
        """Count the hashes of some texts, each as often as it is given."""
        for some in _chunks(every):
            hashes, times = np.unique(some, return_counts=True)
            for row, places in zip(self.counts, _places(hashes, self.counts.shape[1]), strict=True):
                np.add.at(row, places, times.astype(np.uint32))

    def merge(self, other: Sketch) -> None:
        """Add the counts of other texts."""
        self.counts += other.counts

    def frequent(self, documents: int) -> Frequent:
        """What may stand in at least so many texts."""
        return Frequent(np.packbits(self.counts >= documents, axis=1))


@dataclass(frozen=True, slots=True)
class Frequent:
    """A filter of hashes: all pass that are frequent, and few others. uint8 (3, width / 8)"""

    bits: npt.NDArray[np.uint8]

    def among(self, hashes: Hashes) -> Hashes:
        """The hashes that may be frequent, in their order."""
        frequent = [np.zeros(0, np.uint64)]
        for some in _chunks(hashes):
            passes = np.ones(len(some), bool)
            for row, places in zip(self.bits, _places(some, 8 * self.bits.shape[1]), strict=True):
                passes &= (row[places >> 3] >> (7 - (places & 7)) & 1).astype(bool)
            frequent.append(some[passes])
        return np.concatenate(frequent)


def _chunks(hashes: Hashes) -> Iterator[Hashes]:
    for start in range(0, len(hashes), _AT_ONCE):
        yield hashes[start : start + _AT_ONCE]


def _places(hashes: Hashes, width: int) -> Iterator[npt.NDArray[np.int64]]:
    """The place of each hash in each row of a sketch."""
    step = (hashes >> np.uint64(32)) | np.uint64(1)  # Kirsch and Mitzenmacher 2006
    for row in range(_ROWS):
        with np.errstate(over="ignore"):
            yield ((hashes + np.uint64(row) * step) & np.uint64(width - 1)).astype(np.int64)
