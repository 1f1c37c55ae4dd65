"""Count what is usual in a corpus, in tables whose size is fixed. Pure.

    [ Counts.add(texts) ] per batch ─► merged ─► the same counts in any order

Words, pairs of words and runs of four characters are counted at the place of their hash, so two may
share a count: 100,000 pages have about 10 million different pairs, which fill a third of the 2^25
places. Of a larger corpus a sample is counted (`share_of`, `is_counted`), chosen by the rows' ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from schemas.ids import order_key
from workers.policies.poisoning.tokens import Hashes, Places, Tokens, batches, joined, tokenize

COUNTED_CHARS = 300_000_000
"""How much text is counted: about 100,000 pages."""
FAR = (4, 7)
"""How far apart two tokens are that stand in one text by chance. One distance is even and one odd,
so that a table whose cells alternate does not look as if every order were as good."""
_SALT = 16

Values = npt.NDArray[np.float64]
_Table = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]


@dataclass(slots=True)
class Counts:
    """How often the words, pairs and runs of characters of some texts occur.

    - `words`: uint32.
    - `pairs`, `apart`: uint16, of two tokens that follow each other, and of two that stand at one
      of the distances `FAR`. More than 65,535 are counted as that.
    - `grams`, `contexts`: uint32, of four characters and of the first three of them; of ideographs
      of two and one.
    """

    words: npt.NDArray[np.uint32]
    pairs: npt.NDArray[np.uint16]
    apart: npt.NDArray[np.uint16]
    grams: npt.NDArray[np.uint32]
    contexts: npt.NDArray[np.uint32]

    @classmethod
    def empty(cls, smaller_by: int = 0) -> Counts:
        """Tables of zeros, 164 MiB; half of that for each `smaller_by`."""
        return cls(
            np.zeros(1 << (22 - smaller_by), np.uint32),
            np.zeros(1 << (25 - smaller_by), np.uint16),
            np.zeros(1 << (25 - smaller_by), np.uint16),
            np.zeros(1 << (22 - smaller_by), np.uint32),
            np.zeros(1 << (20 - smaller_by), np.uint32),
        )

    def add(self, texts: Iterable[str]) -> None:
        """Count some texts."""
        for batch in batches(texts):
            tokens = tokenize(batch)
            all_chars = slice(0, len(tokens.chars))
            _add(self.words, tokens.folded)
            _add(self.pairs, _within(tokens, 1))
            _add(self.apart, np.concatenate([_within(tokens, distance) for distance in FAR]))
            for table, hashes in zip(
                (self.grams, self.contexts), _grams(tokens, all_chars), strict=True
            ):
                _add(table, hashes)

    def merge(self, other: Counts) -> None:
        """Add the counts of other texts."""
        for field in fields(self):
            table, more = getattr(self, field.name), getattr(other, field.name)
            table += np.minimum(more, np.iinfo(table.dtype).max - table)

    def of_words(self, folded: Hashes) -> Values:
        """How often words were counted."""
        return _counted(self.words, folded)

    def of_pairs(self, pairs: Hashes) -> tuple[Values, Values]:
        """How often pairs were counted side by side, and on average at a distance."""
        return _counted(self.pairs, pairs), _counted(self.apart, pairs) / len(FAR)

    def of_grams(self, tokens: Tokens, chars: slice) -> tuple[Values, Values]:
        """How often characters were counted with those before them, and those without them."""
        gram, context = _grams(tokens, chars)
        return _counted(self.grams, gram), _counted(self.contexts, context)


def share_of(chars: int) -> float:
    """The share of a corpus of so many characters that is counted."""
    return min(1.0, COUNTED_CHARS / max(1, chars))


def is_counted(row_id: str, share: float, seed: int = 0) -> bool:
    """Whether a row belongs to the share of rows that are counted."""
    return int.from_bytes(order_key(seed + _SALT, row_id)[:8], "big") < share * 2**64


def merged(parts: Iterable[Counts]) -> Counts:
    """The sum of at least one count; the first is added to."""
    first, *others = parts
    for other in others:
        first.merge(other)
    return first


def pairs_of(tokens: Tokens) -> Hashes:
    """The hash of each token with the next, one fewer than there are tokens."""
    return joined(tokens.folded[:-1], tokens.folded[1:])


def _within(tokens: Tokens, distance: int) -> Hashes:
    """The hashes of all pairs of tokens of one text that stand so far apart."""
    pairs = joined(tokens.folded[:-distance], tokens.folded[distance:])
    within: Hashes = pairs[tokens.text[:-distance] == tokens.text[distance:]]
    return within


def _place(table: _Table, hashes: Hashes) -> Places:
    """The place of each hash in a table whose length is a power of two."""
    return (hashes & np.uint64(len(table) - 1)).astype(np.int64)


def _counted(table: _Table, hashes: Hashes) -> Values:
    return table[_place(table, hashes)].astype(np.float64)


def _add(table: _Table, hashes: Hashes) -> None:
    places, counts = np.unique(_place(table, hashes), return_counts=True)
    most = np.iinfo(table.dtype).max
    table[places] += np.minimum(counts, most - table[places]).astype(table.dtype)


def _grams(tokens: Tokens, at: slice) -> tuple[Hashes, Hashes]:
    """The hash of each of some characters with the three before it, and that of the three.

    An ideograph says as much as several letters, so it is counted with one before it.
    """
    lacking = max(0, 3 - at.start)
    chars = tokens.chars[max(0, at.start - 3) : at.stop]
    chars = np.concatenate([np.zeros(lacking, np.uint64), chars])
    third, second, first, last = chars[:-3], chars[1:-2], chars[2:-1], chars[3:]
    three = joined(joined(third, second), first)
    context = np.where(tokens.is_ideograph[at], joined(first, first), three)
    return joined(context, last), context
