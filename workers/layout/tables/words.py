"""The words of a piece of text and where they stand. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from workers.layout.tables.grid import Piece

RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
"""Letters that are read from the right."""

_WORD = re.compile(r"\S+")


def cut_in_proportion(piece: Piece) -> list[Piece]:
    """The words of a line whose places are not known, as if all characters were equally wide."""
    x0, y0, x1, y1 = piece.box
    width = (x1 - x0) / max(len(piece.text), 1)
    is_rtl = bool(RTL.search(piece.text))
    words: list[Piece] = []
    for word in _WORD.finditer(piece.text):
        left, right = word.start() * width, word.end() * width
        box = (x1 - right, y0, x1 - left, y1) if is_rtl else (x0 + left, y0, x0 + right, y1)
        words.append(replace(piece, text=word[0], box=box))
    return words


class PageWords:
    """All words of a page, by height, so that those of a line are soon found."""

    def __init__(self, words: Sequence[Piece]) -> None:
        self._words = sorted(words, key=lambda word: word.middle[1])
        self._middles = [word.middle[1] for word in self._words]

    def of(self, piece: Piece) -> list[Piece] | None:
        """The words that are those of this line; None where they are not the same.

        They are not where the line was repaired, or parts of it are hidden: then its own text
        counts.
        """
        x0, y0, x1, y1 = piece.box
        near = self._words[bisect_left(self._middles, y0) : bisect_right(self._middles, y1)]
        own = [word for word in near if x0 - 1 <= word.middle[0] <= x1 + 1]
        own.sort(key=lambda word: word.box[0], reverse=bool(RTL.search(piece.text)))
        if [word.text.strip() for word in own] != piece.text.split():
            return None
        return [replace(piece, text=word.text.strip(), box=word.box) for word in own]
