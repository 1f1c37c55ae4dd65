"""Where a value stands in a picture: the shapes that must be painted so that nobody reads it there.

    1. The lines of the picture are read, with the places of their characters. A value is sought in
       them as OCR may have misread it, also across the lines of a block.
    2. A value that no line shows is estimated from the ink of its block: which rows of ink its
       share of the block's text falls in.
    3. Where a block has no rows of ink either, the whole block is the shape.

Owns shapes in pixels. Does not read lines (`line_reader`), seek values in them (`seeking`), or
paint (`painting`). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.findings import Finding
from schemas.pages import Box
from workers.policies.personal.ink import Quad, rows_of_ink, snapped
from workers.policies.personal.seeking import (
    LEAST_LIKENESS,
    LEAST_LIKENESS_LEFT,
    Part,
    Value,
    parts,
    parts_anywhere,
)

if TYPE_CHECKING:
    from workers.engines.text_lines import Line

How = Literal["characters", "line", "ink", "block"]

_PAD_CHARS = 0.3
"""Of a character's width, to both sides: the recogniser tells places in steps of 8 of 48 pixels."""
_PAD_HEIGHT = 0.08
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
            read = parts(value, inside, LEAST_LIKENESS)
            found += list(_shapes_of(read, one.kind, grey)) or _estimated(region, one, grey)
    for value in sorted(values):
        found += _shapes_of(parts_anywhere(value, lines, LEAST_LIKENESS), value.kind, grey)
    return _distinct(found)


def still_read(value: Value, lines: Sequence[Line]) -> Iterator[Shape]:
    """The whole lines on which a value is still read after painting."""
    for part in parts_anywhere(value, lines, LEAST_LIKENESS_LEFT):
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


def _shapes_of(found: Iterable[Part], kind: str, grey: NDArray[np.uint8]) -> Iterator[Shape]:
    for part in found:
        how: How = "characters" if part.line.places and not part.line.stands else "line"
        yield Shape(part_of(part.line, part.first, part.last, grey), kind, how, part.begins)


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
