"""How much of a part of a benchmark stands in a stretch of letters, and where. Pure.

The cheapest edits that turn one into the other (Levenshtein) leave runs of equal letters. Short
runs come by chance: they count only near longer ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein

AVERAGE_WEIGHT = 64
"""The weight of a letter whose word is of average rarity. Weights are whole numbers, at most 255,
so that sums of them are exact and all of a part is all of its weight."""

_SHORT_LETTERS = 3
_NEAR_LETTERS = 12
"""Runs of 3 equal letters or more that are no further apart make one passage. That is room for a
wrong word, or for a number between."""
_SURE_LETTERS = 8
"""A passage has a run of as many equal letters: two English words."""
_FAR = 4
"""A passage counts if its distance from the longest one is at most as many times its letters: both
halves of an item that a page's foot and head part, but no two words a line away."""
_PIECE_LETTERS = 512

Weights = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Run:
    """Equal letters: `size` of them from `part` on in the part, from `text` on in the text."""

    part: int
    text: int
    size: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """What of a part stands in a text.

    - `matched` is the weight of the letters that do, of `total`.
    - `passage` is how many letters stand together at most, less those that are wrong or put in
      between; one of a common word counts in part.
    - `start` and `end` are letters of the text.
    """

    matched: int
    total: int
    passage: float
    start: int
    end: int

    @property
    def overlap(self) -> float:
        """The share of the part's letters, by weight."""
        return self.matched / self.total


def align_all(part: str, text: str, weights: Weights, start: int, end: int) -> Iterator[Alignment]:
    """All that stands of a part in the letters of a text from `start` to `end`: see `align`.

    A text may repeat a part, so what lies beside the first alignment is compared, too.
    """
    for first, last in pieces(len(part), start, min(end, len(text))):
        found = align(part, text, weights, first, last)
        if found is None:
            continue
        yield found
        for before, after in ((first, found.start), (found.end, last)):
            if after - before >= len(part) / 2:
                yield from align_all(part, text, weights, before, after)


def pieces(length: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A stretch in pieces that a part of `length` letters is compared with.

    Time and memory grow with the product of both lengths, so no piece is much longer than the part.
    They overlap, so that what is twice as long as the part lies in one of them.
    """
    size, shared = 4 * length + _PIECE_LETTERS, 2 * length + _PIECE_LETTERS // 2
    for first in range(start, max(end - shared, start + 1), size - shared):
        yield first, min(first + size, end)


def align(part: str, text: str, weights: Weights, start: int, end: int) -> Alignment | None:
    """Compare a part with the letters of a text from `start` to `end`.

    `weights` are those of the part's letters: uint8 (letters,), `AVERAGE_WEIGHT` on average over
    all parts. Returns None where no run of equal letters counts.
    """
    exact = text.find(part, start, end)
    # Of several cheapest alignments another may scatter the letters.
    runs = [Run(0, exact, len(part))] if exact >= 0 else _runs(part, text, start, end)
    return _alignment(runs, part, text, weights)


def align_piece(part: str, text: str, weights: Weights) -> Alignment | None:
    """Align a part with a text in which only a piece of it may stand, as `align` does otherwise.

    The cheapest edits would set the rest of the part against letters that are not its own. So the
    longest run of equal letters comes first, then the longest on each side of it. That takes time
    by the product of both lengths.
    """
    blocks = SequenceMatcher(None, part, text, autojunk=False).get_matching_blocks()
    runs = [Run(b.a, b.b, b.size) for b in blocks if b.size >= _SHORT_LETTERS]
    return _alignment(runs, part, text, weights)


def _alignment(runs: Sequence[Run], part: str, text: str, weights: Weights) -> Alignment | None:
    """What the runs that count say; None where none does."""
    passages = [one for one in _passages(runs) if max(run.size for run in one) >= _SURE_LETTERS]
    if not passages:
        return None
    kept = list(_grown(_that_belong_together(passages), part, text))
    return Alignment(
        matched=_weight(kept, weights),
        total=int(weights.sum(dtype=np.int64)),
        passage=_best_passage(kept, np.minimum(weights, AVERAGE_WEIGHT)) / AVERAGE_WEIGHT,
        start=kept[0].text,
        end=kept[-1].text + kept[-1].size,
    )


def _runs(part: str, text: str, start: int, end: int) -> list[Run]:
    blocks = Levenshtein.editops(part, text[start:end]).as_matching_blocks()
    return [Run(b.a, b.b + start, b.size) for b in blocks if b.size >= _SHORT_LETTERS]


def _passages(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """The runs, parted where much lies between two of them."""
    passage: list[Run] = []
    for run in runs:
        if passage and max(_between(passage[-1], run)) > _NEAR_LETTERS:
            yield passage
            passage = []
        passage.append(run)
    if passage:
        yield passage


def _between(before: Run, after: Run) -> tuple[int, int]:
    """How many letters lie between two runs, in the part and in the text."""
    in_part = after.part - before.part - before.size
    return in_part, after.text - before.text - before.size


def _that_belong_together(passages: Sequence[list[Run]]) -> list[Run]:
    """The runs of the longest passage, and of those that are long enough for their distance."""
    sizes = [sum(run.size for run in passage) for passage in passages]
    first = last = sizes.index(max(sizes))
    for place in range(first - 1, -1, -1):
        if _FAR * sizes[place] >= max(_between(passages[place][-1], passages[first][0])):
            first = place
    for place in range(last + 1, len(passages)):
        if _FAR * sizes[place] >= max(_between(passages[last][-1], passages[place][0])):
            last = place
    return list(chain.from_iterable(passages[first : last + 1]))


def _weight(runs: Sequence[Run], weights: Weights) -> int:
    parts = (weights[run.part : run.part + run.size] for run in runs)
    return sum(int(part.sum(dtype=np.int64)) for part in parts)


def _best_passage(runs: Sequence[Run], weights: Weights) -> int:
    """The best sum of runs in a row, less the letters between them (Kadane's algorithm)."""
    best = so_far = 0
    for number, run in enumerate(runs):
        between = max(_between(runs[number - 1], run)) if number else 0
        so_far = max(0, so_far - between * AVERAGE_WEIGHT) + _weight([run], weights)
        best = max(best, so_far)
    return best


def _grown(runs: Sequence[Run], part: str, text: str) -> Iterator[Run]:
    """The runs with the equal letters beside them.

    Of several cheapest alignments one may match the last letter of a word to a later word.
    """
    part_from = text_from = 0
    for number, run in enumerate(runs):
        following = runs[number + 1] if number + 1 < len(runs) else Run(len(part), len(text), 0)
        a, b, size = run.part, run.text, run.size
        while a > part_from and b > text_from and part[a - 1] == text[b - 1]:
            a, b, size = a - 1, b - 1, size + 1
        while (
            a + size < following.part
            and b + size < following.text
            and part[a + size] == text[b + size]
        ):
            size += 1
        part_from, text_from = a + size, b + size
        yield Run(a, b, size)
