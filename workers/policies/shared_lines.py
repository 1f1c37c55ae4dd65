"""Shared lines: those that stand in many documents, counted over the corpus. Pure.

    Sketch.add(keys) per batch ─► merged ─► frequent(documents) ─► Frequent: a few bits
    Counts of the keys that may be frequent ─► merged ─► the lines, counted exactly

The sketch is a count-min sketch (Cormode and Muthukrishnan 2005): a count is never too low, so no
line is missed, and what it takes for frequent is counted again. `lines_of` says what a line is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

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
_NO_PROSE = ("#", "|", "<", "$", "![", "\\")
"""How headings, tables, formulas and pictures begin."""
_DIGITS = re.compile(r"\d+")
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")  # kana, Han
_UNSPACED = re.compile(f"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]|{_WIDE.pattern}")
_ADDRESS = re.compile(r"://|^\W*www\.|@")
# Within a word no ASCII character stands but letters, hyphens and apostrophes.
_WORD = re.compile(r"[^\W\d_](?:[A-Za-z'-]|[^\x00-\x7f])*")
_AROUND = ".,;:!?()[]{}\"'`*_«»“”‘’„…–—·•。，、；：！？（）「」『』"

Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Line:
    """`text[start:end]` is a line that may be shared; `key` is what equal lines have in common."""

    start: int
    end: int
    key: str


def lines_of(text: str, min_letters: int) -> Iterator[Line]:
    """The lines of a text that may be shared: prose of at least so many letters, and six words."""
    start, is_code = 0, False
    for raw in text.split("\n"):
        begin, start = start, start + len(raw) + 1
        line = raw.strip()
        if line.startswith("```"):
            is_code = not is_code
        elif not is_code and _is_long(line, min_letters) and not line.startswith(_NO_PROSE):
            words = line.split()
            if _is_prose(words, min_letters):
                begin += len(raw) - len(raw.lstrip())
                key = _DIGITS.sub("0", " ".join(words).casefold())
                yield Line(begin, begin + len(line), key)


def _is_long(line: str, min_letters: int) -> bool:
    """Whether a line can have so many letters. A Han or kana character counts as two."""
    return len(line) >= min_letters or (2 * len(line) >= min_letters and not line.isascii())


def _is_prose(tokens: Sequence[str], min_letters: int) -> bool:
    words = letters = others = 0
    for token in tokens:
        word = token.strip(_AROUND)
        if _WORD.fullmatch(word):
            words += len(_UNSPACED.findall(word)) or 1
            letters += len(word) + len(_WIDE.findall(word))
        elif not _ADDRESS.search(token):
            others += sum(map(str.isalpha, token))
    return words >= LEAST_WORDS and letters >= min_letters and others <= MOST_OTHER_SHARE * letters


def find(text: str, shared: Set[str], min_letters: int) -> list[Finding]:
    """The shared lines of a text."""
    if not shared:
        return []
    return [
        Finding(line.start, line.end, POLICY, KIND, detail=line_id(line.key))
        for line in lines_of(text, min_letters)
        if line.key in shared
    ]


def line_id(key: str) -> str:
    """A line's name in findings: 16 hex characters, so that the words stand nowhere else.

    >>> line_id("all rights reserved")
    '8cb69fec503953f5'
    """
    return f"{_hash(key):016x}"


def _hash(key: str) -> int:
    return xxhash.xxh3_64_intdigest(key.encode("utf-8", "surrogatepass"))


def pack(lines: Iterable[LineCount]) -> bytes:
    """The lines for the tasks that look for them."""
    return json.dumps([count["line"] for count in lines]).encode()


def unpack(data: bytes) -> frozenset[str]:
    """The inverse of `pack`, without the numbers."""
    return frozenset(json.loads(data))


# ---- counting -----------------------------------------------------------------------------------


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

    def add(self, texts: Iterable[Iterable[str]]) -> None:
        """Count the keys of some texts, each once a text."""
        every = [_hash(key) for keys in texts for key in set(keys)]
        hashes, times = np.unique(np.array(every, np.uint64), return_counts=True)
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
    """A filter of keys: it lets all pass that are frequent, and few others. uint8 (3, width / 8)"""

    bits: npt.NDArray[np.uint8]

    def among(self, keys: Sequence[str]) -> list[str]:
        """The keys that may be frequent."""
        hashes = np.array([_hash(key) for key in keys], np.uint64)
        passes = np.ones(len(keys), bool)
        for row, places in zip(self.bits, _places(hashes, 8 * self.bits.shape[1]), strict=True):
            passes &= (row[places >> 3] >> (7 - (places & 7)) & 1).astype(bool)
        return [keys[place] for place in np.flatnonzero(passes).tolist()]


def _places(hashes: Keys, width: int) -> Iterator[npt.NDArray[np.int64]]:
    """The place of each hash in each row of a sketch."""
    step = (hashes >> np.uint64(32)) | np.uint64(1)  # Kirsch and Mitzenmacher 2006
    for row in range(_ROWS):
        with np.errstate(over="ignore"):
            yield ((hashes + np.uint64(row) * step) & np.uint64(width - 1)).astype(np.int64)
