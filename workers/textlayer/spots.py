"""The runs of a page's text that are judged by its picture: their spans, boxes, colours, counts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pymupdf
from numpy.typing import NDArray

from schemas.pages import Box
from workers.textlayer.covers import Drawn, place_all
from workers.textlayer.picture import Boxes, Grey, Picture, Run
from workers.textlayer.raw import RawBlock, RawChar, RawLine, RawSpan

CHAR_PAINTED = 16 | 32  # FZ_STEXT_FILLED, FZ_STEXT_STROKED; render mode 3 has neither


class Spot(NamedTuple):
    """A span, its line, and its numbers: block, line, span."""

    span: RawSpan
    line: RawLine
    at: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Sources:
    """What the page gives on demand, since few pages need it.

    `draw` draws text objects alone, by number, or all of them; `chars` gives the blocks with
    `chars` for each span.
    """

    draw: Callable[[set[int] | None], Grey]
    chars: Callable[[], Sequence[RawBlock]]


@dataclass(frozen=True, slots=True)
class Spots:
    """The runs of a page, in arrays along `spots`, and what they are judged by.

    `boxes` are in points of the view, to which `matrix` leads from the blocks. `colours` are sRGB,
    -1 for glyphs that are not painted; `counts` are numbers of characters.
    """

    spots: Sequence[Spot]
    boxes: Boxes
    colours: NDArray[np.int64]
    counts: NDArray[np.intp]
    sizes: NDArray[np.float64]
    matrix: pymupdf.Matrix
    picture: Picture
    drawn: Drawn | None
    sources: Sources

    def run(self, number: int) -> Run:
        """A run as `picture` judges it."""
        span, colour = self.spots[number].span, int(self.colours[number])
        box = box_of(self.boxes[number])
        return Run(span["text"], box, span["size"], colour if colour >= 0 else None, span["alpha"])

    def chars(self, number: int) -> Sequence[RawChar]:
        """The characters of a run, of which the page is asked only once."""
        b, n, s = self.spots[number].at
        return self.sources.chars()[b]["lines"][n]["spans"][s]["chars"]


def spots_of(
    blocks: Sequence[RawBlock],
    matrix: pymupdf.Matrix,
    picture: Picture,
    drawn: Drawn | None,
    sources: Sources,
) -> Spots | None:
    """The runs to judge; None where there are none.

    Boxes that are not finite are of no use; `lines` leaves such lines out.
    """
    spots = [
        Spot(span, line, (b, n, s))
        for b, block in enumerate(blocks)
        if block["type"] == 0
        for n, line in enumerate(block["lines"])
        for s, span in enumerate(line["spans"])
        if span["size"] > 0 and not span["text"].isspace()
    ]
    boxes = place_all([spot.span["bbox"] for spot in spots], matrix)
    is_finite = np.isfinite(boxes.sum(axis=1))
    if not is_finite.all():
        spots = list(itertools.compress(spots, is_finite.tolist()))
    if not spots:
        return None
    return Spots(
        spots,
        boxes[is_finite],
        np.array([_colour(spot.span) for spot in spots]),
        np.array([len(spot.span["text"].strip()) or 1 for spot in spots], np.intp),
        np.array([spot.span["size"] for spot in spots]),
        matrix,
        picture,
        drawn,
        sources,
    )


def _colour(span: RawSpan) -> int:
    """The colour of a span, -1 where it is not painted."""
    return span["color"] if span["char_flags"] & CHAR_PAINTED and span["alpha"] > 0 else -1


def box_of(box: NDArray[np.float64]) -> Box:
    """A row of `Boxes` as a value."""
    x0, y0, x1, y1 = box.tolist()
    return (x0, y0, x1, y1)


def union(boxes: Sequence[Box]) -> Box:
    """The box around some boxes."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return (min(x0), min(y0), max(x1), max(y1))
