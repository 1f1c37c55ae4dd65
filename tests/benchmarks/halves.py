"""How many halves of items over a page break are found in the pages; for `decontamination`."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from schemas.findings import Finding
from tests.benchmarks.contaminated import Broken, MadeItem
from workers.policies.decontamination import Index, find, pieces_of, with_pieces
from workers.policies.decontamination.letters import as_text, letters_of


def halves(rng: random.Random, made: list[MadeItem], index: Index) -> dict[str, Any]:
    """The halves that are found in their pages as a whole, by how many letters they have."""
    by_length = {"below 24": Counter[str](), "24 to 35": Counter[str](), "from 36": Counter[str]()}
    pieces_s = 0.0
    for item in made:
        broken = Broken.draw(rng, item)
        text, offsets = broken.document.text, broken.document.offsets
        (found,), alone = find(index, [text]), find(index, broken.pages)
        start_s = time.process_time()
        pieces = list(pieces_of(index, text, offsets, found))
        both = [
            with_pieces(own, [one for at, one in pieces if at == number], page)
            for number, (own, page) in enumerate(zip(alone, broken.pages, strict=True))
        ]
        pieces_s += time.process_time() - start_s
        for half, page, own, all_found in zip(
            broken.halves, broken.pages, alone, both, strict=True
        ):
            letters = len(letters_in(half))
            length = "below 24" if letters < 24 else "24 to 35" if letters < 36 else "from 36"
            by_length[length] += Counter(
                halves=1, alone=holds(page, own, half), found=holds(page, all_found, half)
            )
    return {**by_length, "ms_a_document": 1000 * pieces_s / len(made)}


def letters_in(text: str) -> str:
    return as_text(letters_of([text]).codes)


def holds(page: str, found: Sequence[Finding], half: str) -> bool:
    return any(letters_in(half) in letters_in(page[one.start : one.end]) for one in found)
