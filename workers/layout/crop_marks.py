"""Where printer's crop marks say that the page is cut. Pure.

Owns what lies outside of them: register marks, and the slug with file name, date and page.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from schemas.pages import Box

_LENGTHS = (0.01, 0.1)  # of the page: 6 to 60 points
_THICK = 0.003
_NEAR = 0.08  # from the end of a mark to the corner that it shows
_SAME = 0.002
_MAX_MARKS = 60
_MIN_SHARE = 0.4  # of the page, in either direction

_Mark = tuple[float, float, float]
"""Where it points, and from where to where it goes."""


def trim(rules: Sequence[Box]) -> Box | None:
    """The box that crop marks at all four corners show, in fractions of the page."""
    short = [rule for rule in rules if _LENGTHS[0] < max(_sides(rule)) < _LENGTHS[1]]
    across = [((r[1] + r[3]) / 2, r[0], r[2]) for r in short if r[3] - r[1] < _THICK]
    down = [((r[0] + r[2]) / 2, r[1], r[3]) for r in short if r[2] - r[0] < _THICK]
    if not 4 <= len(across) <= _MAX_MARKS or not 4 <= len(down) <= _MAX_MARKS:
        return None
    for top, bottom in _spans(across):
        for left, right in _spans(down):
            if all(_frames(across, y, left, right) for y in (top, bottom)) and all(
                _frames(down, x, top, bottom) for x in (left, right)
            ):
                return (left, top, right, bottom)
    return None


def is_outside(box: Box, cut: Box) -> bool:
    """Whether nothing of `box` lies in `cut`."""
    return box[2] < cut[0] or box[0] > cut[2] or box[3] < cut[1] or box[1] > cut[3]


def _sides(box: Box) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]


def _spans(marks: Sequence[_Mark]) -> list[tuple[float, float]]:
    """Pairs of places at which at least two marks point, far enough apart."""
    ordered = sorted(mark[0] for mark in marks)
    places = [a for a, b in itertools.pairwise(ordered) if b - a < _SAME]
    return [(a, b) for a, b in itertools.combinations(places, 2) if b - a > _MIN_SHARE]


def _frames(marks: Sequence[_Mark], place: float, first: float, last: float) -> bool:
    """Whether marks at `place` end shortly before `first` and begin shortly after `last`."""
    ends = [(a, b) for at, a, b in marks if abs(at - place) < _SAME]
    return any(first - _NEAR < b < first + _SAME for _, b in ends) and any(
        last - _SAME < a < last + _NEAR for a, _ in ends
    )
