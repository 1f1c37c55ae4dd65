"""Items that page breaks part: found in their document, and placed in its pages. Pure.

    the text of a document ─► its findings ─► pieces: what of an item stands on which page
    the text of a page and its pieces ─► findings

A page's text is not that of its document: repeated lines are left out there, and words, sentences
and tables that go over the break are joined. Letters are the same in both.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from schemas.findings import Finding
from workers.policies.decontamination.alignment import AVERAGE_WEIGHT, align_piece
from workers.policies.decontamination.index import Index
from workers.policies.decontamination.judging import SUPPORT, Found, beside_each_other
from workers.policies.decontamination.letters import as_text, letters_of, places_of
from workers.policies.decontamination.search import POLICY

_FURNITURE_LETTERS = 4096
"""How far from the break a piece may be: notes may stand below it, and a head above it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What of an item stands on one of the pages over which it goes.

    `letters` are those from the first to the last that the page has of it, as the document says
    them (`letters.as_text`). `goes_on` says whether more of it stands on the next page. `certainty`
    is that of the whole item.
    """

    benchmark: str
    item: str
    certainty: float
    letters: str
    goes_on: bool


def pieces_of(
    index: Index, text: str, offsets: Sequence[int], findings: Sequence[Finding]
) -> Iterator[tuple[int, Piece]]:
    """The pieces of the items that go over a page break, each with the number of its page.

    `findings` are those in the document's `text`, whose pages begin at `offsets`. A piece counts
    from `min_letters` of the item in a row on: a few words tell nothing of it.
    """
    for found in findings:
        # first, last: the pages in which the finding begins and ends
        first, last = bisect_right(offsets, found.start) - 1, bisect_left(offsets, found.end) - 1
        for number in range(first, last + 1) if first < last else ():
            start = max(found.start, offsets[number])
            end = found.end if number == last else offsets[number + 1]
            for letters in _own_letters(index, found, text[start:end]):
                certainty, goes_on = found.certainty, number < last
                piece = Piece(found.kind, found.detail or "", certainty, letters, goes_on)
                yield number, piece


def _own_letters(index: Index, found: Finding, stretch: str) -> Iterator[str]:
    """The letters of a stretch of a page that are an item's, without a foot or head beside them."""
    text = as_text(letters_of([stretch]).codes)
    pieces: set[str] = set()  # items of one name may be one item
    for item in _items(index, found):
        least = index.benchmark(item).min_letters
        aligned = []
        for part in index.parts.of_item(item):
            span = index.parts.span(part)
            alignment = align_piece(as_text(index.codes[span]), text, index.weights[span])
            if alignment is not None:
                aligned.append(Found(part, alignment))
        for group in beside_each_other(aligned):
            kept = [
                one.alignment
                for one in group
                if one.alignment.passage >= least or one.alignment.overlap >= SUPPORT
            ]
            if any(one.passage >= least for one in kept):
                letters = text[min(one.start for one in kept) : max(one.end for one in kept)]
                pieces.add(letters)
    yield from sorted(pieces)


def _items(index: Index, found: Finding) -> Iterator[int]:
    """The items of the name that a finding says."""
    for number, name in enumerate(index.ids):
        if name == found.detail and index.benchmark(number).name == found.kind:
            yield number


def with_pieces(findings: Sequence[Finding], pieces: Sequence[Piece], text: str) -> list[Finding]:
    """The findings in the text of a page, with those of its pieces.

    A piece takes the place of what was found of its item without its document.
    """
    together = list(findings)
    for piece in pieces:
        span = _place(piece, text)
        if span is None:
            continue
        new = Finding(*span, POLICY, piece.benchmark, piece.certainty, piece.item)
        same = [old for old in together if _is_part_of(old, new)]
        together = [old for old in together if old not in same]
        together.append(
            replace(
                new,
                start=min(one.start for one in (new, *same)),
                end=max(one.end for one in (new, *same)),
                certainty=max(one.certainty for one in (new, *same)),
            )
        )
    return sorted(together)


def _is_part_of(old: Finding, new: Finding) -> bool:
    """Whether two findings that overlap are of one item."""
    is_same = (old.kind, old.detail) == (new.kind, new.detail) and not old.is_whole
    return is_same and old.start < new.end and new.start < old.end


def _place(piece: Piece, text: str) -> tuple[int, int] | None:
    """Where a piece stands in the text of its page; None where an earlier policy took it."""
    letters = as_text(letters_of([text]).codes)
    start = letters.rfind(piece.letters) if piece.goes_on else letters.find(piece.letters)
    end = start + len(piece.letters)
    if start < 0:
        reach = len(piece.letters) + _FURNITURE_LETTERS
        first = max(0, len(letters) - reach) if piece.goes_on else 0
        weights = np.full(len(piece.letters), AVERAGE_WEIGHT, np.uint8)
        found = align_piece(piece.letters, letters[first : first + reach], weights)
        if found is None or found.overlap < SUPPORT:
            return None
        start, end = first + found.start, first + found.end
    places = places_of(text)
    return int(places[start]), int(places[end - 1]) + 1
