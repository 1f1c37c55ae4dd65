"""How much order the words of a text have: whether one follows the other more often than by chance.

In any language two words that stand side by side do so more often in the corpus than the same two
stand four or seven words apart. In noise they do not: random words, random characters and shuffled
sentences have an order near 0 or below it. Text, code, tables and formulas have 0.5 to 3. A
language of which the corpus has a few pages lies between. What tells it from noise is that its
letters follow each other as they do elsewhere (`surprise`).

Each pair counts once less than it was counted, as the text itself may be what was counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workers.policies.poisoning.counts import Counts, pairs_of
from workers.policies.poisoning.tokens import Places, Tokens

# A pair that was never seen has log2(0.5 / 0.5) = 0 bits of order.
_UNSEEN = 0.5
_MOST_BITS = 4.0
# A sign belongs to the word that it touches, wherever the two are shuffled to: a quarter counts.
_WEIGHT_APART, _WEIGHT_TOUCHING = 4, 1
# Bits are summed up as whole numbers, so that a sum does not depend on what stands before it.
_UNITS = 1024
# Between that of noise (0.4 at most) and that of most texts (0.5 at least).
NOISE_BELOW = 0.4
_LEAST_NOISE = 30.0
_WORD_CHARS, _KNOWN = 3, 4
# A character that was not seen in its context is taken for one of 64.
_UNSEEN_CHAR, _ALPHABET, _MOST_SURPRISE = 0.1, 64, 12.0


@dataclass(frozen=True, slots=True)
class Order:
    """The order of tokens: sums from the beginning, one more than there are tokens.

    - `weight`: int64 (tokens + 1), of each pair; that of a token is with the token before it.
    - `weighed`: int64 (tokens + 1), 1024ths of bits of order of each pair, times its weight.
    """

    weighed: Places
    weight: Places

    def between(self, start: int, end: int) -> tuple[float, float]:
        """The mean order of the pairs that end in some tokens, and how many pairs that makes."""
        weight = int(self.weight[end] - self.weight[start])
        weighed = int(self.weighed[end] - self.weighed[start])
        return (weighed / weight / _UNITS if weight else 0.0), weight / _WEIGHT_APART

    def noise_start(self, tokens: slice) -> int | None:
        """The token with which the noise of a text begins; None where there is none.

        Noise is the run of tokens with the largest sum of what they lack of `NOISE_BELOW`.
        """
        first, stop = tokens.start, tokens.stop
        if stop - first < 2:
            return None
        own = slice(first, stop + 1)
        lacking = int(NOISE_BELOW * _UNITS) * self.weight[own] - self.weighed[own]
        lowest = np.minimum.accumulate(lacking)
        end = int(np.argmax(lacking - lowest))
        if lacking[end] - lowest[end] < _LEAST_NOISE * _UNITS * _WEIGHT_APART:
            return None
        start: int = tokens.start + int(np.argmin(lacking[: end + 1]))
        return start


def order_of(tokens: Tokens, counts: Counts) -> Order:
    """The order of all tokens."""
    if len(tokens.folded) < 2:
        none = np.zeros(len(tokens.folded) + 1, np.int64)
        return Order(none, none)
    near, far = counts.of_pairs(pairs_of(tokens))
    bits = np.log2((np.maximum(near - 1, 0) + _UNSEEN) / (far + _UNSEEN))
    is_ideograph = tokens.is_ideograph[tokens.char_start]
    is_apart = tokens.start[1:] > tokens.end[:-1]
    is_apart |= is_ideograph[1:] & is_ideograph[:-1]
    weight = np.where(is_apart, _WEIGHT_APART, _WEIGHT_TOUCHING)
    # Two of the same say nothing: the cells of a table of numbers are all one token.
    weight[tokens.folded[1:] == tokens.folded[:-1]] = 0
    weight[tokens.text[1:] != tokens.text[:-1]] = 0
    bits = np.clip(bits, -_MOST_BITS, _MOST_BITS)
    weighed = weight * np.round(_UNITS * bits).astype(np.int64)
    return Order(*(np.concatenate([[0, 0], np.cumsum(part)]) for part in (weighed, weight)))


def surprise(tokens: Tokens, counts: Counts, start: int, end: int) -> float:
    """How many bits a character has on average in some tokens, given the characters before it."""
    if end <= start:
        return 0.0
    chars = slice(int(tokens.char_start[start]), int(tokens.char_end[end - 1]))
    gram, context = counts.of_grams(tokens, chars)
    seen = np.maximum(gram - 1, 0) + _UNSEEN_CHAR
    of = np.maximum(context - 1, 0) + _UNSEEN_CHAR * _ALPHABET
    bits = np.minimum(-np.log2(seen / of), _MOST_SURPRISE)
    return float(np.round(_UNITS * bits).astype(np.int64).mean() / _UNITS)


def known_words(tokens: Tokens, counts: Counts, start: int, end: int) -> float:
    """The share of some tokens that are words of three letters, or an ideograph, and are known.

    Dumps and sequences have no order, as their numbers and letters are random by nature; but they
    have no words, either.
    """
    if end <= start:
        return 0.0
    own = slice(start, end)
    is_word = tokens.char_end[own] - tokens.char_start[own] >= _WORD_CHARS
    is_word |= tokens.is_ideograph[tokens.char_start[own]]
    return float((is_word & (counts.of_words(tokens.folded[own]) >= _KNOWN)).mean())
