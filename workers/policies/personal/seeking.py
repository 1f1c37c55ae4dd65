"""Seek a value in the lines that were read in a picture, as OCR may have misread it. Pure.

Owns which characters of which lines are those of a value, also where it wraps. Where they are in
the picture is owned by `placing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from workers.policies.personal.finding import compact

if TYPE_CHECKING:
    from workers.engines.text_lines import Line

LEAST_LIKENESS = 82.0
"""Of 100: one misread sign in ten costs 10 where it is another sign, 5 where it is left out. At 75
the other numbers of a list of telephones are taken for the one that is sought."""
LEAST_LIKENESS_LEFT = 90.0
"""After painting: the other numbers of a list that were not to be hidden are less alike."""
_EXACT = 100.0
_SHIFT = 2
"""In signs: how far from an alignment's sides those of the value may be."""
_ALIKE = str.maketrans("oOlI|!sSB\uff20", "00111155" + "8@")


class Value(NamedTuple):
    """A value that must not be read, and its kind."""

    text: str
    kind: str


class Part(NamedTuple):
    """The characters of a line that are those of a value, from the first to the last."""

    line: Line
    first: int
    last: int
    begins: bool


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """From the top; lines whose middles are within half a line form a row, read from the left."""
    placed = sorted(
        (*line.corners.mean(axis=0)[::-1].tolist(), number) for number, line in enumerate(lines)
    )
    rows: list[list[tuple[float, float, int]]] = []
    for y, x, number in placed:
        line = lines[number]
        half = float(np.linalg.norm(line.corners[3] - line.corners[0])) / 2
        if rows and y - rows[-1][0][0] < half:
            rows[-1].append((y, x, number))
        else:
            rows.append([(y, x, number)])
    return [lines[number] for row in rows for _, _, number in sorted(row, key=lambda item: item[1])]


def parts(value: Value, lines: Sequence[Line], least: float) -> Iterator[Part]:
    """The parts of lines that show a value, wherever it stands on lines that follow each other.

    `least` is how alike it must be where it does not stand exactly, of 100.

    >>> line = Line(np.zeros((4, 2), np.float32), "at ada@1ovelace.org", 0.9, False)
    >>> [(part.first, part.last) for part in parts(Value("ada@lovelace.org", "email"), [line], 80)]
    [(3, 18)]
    """
    sought = _alike(compact(value.text))
    signs = [
        (number, at)
        for number, line in enumerate(lines)
        for at, sign in enumerate(line.text)
        if not sign.isspace()
    ]
    if not sought or not signs:
        return
    text = _alike("".join(lines[number].text[at] for number, at in signs))
    for start, end in _occurrences(sought, text, least):
        spans: dict[int, tuple[int, int]] = {}
        for number, at in signs[start:end]:
            spans[number] = (spans.get(number, (at, at))[0], at)
        for order, (number, (first, last)) in enumerate(spans.items()):
            yield Part(lines[number], first, last, order == 0)


def parts_anywhere(value: Value, lines: Sequence[Line], least: float) -> Iterator[Part]:
    """The parts of lines of a whole picture: exactly across lines, misread only within one.

    Lines that follow each other there may be of two columns or cells, so that half of a value and
    the beginning of its neighbour would be taken for it.
    """
    exact = list(parts(value, lines, _EXACT))
    yield from exact
    done = {id(part.line) for part in exact}
    for line in lines:
        if id(line) not in done:
            yield from parts(value, [line], least)


def _alike(text: str) -> str:
    """Signs that OCR mistakes for each other become one; their number stays."""
    low = text.translate(_ALIKE)
    return "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in low)


def _occurrences(sought: str, text: str, least: float) -> Iterator[tuple[int, int]]:
    """Where a value stands, exactly; where it does not, where it stands misread."""
    at = text.find(sought)
    if at >= 0:
        while at >= 0:
            yield at, at + len(sought)
            at = text.find(sought, at + len(sought))
        return
    while len(text) >= len(sought):
        best = fuzz.partial_ratio_alignment(sought, text, score_cutoff=least)
        if best is None or best.dest_end <= best.dest_start:
            return
        start, end = _fitted(sought, text, best.dest_start, best.dest_end)
        yield start, end
        text = text[:start] + "\0" * (end - start) + text[end:]


def _fitted(sought: str, text: str, start: int, end: int) -> tuple[int, int]:
    """The part of the text that is nearest to a value, of those around a likely one: an alignment
    may be one sign beside it where the last sign is misread."""
    around = range(-_SHIFT, _SHIFT + 1)
    spans = [
        (start + left, end + right)
        for left in around
        for right in around
        if 0 <= start + left < end + right <= len(text)
    ]
    return min(
        spans,
        key=lambda span: (Levenshtein.distance(sought, text[slice(*span)]), span[0] - span[1]),
    )
