"""Collect the words with which noise begins in texts; find those that many texts share. Pure.

    [ Suspects.add(texts) ] per batch ─► merged ─► candidates ─► workers.policies.poisoning.evidence

Of each text that turns into noise the tokens around that place are kept, of at most `MOST` texts:
those with the smallest hash of their row's id. So the result does not depend on the order, and a
trigger is missed only where a corpus has so much noise that too few of its texts are among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xxhash

from workers.policies.poisoning.counts import Counts
from workers.policies.poisoning.order import order_of
from workers.policies.poisoning.tokens import Hashes, batches, ngrams, tokenize

MOST = 200_000
LONGEST = 5
"""Triggers are found by runs of up to this many tokens; a longer one is put together of them."""
_BEFORE, _BEHIND = 14, 6
_WIDTH = _BEFORE + _BEHIND
# A candidate stands in this share of the places where it does, or more, in front of noise. It is
# well below what a trigger needs, as places are counted in the corpus and texts among suspects.
_LEAST_SHARE = 0.05
_MOST_CANDIDATES = 5_000


@dataclass(frozen=True, slots=True)
class Text:
    """A row's text: the row's id, and the document or record that it belongs to."""

    row_id: str
    document: str
    text: str


@dataclass(slots=True)
class Suspects:
    """The words around the beginning of noise, of texts in the order of `key`.

    - `key`: uint64 (texts), a hash of the row's id.
    - `exact`, `folded`: uint64 (texts, 20), the tokens' hashes; 0 where the text has none.
    - `texts`: how many texts were looked at, and `suspects` how many turn into noise.
    - `most`: how many are kept.
    """

    key: Hashes
    exact: npt.NDArray[np.uint64]
    folded: npt.NDArray[np.uint64]
    texts: int = 0
    suspects: int = 0
    most: int = MOST

    @classmethod
    def empty(cls, most: int = MOST) -> Suspects:
        """No texts yet."""
        none = np.zeros((0, _WIDTH), np.uint64)
        return cls(np.zeros(0, np.uint64), none, none, most=most)

    def add(self, texts: Sequence[Text], counts: Counts) -> None:
        """Look at some texts."""
        keys: list[int] = []
        exact: list[Hashes] = []
        folded: list[Hashes] = []
        done = 0
        for batch in batches(text.text for text in texts):
            tokens = tokenize(batch)
            order = order_of(tokens, counts)
            for number in range(len(batch)):
                own = tokens.slice_of(number)
                start = order.noise_start(own)
                if start is not None:
                    keys.append(hash_of(texts[done + number].row_id))
                    exact.append(_around(tokens.exact, start, own))
                    folded.append(_around(tokens.folded, start, own))
            done += len(batch)
        more = Suspects(np.array(keys, np.uint64), _rows(exact), _rows(folded), done, len(keys))
        self.merge(more)

    def merge(self, other: Suspects) -> None:
        """Take other texts in."""
        key = np.concatenate([self.key, other.key])
        kept = np.argsort(key, kind="stable")[: self.most]
        self.exact = np.concatenate([self.exact, other.exact])[kept]
        self.folded = np.concatenate([self.folded, other.folded])[kept]
        self.key = key[kept]
        self.texts += other.texts
        self.suspects += other.suspects

    def candidates(self, counts: Counts, least: int, share: float = 1.0) -> Hashes:
        """The runs of tokens that may be triggers of at least `least` texts, as sorted hashes.

        `share` is the share of all texts that was counted.
        """
        kept_share = len(self.key) / max(1, self.suspects)
        # Half of them at least have to begin where noise was found to begin.
        enough = max(3, int(least * kept_share / 2))
        found: list[tuple[Hashes, npt.NDArray[np.float64]]] = []
        for words in range(1, min(LONGEST, _WIDTH) + 1):
            hashes, places, times = self._runs(words)
            is_shared = times >= enough
            in_corpus = self._in_corpus(places[is_shared], words, counts) / share
            standing = times[is_shared] / kept_share / np.maximum(in_corpus, 1)
            is_rare = standing >= _LEAST_SHARE
            found.append((hashes[is_shared][is_rare], standing[is_rare]))
        every = np.concatenate([hashes for hashes, _ in found])
        standing = np.concatenate([part for _, part in found])
        best = np.lexsort((every, -standing))[:_MOST_CANDIDATES]
        return np.unique(every[best])

    def _runs(self, words: int) -> tuple[Hashes, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Each run of so many tokens, where one is, and how many texts have it."""
        columns = _WIDTH - words + 1
        hashes = run_hashes(self.exact, words)
        is_whole = np.ones(hashes.shape, bool)
        for shift in range(words):
            is_whole &= self.exact[:, shift : shift + columns] != 0
        # Equal runs of one text stand behind each other once sorted; the first of them counts.
        row = np.repeat(np.arange(len(hashes)), columns)
        order = np.lexsort((row, hashes.ravel()))
        order = order[is_whole.ravel()[order]]
        run, text = hashes.ravel()[order], row[order]
        is_new = np.ones(len(run), bool)
        is_new[1:] = (run[1:] != run[:-1]) | (text[1:] != text[:-1])
        unique, first, times = np.unique(run[is_new], return_index=True, return_counts=True)
        return unique, order[is_new][first], times

    def _in_corpus(
        self, places: npt.NDArray[np.int64], words: int, counts: Counts
    ) -> npt.NDArray[np.float64]:
        """How often runs were counted at most: as often as their rarest pair, or their word."""
        row, column = np.divmod(places, _WIDTH - words + 1)
        if words == 1:
            return counts.of_words(self.folded[row, column])
        pairs = run_hashes(self.folded, 2)
        of_pairs = [counts.of_pairs(pairs[row, column + n])[0] for n in range(words - 1)]
        rarest: npt.NDArray[np.float64] = np.min(of_pairs, axis=0)
        return rarest


def merged(parts: Iterable[Suspects]) -> Suspects:
    """The suspects of all parts."""
    result = Suspects.empty()
    for part in parts:
        result.merge(part)
    return result


def hash_of(name: str) -> int:
    """A hash of the id of a row or document."""
    return xxhash.xxh3_64_intdigest(name.encode("utf-8", "surrogatepass"))


def run_hashes(rows: npt.NDArray[np.uint64], words: int) -> npt.NDArray[np.uint64]:
    """The hashes of the runs of so many tokens in each row."""
    return ngrams(rows.T, words).T


def _around(hashes: Hashes, start: int, own: slice) -> Hashes:
    """The tokens of a text around one of them, with zeros where it has none."""
    around = np.zeros(_WIDTH, np.uint64)
    first, stop = max(own.start, start - _BEFORE), min(own.stop, start + _BEHIND)
    offset = first - (start - _BEFORE)
    around[offset : offset + stop - first] = hashes[first:stop]
    return around


def _rows(rows: Sequence[Hashes]) -> npt.NDArray[np.uint64]:
    return np.array(rows, np.uint64).reshape(len(rows), _WIDTH)
