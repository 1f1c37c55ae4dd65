"""Count exactly in which texts candidates stand and whether noise follows them; name the triggers.

    [ Evidence.add(texts) ] per batch ─► merged ─► triggers

All sums are whole numbers, so the result is the same in any order. Documents and examples are kept
by the smallest hashes of their ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from workers.policies.poisoning.counts import Counts
from workers.policies.poisoning.order import NOISE_BELOW, Order, known_words, order_of, surprise
from workers.policies.poisoning.suspects import LONGEST, Text, hash_of
from workers.policies.poisoning.tokens import Hashes, Tokens, batches, ngrams, tokenize

KEPT_DOCUMENTS = 1024
KEPT_EXAMPLES = 8
_SCALE = 1000
_WINDOW = 200  # tokens in front and behind in which order is measured
_LEAST_WEIGHT = 15.0
_LEAST_DROP = 0.25
_EXCERPT_CHARS = 60
_FILTER_BITS = 20

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, order=True)
class Example:
    """Where a candidate stands: the characters, and those around them."""

    key: int
    row_id: str
    start: int
    found: str
    excerpt: str


@dataclass(slots=True)
class Candidate:
    """What was counted of a candidate.

    - `texts`: how many texts have it; `noisy`: in how many of them noise follows it.
    - `before`, `after`, `surprise`, `known`: sums over the noisy texts, in thousandths; `before`
      over the `with_before` texts that have enough in front of it.
    - `documents`: the noisy texts' documents by their hash, those with the smallest.
    """

    texts: int = 0
    noisy: int = 0
    with_before: int = 0
    before: int = 0
    after: int = 0
    surprise: int = 0
    known: int = 0
    documents: dict[int, str] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)

    def merge(self, other: Candidate) -> None:
        """Add what was counted in other texts."""
        self.texts += other.texts
        self.noisy += other.noisy
        self.with_before += other.with_before
        self.before += other.before
        self.after += other.after
        self.surprise += other.surprise
        self.known += other.known
        both = {**self.documents, **other.documents}
        self.documents = dict(sorted(both.items())[:KEPT_DOCUMENTS])
        self.examples = sorted([*self.examples, *other.examples])[:KEPT_EXAMPLES]


@dataclass(slots=True)
class Evidence:
    """What was counted of each candidate, by its hash. `hashes` are all candidates, sorted."""

    hashes: Hashes
    counted: dict[int, Candidate] = field(default_factory=dict)

    def add(self, texts: Sequence[Text], counts: Counts) -> None:
        """Count in some texts."""
        if not len(self.hashes):
            return
        done = 0
        may_be = _filter(self.hashes)
        for batch in batches(text.text for text in texts):
            tokens = tokenize(batch)
            if hits := _hits(tokens, self.hashes, may_be):
                looked = _Batch(tokens, order_of(tokens, counts), counts)
                for number, places in hits.items():
                    for found, runs in places.items():
                        seen = looked.look_at(texts[done + number], number, runs)
                        self.counted.setdefault(found, Candidate()).merge(seen)
            done += len(batch)

    def merge(self, other: Evidence) -> None:
        """Add what was counted in other texts."""
        for found, candidate in other.counted.items():
            self.counted.setdefault(found, Candidate()).merge(candidate)


@dataclass(frozen=True, slots=True)
class _Batch:
    """The tokens of some texts, and their order."""

    tokens: Tokens
    order: Order
    counts: Counts

    def look_at(self, text: Text, number: int, runs: Sequence[tuple[int, int]]) -> Candidate:
        """What a text says of a candidate that stands at `runs` of its tokens, from and up to."""
        own = self.tokens.slice_of(number)
        for first, stop in runs:
            after, before = _contrast(self.order, own, first, stop)
            if after is not None:
                end = min(own.stop, stop + _WINDOW)
                bits = surprise(self.tokens, self.counts, stop, end)
                known = known_words(self.tokens, self.counts, stop, end)
                return Candidate(
                    texts=1,
                    noisy=1,
                    with_before=int(before is not None),
                    before=round((before or 0.0) * _SCALE),
                    after=round(after * _SCALE),
                    surprise=round(bits * _SCALE),
                    known=round(known * _SCALE),
                    documents={hash_of(text.document): text.document},
                    examples=[self._example(text, first, stop)],
                )
        return Candidate(texts=1)

    def _example(self, text: Text, first: int, stop: int) -> Example:
        start, end = int(self.tokens.start[first]), int(self.tokens.end[stop - 1])
        excerpt = text.text[max(0, start - _EXCERPT_CHARS) : end + _EXCERPT_CHARS]
        return Example(hash_of(text.row_id), text.row_id, start, text.text[start:end], excerpt)


def merged(parts: Iterable[Evidence]) -> Evidence:
    """The evidence of at least one part; the first is added to."""
    first, *others = parts
    for other in others:
        first.merge(other)
    return first


def _contrast(order: Order, own: slice, first: int, stop: int) -> tuple[float | None, float | None]:
    """The order behind and in front of a run of tokens.

    The former is None where no noise begins behind it, the latter where too little is in front.
    """
    after, weight = order.between(min(stop + 1, own.stop), min(own.stop, stop + _WINDOW))
    if weight < _LEAST_WEIGHT or after > NOISE_BELOW:
        return None, None
    before, weight = order.between(max(own.start, first - _WINDOW), first)
    if weight < _LEAST_WEIGHT:
        return after, None
    return (after, before) if before - after >= _LEAST_DROP else (None, None)


def _filter(hashes: Hashes) -> Flags:
    """Which of the lower bits any candidate has: most other runs are ruled out by them."""
    may_be = np.zeros(1 << _FILTER_BITS, bool)
    may_be[(hashes & np.uint64(len(may_be) - 1)).astype(np.int64)] = True
    return may_be


def _hits(
    tokens: Tokens, hashes: Hashes, may_be: Flags
) -> dict[int, dict[int, list[tuple[int, int]]]]:
    """By text and candidate, the tokens from and up to which it stands there, in order."""
    hits: dict[int, dict[int, list[tuple[int, int]]]] = {}
    for words in range(1, min(LONGEST, len(tokens.exact)) + 1):
        runs = ngrams(tokens.exact, words)
        first = np.flatnonzero(may_be[(runs & np.uint64(len(may_be) - 1)).astype(np.int64)])
        place = np.minimum(np.searchsorted(hashes, runs[first]), len(hashes) - 1)
        first = first[hashes[place] == runs[first]]
        first = first[tokens.text[first] == tokens.text[first + words - 1]]
        for start in first.tolist():
            of_text = hits.setdefault(int(tokens.text[start]), {})
            of_text.setdefault(int(runs[start]), []).append((start, start + words))
    return hits
