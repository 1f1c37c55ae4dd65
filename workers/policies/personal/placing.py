"""Where a value stands in a picture: the shapes that must be painted so that nobody reads it there.

    1. The lines of the picture are read, with the places of their characters. A value is sought in
       them as OCR may have misread it, also across the lines of a block.
    2. A value that no line shows is estimated from the ink of its block: which rows of ink its
       share of the block's text falls in.
    3. Where a block has no rows of ink either, the whole block is the shape.

Owns shapes in pixels. Does not read lines (`line_reader`) or paint (`painting`). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from schemas.findings import Finding
from schemas.pages import Box
from workers.engines.text_lines import Line
from workers.policies.personal.finding import compact
from workers.policies.personal.ink import Quad, rows_of_ink, snapped

How = Literal["characters", "line", "ink", "block"]

_LEAST_LIKENESS = 82.0
"""Of 100: one misread sign in ten costs 10 where it is another sign, 5 where it is left out. At 75
the other numbers of a list of telephones are taken for the one that is sought."""
_LEAST_LIKENESS_LEFT = 90.0
"""After painting: the other numbers of a list that were not to be hidden are less alike."""
_SHIFT = 2
"""In signs: how far from an alignment's sides those of the value may be."""
_PAD_CHARS = 0.3
"""Of a character's width, to both sides: the recogniser tells places in steps of 8 of 48 pixels."""
_PAD_HEIGHT = 0.08
_ALIKE = str.maketrans("oOlI|!sSB\uff20", "00111155" + "8@")


WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
"""The box of a whole picture."""


class Shape(NamedTuple):
    """A part of a picture that shows a value, and how its place is known.

    `begins` is whether the value begins here; it does not on the next lines of a value that wraps.
    """

    quad: Quad
    kind: str
    how: How
    begins: bool


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture, its text, and the findings to hide there: a block, a cell, or the whole
    of a crop. `box` is in fractions of the picture."""

    box: Box
    text: str
    findings: Sequence[Finding]


class Value(NamedTuple):
    """A value that must not be read, and its kind."""

    text: str
    kind: str


def values_of(regions: Sequence[Region]) -> set[Value]:
    """The values of all findings."""
    return {
        Value(region.text[one.start : one.end], one.kind)
        for region in regions
        for one in region.findings
    }


def box_of(bbox: Sequence[float]) -> Box:
    """A row's `bbox` as a box."""
    x0, y0, x1, y1 = bbox
    return (x0, y0, x1, y1)


def shapes(
    regions: Sequence[Region],
    values: Iterable[Value],
    lines: Sequence[Line],
    grey: NDArray[np.uint8],
) -> list[Shape]:
    """The shapes of all findings of the regions, and of the values wherever they stand.

    Args:
        regions: where each finding is expected.
        values: what is sought in the whole picture, such as in a stamp that no region has.
        lines: what was read in the picture, in reading order.
        grey: the picture, uint8 (height, width).
    """
    found: list[Shape] = []
    for region in regions:
        inside = _lines_inside(region.box, lines, grey.shape)
        for one in region.findings:
            value = Value(region.text[one.start : one.end], one.kind)
            found += list(on_lines(value, inside, grey)) or _estimated(region, one, grey)
    for value in sorted(values):
        found += on_lines(value, lines, grey)
    return _distinct(found)


def still_read(value: Value, lines: Sequence[Line]) -> Iterator[Shape]:
    """The whole lines on which a value is still read after painting."""
    for part in _parts(value, lines, _LEAST_LIKENESS_LEFT):
        quad = grown(part.line.corners.astype(float), _PAD_HEIGHT)
        yield Shape(quad, value.kind, "line", part.begins)


def _lines_inside(box: Box, lines: Sequence[Line], shape: tuple[int, ...]) -> list[Line]:
    """The lines whose middles are in the box."""
    sides = np.array(box) * (shape[1], shape[0], shape[1], shape[0])
    return [
        line
        for line in lines
        for middle in [line.corners.mean(axis=0)]
        if (sides[:2] <= middle).all() and (middle <= sides[2:]).all()
    ]


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


def on_lines(
    value: Value, lines: Sequence[Line], grey: NDArray[np.uint8] | None = None
) -> Iterator[Shape]:
    """The shapes of a value, wherever it stands on lines that follow each other."""
    for part in _parts(value, lines, _LEAST_LIKENESS):
        how: How = "characters" if part.line.places and not part.line.stands else "line"
        quad = part_of(part.line, part.first, part.last, grey)
        yield Shape(quad, value.kind, how, part.begins)


class _Part(NamedTuple):
    """The characters of a line that are those of a value, from the first to the last."""

    line: Line
    first: int
    last: int
    begins: bool


def _parts(value: Value, lines: Sequence[Line], least: float) -> Iterator[_Part]:
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
            yield _Part(lines[number], first, last, order == 0)


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


def part_of(line: Line, first: int, last: int, grey: NDArray[np.uint8] | None = None) -> Quad:
    """The part of a line from one character to another, a little larger; the whole line where it
    stands on end.

    With `grey`, a side beside a space moves to where the ink ends: the recogniser's places are
    wrong by up to a character.
    """
    corners = line.corners.astype(float)
    if line.stands:
        return grown(corners, _PAD_HEIGHT)
    start, end = _shares(line, first, last)
    top, bottom = corners[1] - corners[0], corners[2] - corners[3]
    quad = np.stack(
        [
            corners[0] + start * top,
            corners[0] + end * top,
            corners[3] + end * bottom,
            corners[3] + start * bottom,
        ]
    )
    if grey is not None:
        char_px = float(np.linalg.norm(top)) / max(len(line.text), 1)
        text = line.text
        quad = snapped(
            quad,
            grey,
            char_px,
            (first == 0 or text[first - 1].isspace(), text[last + 1 : last + 2] in ("", " ")),
        )
    return grown(quad, _PAD_HEIGHT)


def _shares(line: Line, first: int, last: int) -> tuple[float, float]:
    """Where the characters begin and end, as shares of the line's length."""
    size = len(line.text)
    places = line.places if len(line.places) == size else ()
    if not places:
        places = tuple((at + 0.5) / size for at in range(size))
    if places[first] > places[last]:  # upside down
        first, last = size - 1 - last, size - 1 - first
        places = places[::-1]
    before = places[first - 1] if first else -places[first]
    after = places[last + 1] if last + 1 < size else 2 - places[last]
    # Half of the way to the neighbour, and a little of the neighbour's side of it.
    start = places[first] - (places[first] - before) / 2 - _PAD_CHARS / size
    end = places[last] + (after - places[last]) / 2 + _PAD_CHARS / size
    return start, end


def grown(quad: Quad, share: float) -> Quad:
    """The quad with its upper and lower sides moved outwards by a share of its height."""
    down = (quad[3] - quad[0] + quad[2] - quad[1]) / 2 * share
    grown: Quad = quad + np.stack([-down, -down, down, down])
    return grown


def _estimated(region: Region, one: Finding, grey: NDArray[np.uint8]) -> list[Shape]:
    """The rows of ink in which the finding's share of the text falls, with one more to each side
    where there is any doubt; the whole region where it has no rows."""
    rows = rows_of_ink(region.box, grey)
    if not rows:
        return [Shape(_quad(region.box, grey.shape), one.kind, "block", True)]
    lengths = np.cumsum([row.right - row.left for row in rows]) / sum(
        row.right - row.left for row in rows
    )
    size = max(len(region.text), 1)
    first = int(np.searchsorted(lengths, one.start / size))
    last = int(np.searchsorted(lengths, one.end / size))
    if len(rows) > 1:
        first, last = max(first - 1, 0), min(last + 1, len(rows) - 1)
    last = min(last, len(rows) - 1)
    return [
        Shape(row.quad(), one.kind, "ink", order == 0)
        for order, row in enumerate(rows[min(first, last) : last + 1])
    ]


def _quad(box: Box, shape: tuple[int, ...]) -> Quad:
    x0, y0, x1, y1 = np.array(box) * (shape[1], shape[0], shape[1], shape[0])
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def _distinct(found: Iterable[Shape]) -> list[Shape]:
    """The shapes without those that lie within another."""
    kept: list[Shape] = []
    for one in sorted(found, key=lambda shape: -_area(shape.quad)):
        if not any(_is_within(one.quad, other.quad) for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda shape: (shape.quad[0, 1], shape.quad[0, 0]))


def _area(quad: Quad) -> float:
    return float(np.ptp(quad[:, 0]) * np.ptp(quad[:, 1]))


def _is_within(quad: Quad, other: Quad) -> bool:
    low, high = other.min(axis=0) - 1, other.max(axis=0) + 1
    return bool((quad >= low).all() and (quad <= high).all())
