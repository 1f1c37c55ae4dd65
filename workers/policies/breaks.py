"""What a page break parts: looked for in documents, before any policy has changed their texts.

So the pieces of a document's pages depend on its text and the benchmarks alone, whatever other
policies find in it, cut out of it, or reject it for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from schemas.crop_links import blanked_links
from workers.policies.decontamination import Piece, pieces_of
from workers.policies.judgement import Judge
from workers.policies.passages import Passage

Pieces = list[tuple[int, Piece]]
"""Pieces of a document's pages, each with the number of its page."""


def find_pieces(
    documents: Sequence[Passage], judges: Sequence[Judge]
) -> tuple[list[Passage], list[Pieces]]:
    """The pieces of each document, and the documents with the items that were found in them.

    `judge` does not look for items that are known, so each text is searched once.
    """
    policy = next((one for one in judges if one.index is not None), None)
    if policy is None or policy.index is None:
        return list(documents), [[] for _ in documents]
    seen = [replace(one, text=blanked_links(one.text)) for one in documents]
    found = policy.find(seen)
    pieces = [
        list(pieces_of(policy.index, one.text, one.offsets, items))
        for one, items in zip(seen, found, strict=True)
    ]
    known = (replace(one, items=tuple(own)) for one, own in zip(documents, found, strict=True))
    return list(known), pieces
