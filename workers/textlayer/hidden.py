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
MIN_FILL_PT = 2.0  # lower fills are rules
_MAX_FILLS = 300  # the largest ones after the first text; bounds what a drawing costs
_MIN_CHARS = 4  # fewer glyphs cannot be told from the lines of a drawing that cross them
_COVERED_HEIGHT = 0.5  # of a line's height, before its letters are looked at one by one
_RUNS_AT_ONCE = 256  # times 300 fills and some thousand texts: 10 MB at most
_FILLS = ("fill-path", "fill-image", "fill-shade", "fill-imgmask")

Log = Sequence[tuple[str, Box]]
"""PyMuPDF's `get_bboxlog`: what the page draws, in order."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Fills that follow text, and the text objects. Boxes are in points of the view.

    `text_places` and `fill_places` are places in the order of drawing; text objects are numbered
    as `mask` counts them.
    """

    fills: Boxes
    fill_places: NDArray[np.intp]
    texts: Boxes
    text_places: NDArray[np.intp]
    text_areas: NDArray[np.float64]

    def may_cover(self, boxes: Boxes, numbers: NDArray[np.intp]) -> list[int]:
        """Those of the runs `numbers` over which a fill lies that was drawn after some text there.

        A cheap test for all runs of a page, before `covering` looks at single ones.
        """
        chosen: list[int] = []
        for start in range(0, len(numbers), _RUNS_AT_ONCE):
            some = numbers[start : start + _RUNS_AT_ONCE]
            over = _lie_over(self.fills, boxes[some])
            # last: (runs,), when the last fill over the run was drawn; -1 without one
            last = np.where(over, self.fill_places, -1).max(axis=1)
            some, last = some[last >= 0], last[last >= 0]
            if not len(some):
                continue
            middles = (boxes[some, :2] + boxes[some, 2:]) / 2
            # holds: (runs, texts)
            holds = (
                (self.texts[:, :2] <= middles[:, None]) & (middles[:, None] <= self.texts[:, 2:])
            ).all(axis=2)
            holds &= self.text_places < last[:, None]
            chosen += some[holds.any(axis=1)].tolist()
        return chosen

    def covering(self, number: int, boxes: Boxes) -> tuple[list[int], list[int]]:
        """The fills that lie over the text in box `number`, and the text objects that may draw it.

        `boxes` are those of all runs, as they follow each other in the page. Nothing where no fill
        follows the text.
        """
        box = boxes[number]
        f, t = self.fills, self.texts
        holds = _hold(t, box)
        drawn_at = self._place_of(number, boxes, np.flatnonzero(holds))
        if drawn_at is None:
            return [], []
        is_over = _lie_over(f, boxes[number : number + 1])[0]
        over = np.flatnonzero(is_over & (self.fill_places > drawn_at))
        if not len(over):
            return [], []
        middles = (t[:, :2] + t[:, 2:]) / 2
        inside = ((middles >= box[:2]) & (middles <= box[2:])).all(axis=1)
        before = self.text_places < self.fill_places[over].max()
        return over.tolist(), np.flatnonzero((holds | inside) & before).tolist()

    def _place_of(self, number: int, boxes: Boxes, around: NDArray[np.intp]) -> int | None:
        """When run `number` was drawn; `around` are the text objects around its middle.

        The smallest of them has drawn it: the others are paragraphs in which it stands. Where
        several are about as small, text lies over text, and runs and objects are in one order.
        """
        if not len(around):
            return None
        areas = self.text_areas[around]
        small = self.text_places[around[areas <= 2 * areas.min()]]
        if len(small) > 1:
            rivals = np.flatnonzero(_hold(boxes, boxes[number]))
            if len(rivals) == len(small):
                return int(small[np.searchsorted(rivals, number)])
        return int(small[-1])


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


def _lie_over(fills: Boxes, boxes: Boxes) -> NDArray[np.bool_]:
    """Which fills lie over half the height of which lines: (boxes, fills)."""
    # shared, sides: width and height of what a line and a fill share, and of the line
    shared = np.minimum(fills[:, 2:], boxes[:, None, 2:])
    shared -= np.maximum(fills[:, :2], boxes[:, None, :2])
    sides = boxes[:, 2:] - boxes[:, :2]
    is_across = sides[:, 0] >= sides[:, 1]
    least = np.where(
        np.stack([is_across, ~is_across], axis=1), MIN_FILL_PT, _COVERED_HEIGHT * sides
    )
    is_more = shared > least[:, None]
    lie: NDArray[np.bool_] = is_more[..., 0] & is_more[..., 1]
    return lie


def _hold(outer: Boxes, box: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which boxes hold the middle of `box`."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    holds: NDArray[np.bool_] = (
        (outer[:, 0] <= x) & (x <= outer[:, 2]) & (outer[:, 1] <= y) & (y <= outer[:, 3])
    )
    return holds


def place_all(boxes: Sequence[Box], matrix: pymupdf.Matrix) -> Boxes:
    """`boxes` as `matrix` maps them. It turns by quarters, scales, mirrors and moves."""
    raw = np.array(boxes, np.float64).reshape(-1, 2, 2)
    a, b, c, d, e, f = matrix
    corners = raw @ np.array([[a, b], [c, d]]) + (e, f)
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


def drawn_over(log: Log, matrix: pymupdf.Matrix) -> Drawn | None:
    """The fills of `log` that follow text; None where there are none.

    `matrix` leads from `log` to the view.
    """
    first = next((at for at, (kind, _) in enumerate(log) if kind.endswith("text")), len(log))
    fills = [
        (at, box)
        for at, (kind, box) in enumerate(itertools.islice(log, first, None), first)
        if kind in _FILLS and box[2] - box[0] > MIN_FILL_PT and box[3] - box[1] > MIN_FILL_PT
    ]
    if not fills:
        return None
    if len(fills) > _MAX_FILLS:
        fills.sort(key=lambda fill: _area(fill[1]), reverse=True)
        fills = fills[:_MAX_FILLS]
    texts = [(at, box) for at, (kind, box) in enumerate(log) if kind.endswith("text")]
    boxes = place_all([box for _, box in texts], matrix)
    return Drawn(
        place_all([box for _, box in fills], matrix),
        np.array([at for at, _ in fills], np.intp),
        boxes,
        np.array([at for at, _ in texts], np.intp),
        (boxes[:, 2:] - boxes[:, :2]).prod(axis=1),
    )


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
        zip(chars, boxes, strict=True), lambda char: bool(_hold(over, char[1]).any())
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


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
