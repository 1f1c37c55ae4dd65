"""Leave out of MuPDF's text what the page's picture does not show.

A run of text is left out if its box shows no ink of its own: white on white, clipped away, or under
a bar, a rectangle or a picture. So is print too small to be read. Of a run that is covered in part
the rest stays. `picture` has the thresholds. Does not judge the page: glyphs that are not painted,
but lie on ink, stay for `lines` to count, because they are the words of a scan.

Cost: 0.2 ms where all text is plain. Where a fill follows the text that it covers, its glyphs are
drawn alone and compared with the page: 3 ms more.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pymupdf
from numpy.typing import NDArray

from schemas.pages import Box
from workers.textlayer.covers import Drawn, hold, place_all
from workers.textlayer.picture import (
    Boxes,
    Grey,
    Ink,
    Picture,
    Run,
    are_clear,
    are_too_small,
    ink_of,
    is_like,
)
from workers.textlayer.raw import RawBlock, RawChar, RawLine, RawSpan

_CHAR_PAINTED = 16 | 32  # FZ_STEXT_FILLED, FZ_STEXT_STROKED; render mode 3 has neither
_MIN_CHARS = 4  # fewer glyphs cannot be told from the lines of a drawing that cross them


@dataclass(frozen=True, slots=True)
class Sources:
    """What the page gives on demand, since few pages need it.

    `draw` draws text objects alone, by number; `chars` gives the blocks with `chars` for each span.
    """

    draw: Callable[[set[int]], Grey]
    chars: Callable[[], Sequence[RawBlock]]


def without_hidden(
    blocks: Sequence[RawBlock],
    matrix: pymupdf.Matrix,
    picture: Picture,
    drawn: Drawn | None,
    sources: Sources,
) -> bool:
    """Take the runs out of `blocks`, in place, that `picture` does not show: whether there are any.

    `matrix` leads from `blocks` to the view that `picture` shows.
    """
    spots, boxes = _spots(blocks, matrix)
    if not spots:
        return False
    colours = np.array([_colour(spot.span) for spot in spots])
    counts = np.array([len(spot.span["text"].strip()) or 1 for spot in spots], np.intp)
    sizes = np.array([spot.span["size"] for spot in spots])
    unclear = np.flatnonzero(~are_clear(boxes, colours, picture)).tolist()
    inks = ink_of([_run(spots[number].span, boxes[number]) for number in unclear], picture)
    hidden = {n for n, ink in zip(unclear, inks, strict=True) if ink is not Ink.OWN}
    hidden.update(np.flatnonzero(are_too_small(boxes, sizes, counts, picture.zoom)).tolist())
    covered: dict[int, tuple[list[int], list[int]]] = {}
    if drawn is not None:
        is_judged = (colours >= 0) & (counts >= _MIN_CHARS)
        is_judged[list(hidden)] = False
        for number in drawn.may_cover(boxes, np.flatnonzero(is_judged)):
            fills, objects = drawn.covering(number, boxes)
            if fills:
                covered[number] = fills, objects
    is_uncovered = False
    if covered and drawn is not None:
        is_uncovered = _uncover(spots, boxes, matrix, picture, drawn, covered, sources)
    if not hidden and not is_uncovered:
        return False
    for number in hidden:
        spots[number].span["text"] = ""
    for line in {id(spot.line): spot.line for spot in spots if not spot.span["text"]}.values():
        line["spans"] = [span for span in line["spans"] if span["text"]]
        if line["spans"]:
            line["bbox"] = _union([span["bbox"] for span in line["spans"]])
    for block in blocks:
        if block["type"] == 0:
            block["lines"] = [line for line in block["lines"] if line["spans"]]
    return True


class _Spot(NamedTuple):
    """A span, its line, and its numbers: block, line, span."""

    span: RawSpan
    line: RawLine
    at: tuple[int, int, int]


def _spots(blocks: Sequence[RawBlock], matrix: pymupdf.Matrix) -> tuple[list[_Spot], Boxes]:
    """The spans to judge, and their boxes in the view.

    Boxes that are not finite are of no use; `lines` leaves such lines out.
    """
    spots = [
        _Spot(span, line, (b, n, s))
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
    return spots, boxes[is_finite]


def _colour(span: RawSpan) -> int:
    """The colour of a span, -1 where it is not painted."""
    return span["color"] if span["char_flags"] & _CHAR_PAINTED and span["alpha"] > 0 else -1


def _run(span: RawSpan, box: NDArray[np.float64]) -> Run:
    colour = _colour(span)
    text, size = span["text"], span["size"]
    return Run(text, _box(box), size, colour if colour >= 0 else None, span["alpha"])


def _box(box: NDArray[np.float64]) -> Box:
    x0, y0, x1, y1 = box.tolist()
    return (x0, y0, x1, y1)


def _uncover(
    spots: Sequence[_Spot],
    boxes: Boxes,
    matrix: pymupdf.Matrix,
    picture: Picture,
    drawn: Drawn,
    covered: dict[int, tuple[list[int], list[int]]],
    sources: Sources,
) -> bool:
    """Take out of the covered spans the letters that are not seen: whether any span changed."""
    mask = sources.draw({number for _, objects in covered.values() for number in objects})
    blocks: Sequence[RawBlock] | None = None
    for number, (fills, _) in covered.items():
        spot = spots[number]
        box = _box(boxes[number])
        if is_like(box, mask, picture) and not _is_barred(box, fills, drawn):
            continue
        blocks = sources.chars() if blocks is None else blocks
        b, n, s = spot.at
        chars = blocks[b]["lines"][n]["spans"][s]["chars"]
        kept = _seen_chars(spot.span, chars, matrix, picture, drawn, fills, mask)
        spot.span["text"] = "".join(char["c"] for char in kept).strip()
        if "chars" in spot.span:
            spot.span["chars"] = kept
        if kept:
            spot.span["bbox"] = _union([char["bbox"] for char in kept])
    return blocks is not None


def _is_barred(box: Box, fills: Sequence[int], drawn: Drawn) -> bool:
    """Whether some fill ends inside of the box, so that it may cover a part of it."""
    first, last = (0, 2) if box[2] - box[0] >= box[3] - box[1] else (1, 3)
    ends = drawn.fills[fills]
    return bool(((ends[:, first] > box[first] + 1) | (ends[:, last] < box[last] - 1)).any())


def _seen_chars(
    span: RawSpan,
    chars: Sequence[RawChar],
    matrix: pymupdf.Matrix,
    picture: Picture,
    drawn: Drawn,
    fills: Sequence[int],
    mask: Grey,
) -> list[RawChar]:
    """The characters of a span that no fill hides."""
    over = drawn.fills[list(fills)]
    boxes = place_all([char["bbox"] for char in chars], matrix)
    kept: list[RawChar] = []
    for is_under, group in itertools.groupby(
        zip(chars, boxes, strict=True), lambda char: bool(hold(over, char[1]).any())
    ):
        members = list(group)
        part = [char for char, _ in members]
        box = _union([_box(box) for _, box in members])
        run = Run("".join(char["c"] for char in part), box, span["size"], span["color"])
        if not is_under or (ink_of([run], picture)[0] is Ink.OWN and is_like(box, mask, picture)):
            kept += part
        elif kept and kept[-1]["c"] != " ":
            kept.append({**part[0], "c": " "})
    return kept


def _union(boxes: Sequence[Box]) -> Box:
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return (min(x0), min(y0), max(x1), max(y1))
