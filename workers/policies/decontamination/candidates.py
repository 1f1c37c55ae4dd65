"""Which parts of benchmarks may stand in which texts, and about where: by their seeds. Pure.

Most texts share no seed with any benchmark, and are done here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workers.policies.decontamination.index import Index
from workers.policies.decontamination.letters import Letters, Places
from workers.policies.decontamination.seeds import (
    GUARANTEED_LETTERS,
    SEED_LETTERS,
    WINDOW,
    seeds_of,
)

_LEAST_SPREAD = 8
"""How far apart the first and last seed must be: those of one short phrase, such as "as well as
the", are no evidence. A part of n letters has two that are n - 30 apart, or more."""
_LEAST_SPREAD_FROM = GUARANTEED_LETTERS + WINDOW - 1
_SLACK_LETTERS = 64
"""How many letters may be put in, such as a page's foot and the next one's head."""
_SLACK_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Candidate:
    """A part that may stand in a text's letters from `start` to `end`, as far as these go."""

    text: int
    part: int
    start: int
    end: int


def candidates(index: Index, letters: Letters) -> list[Candidate]:
    """All candidates, ordered by text and part."""
    text, part, begin, at = _finds(index, letters)
    if len(text) == 0:
        return []
    # Finds of a text and a part, ordered by where the part would begin in the text.
    key = text * len(index.parts.items) + part
    order = np.lexsort((begin, key))
    key, text, part, begin, at = (a[order] for a in (key, text, part, begin, at))
    lengths = np.diff(index.parts.starts)[part]
    # An occurrence ends where the next find would begin by half a part or more later.
    reach = _SLACK_LETTERS + lengths // 2
    is_first = np.append(True, (np.diff(key) > 0) | (np.diff(begin) > reach[1:]))
    firsts = np.flatnonzero(is_first)
    stops = np.append(firsts[1:], len(key))
    spread = np.maximum.reduceat(at, firsts) - np.minimum.reduceat(at, firsts)
    is_enough = spread >= np.minimum(_LEAST_SPREAD, lengths[firsts] - _LEAST_SPREAD_FROM)
    slack = _SLACK_LETTERS + (_SLACK_SHARE * lengths).astype(np.int64)
    found = [
        Candidate(
            int(text[first]),
            int(part[first]),
            max(0, int(begin[first] - slack[first])),
            int(begin[stop - 1] + lengths[first] + slack[first]),
        )
        for first, stop in zip(firsts[is_enough], stops[is_enough], strict=True)
    ]
    return list(_apart(found))


def _finds(index: Index, letters: Letters) -> tuple[Places, Places, Places, Places]:
    """For each find of a seed: its text, its part, where the part would begin, and its place."""
    seeds = seeds_of(letters.codes)
    which, places = index.table.find(seeds.hashes)
    at = seeds.places[which]
    text = np.searchsorted(letters.starts, at, "right") - 1
    part = np.searchsorted(index.parts.starts, places, "right") - 1
    begin = (at - letters.starts[text]) - (places - index.parts.starts[part])
    # A seed that goes on in the next text is none.
    is_within = at + SEED_LETTERS <= letters.starts[text + 1]
    return text[is_within], part[is_within], begin[is_within], at[is_within]


def _apart(found: list[Candidate]) -> Iterator[Candidate]:
    """Candidates of one text and part that overlap are one: a part may repeat itself."""
    held: Candidate | None = None
    for new in found:
        if held and (held.text, held.part) == (new.text, new.part) and new.start < held.end:
            held = Candidate(held.text, held.part, held.start, max(held.end, new.end))
            continue
        if held:
            yield held
        held = new
    if held:
        yield held
