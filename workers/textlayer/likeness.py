"""Whether a drawn page shows a run's own glyphs, which were drawn alone (see `mask`). Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workers.textlayer.picture import Grey, Picture, pixels_of

_MIN_LIKENESS = 0.45
"""Correlation of a run's own glyphs with the page: 0.7 to 1 where they are seen, also under a
transparent colour; at most 0.3 where other text or a photograph lies over them."""
_MIN_STANDING_OUT = 0.3
"""The same on a photograph, with what is wider than a letter taken out of both. Runs that can be
read have 0.4 and more, also in the photograph's own colours."""

_MAX_PIXELS = 200_000
"""Of a box that is looked at whole: a line has 20,000, and a slanting one a box like the page."""

Levels = NDArray[np.float64]
"""float64 (height, width)."""


def likeness(box: Sequence[float], mask: Grey, picture: Picture) -> float:
    """How well the glyphs that `mask` shows in `box` (points) agree with the page: 0 to 1."""
    rows, columns = _pixels(box, picture)
    return _correlation(
        mask[rows, columns].astype(np.float64), picture.grey[rows, columns].astype(np.float64)
    )


def is_like(box: Sequence[float], mask: Grey, picture: Picture) -> bool:
    """Whether the page shows the glyphs of `mask` in `box`, which is in points."""
    return likeness(box, mask, picture) >= _MIN_LIKENESS


def stands_out(box: Sequence[float], mask: Grey, picture: Picture) -> bool:
    """Whether the glyphs of `mask` in `box` (points) can be told from the ground around them.

    Each colour is looked at: red on a green that is as bright can be read.
    """
    rows, columns = _pixels(box, picture)
    glyphs = _fine(mask[rows, columns].astype(np.float64))
    crop = picture.colour.crop((columns.start, rows.start, columns.stop, rows.stop))
    colours = np.asarray(crop)[:: rows.step, :: columns.step].astype(np.float64)
    return any(
        _correlation(glyphs, _fine(colours[..., channel])) >= _MIN_STANDING_OUT
        for channel in range(3)
    )


def _pixels(box: Sequence[float], picture: Picture) -> tuple[slice, slice]:
    """The rows and columns of a box in points; fewer of a large one."""
    rows, columns = pixels_of(np.asarray(box) * picture.zoom, picture.grey.shape)
    area = max(rows.stop - rows.start, 1) * max(columns.stop - columns.start, 1)
    step = math.ceil(math.sqrt(area / _MAX_PIXELS))
    return slice(rows.start, rows.stop, step), slice(columns.start, columns.stop, step)


def _fine(levels: Levels) -> Levels:
    """`levels` without what changes slowly along the run, such as a gradient or large shapes."""
    if levels.shape[1] < levels.shape[0]:
        levels = levels.T
    height, width = levels.shape
    reach = min(2 * height, width)
    # sums: (width + 1,), of the columns before each
    sums = np.concatenate([[0.0], np.cumsum(levels.mean(axis=0))])
    ends = np.minimum(np.arange(width) + reach // 2 + 1, width)
    starts = np.maximum(np.arange(width) - reach // 2, 0)
    means: Levels = (sums[ends] - sums[starts]) / (ends - starts)
    return np.subtract(levels, means)


def _correlation(a: Levels, b: Levels) -> float:
    """The absolute correlation of two pictures; 0 where one has a single level."""
    if a.size < 4:
        return 0.0
    a, b = (a - a.mean()).ravel(), (b - b.mean()).ravel()
    spread = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return abs(float((a * b).sum())) / spread if spread > 0 else 0.0
