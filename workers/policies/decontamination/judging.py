"""When a text contains an item: the rules for its parts, short ones, and several together. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from schemas.decontaminate import Benchmark
from workers.policies.decontamination.alignment import Alignment
from workers.policies.decontamination.index import Index
from workers.policies.decontamination.letters import as_text

_BESIDE_LETTERS = 200
"""How far an answer may be from its question: 40 English words."""
SUPPORT = 0.5
"""The overlap from which on a part bears out another one of its item."""
_LEAST_SUPPORT_LETTERS = 3
"""A shorter answer, such as `B` or `42`, is in every text and bears out nothing."""


@dataclass(frozen=True, slots=True)
class Found:
    """A part of an item in a text, and how much of it."""

    part: int
    alignment: Alignment


@dataclass(frozen=True, slots=True)
class Judged:
    """An item in a text: its letters from `start` to `end`, and the item's overlap there."""

    start: int
    end: int
    overlap: float


def judge(index: Index, item: int, found: Sequence[Found], text: str) -> list[Judged]:
    """Where a text, given by its letters, contains an item; nowhere if too little was found.

    A part counts by itself if enough of it was found, or a long enough passage. Several parts
    beside each other count if together enough of them was found.
    """
    benchmark = index.benchmark(item)
    groups = beside_each_other(found)
    return [judged for group in groups if (judged := _judge_group(index, benchmark, group, text))]


def beside_each_other(found: Sequence[Found]) -> Iterator[list[Found]]:
    """Parts in groups of those that are no further apart than a question and its answer."""
    group: list[Found] = []
    end = 0
    for one in sorted(found, key=lambda one: (one.alignment.start, one.part)):
        if group and one.alignment.start > end + _BESIDE_LETTERS:
            yield group
            group = []
        group.append(one)
        end = max(end, one.alignment.end)
    if group:
        yield group


def _judge_group(
    index: Index, benchmark: Benchmark, group: Sequence[Found], text: str
) -> Judged | None:
    strong = [one for one in group if _is_enough(index, benchmark, one, group, text)]
    together = _together(index, benchmark, group)
    if not strong and together is None:
        return None
    # Parts that bear out a strong one belong to what was found, so that a cut takes them, too.
    kept = [one for one in group if one in strong or one.alignment.overlap >= SUPPORT]
    overlap = max([one.alignment.overlap for one in strong] + [together or 0.0])
    start = min(one.alignment.start for one in kept)
    return Judged(start, max(one.alignment.end for one in kept), overlap)


def _is_enough(
    index: Index, benchmark: Benchmark, one: Found, group: Sequence[Found], text: str
) -> bool:
    span = index.parts.span(one.part)
    letters = span.stop - span.start
    if letters < benchmark.min_letters:
        return False
    passage = benchmark.passage_letters
    if passage is not None and one.alignment.passage >= passage:
        return True
    if one.alignment.overlap < benchmark.needed_overlap(letters):
        return False
    return letters >= benchmark.short_letters or _is_borne_out(index, one, group, text)


def _is_borne_out(index: Index, one: Found, group: Sequence[Found], text: str) -> bool:
    """Whether another part of the item is beside this one, or the item has no other to look for."""
    others = [
        index.codes[index.parts.span(part)]
        for part in index.parts.of_item(int(index.parts.items[one.part]))
        if part != one.part
    ]
    others = [codes for codes in others if len(codes) >= _LEAST_SUPPORT_LETTERS]
    if not others:
        return True
    if any(o.part != one.part and o.alignment.overlap >= SUPPORT for o in group):
        return True
    start, end = one.alignment.start, one.alignment.end
    around = text[max(0, start - _BESIDE_LETTERS) : start] + " " + text[end : end + _BESIDE_LETTERS]
    return any(as_text(codes) in around for codes in others)


def _together(index: Index, benchmark: Benchmark, group: Sequence[Found]) -> float | None:
    """The overlap of an item of several parts, if it is enough; parts not found count as 0."""
    best: dict[int, Alignment] = {}
    for one in group:
        held = best.get(one.part)
        if held is None or one.alignment.matched > held.matched:
            best[one.part] = one.alignment
    if len(best) < 2:
        return None
    parts = index.parts.of_item(int(index.parts.items[group[0].part]))
    whole = slice(index.parts.span(parts[0]).start, index.parts.span(parts[-1]).stop)
    total = int(index.weights[whole].sum(dtype=np.int64))
    overlap = sum(alignment.matched for alignment in best.values()) / total
    letters = whole.stop - whole.start
    return overlap if overlap >= benchmark.needed_overlap(letters) else None
