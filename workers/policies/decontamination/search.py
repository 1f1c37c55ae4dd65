"""Look for benchmarks in many texts at once. Pure.

The steps: the letters of the texts; their seeds, looked up in the index; the stretches in which a
part may stand, each aligned with it; and the rules that say whether that is an item.

    findings = find(index, ["the text of a page", "the text of a document"])
    findings[0]                                # the findings in the first text, in order
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from schemas.findings import Finding
from workers.policies.decontamination.alignment import align_all
from workers.policies.decontamination.candidates import Candidate, candidates
from workers.policies.decontamination.index import Index
from workers.policies.decontamination.judging import Found, Judged, judge
from workers.policies.decontamination.letters import as_text, letters_of, places_of
from workers.text.batches import batches

POLICY = "decontaminate"

_BATCH_CHARS = 1 << 16
"""64 Ki letters as 8-byte hashes are half a mebibyte: in a core's cache."""


def find(index: Index, texts: Sequence[str]) -> list[list[Finding]]:
    """The findings in each text, in order. An item that stands in a text twice is found twice.

    A finding's `kind` is the benchmark, its `detail` the item, and its `certainty` the overlap.
    """
    return [
        found for batch in batches(texts, _BATCH_CHARS) for found in _find_in_batch(index, batch)
    ]


def _find_in_batch(index: Index, texts: Sequence[str]) -> list[list[Finding]]:
    findings: list[list[Finding]] = [[] for _ in texts]
    letters = letters_of(texts)
    for number, group in groupby(candidates(index, letters), key=lambda one: one.text):
        codes = letters.codes[letters.starts[number] : letters.starts[number + 1]]
        judged = _judged(index, list(group), as_text(codes))
        if judged:
            places = places_of(texts[number])
            findings[number] = sorted(_finding(index, item, one, places) for item, one in judged)
    return findings


def _judged(index: Index, group: Sequence[Candidate], text: str) -> list[tuple[int, Judged]]:
    """The items in a text, given by its letters."""
    by_item: dict[int, list[Found]] = {}
    for one in group:
        span = index.parts.span(one.part)
        part = as_text(index.codes[span])
        found = by_item.setdefault(int(index.parts.items[one.part]), [])
        for alignment in align_all(part, text, index.weights[span], one.start, one.end):
            found.append(Found(one.part, alignment))
    return [
        (item, judged)
        for item, found in by_item.items()
        for judged in judge(index, item, found, text)
    ]


def _finding(
    index: Index, item: int, judged: Judged, places: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> Finding:
    return Finding(
        start=int(places[judged.start]),
        end=int(places[judged.end - 1]) + 1,
        policy=POLICY,
        kind=index.benchmark(item).name,
        certainty=round(judged.overlap, 4),
        detail=index.ids[item],
    )
