"""What a page draws over its text: fills that follow it, by their boxes alone. Pure.

Owns reading PyMuPDF's log of a page's drawing, and the tests of which box lies over which. What of
the text is seen is judged by the pixels, in `hidden`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pymupdf
from numpy.typing import NDArray

from schemas.pages import Box
from workers.textlayer.picture import Boxes

MIN_FILL_PT = 2.0  # lower fills are rules
_MAX_FILLS = 300  # the largest ones after the first text; bounds what a drawing costs
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
        holds = hold(t, box)
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
            rivals = np.flatnonzero(hold(boxes, boxes[number]))
            if len(rivals) == len(small):
                return int(small[np.searchsorted(rivals, number)])
        return int(small[-1])


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


def hold(outer: Boxes, box: NDArray[np.float64]) -> NDArray[np.bool_]:
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


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
