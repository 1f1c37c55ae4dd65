"""The random numbers of a chart as whole numbers, and the scales that they fit.

Ticks and grid lines stand at round numbers, and values without a printed number on grid lines, so
that a reader can read every value off the picture.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from schemas.charts import ChartKind
from workers.synthetic.charts.data import Scale
from workers.synthetic.charts.words import Measure

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def sample_separator(rng: np.random.Generator) -> str:
    """What separates thousands: a comma, or nothing."""
    return "," if rng.random() < 0.5 else ""


def sample_values(rng: np.random.Generator, kind: ChartKind, count: int, series: int) -> Floats:
    """float64 (series, count) in (0, 1]: the tallest mark is 1. A line goes in small steps."""
    if kind == "line":
        steps = rng.normal(rng.uniform(-0.06, 0.1), rng.uniform(0.04, 0.16), (series, count))
        level = rng.uniform(0.35, 1, (series, 1)) + np.cumsum(steps, axis=1)
        values = np.clip(level - min(0.0, level.min() - 0.12), 0.1, None)
    elif kind == "stacked":
        # At least an eighth of the tallest bar each, so that its number fits inside.
        values = rng.uniform(0.5, 1, (series, count))
    else:
        values = np.exp(rng.normal(0, rng.uniform(0.2, 0.7), (series, count)))
        values = np.clip(values / values.max(), 0.06, 1)
    top = values.sum(axis=0).max() if kind == "stacked" else values.max()
    return np.asarray(values / top)


def fit_scale(
    rng: np.random.Generator,
    kind: ChartKind,
    measure: Measure,
    values: Floats,
    is_labelled: bool,
    separator: str,
) -> tuple[Scale, Integers]:
    """A scale, and the values as whole numbers of its last printed place: int64 (series, count)."""
    places = 10**measure.decimals
    top = math.exp(rng.uniform(math.log(measure.least), math.log(measure.most))) * places
    whole = np.maximum(np.rint(values * top).astype(np.int64), 1)
    peak = int(whole.sum(axis=0).max() if kind == "stacked" else whole.max())
    is_bounded = measure.unit == "%"
    major, minor = steps_for(rng, peak)
    decimals = measure.decimals
    if not is_labelled:
        # Print no decimal place that cannot be read off the grid.
        while decimals and minor % 10 == 0:
            decimals, major, minor, whole = decimals - 1, major // 10, minor // 10, whole / 10
            places //= 10
        whole = np.maximum(np.rint(whole / minor).astype(np.int64), 1) * minor
        peak = int(whole.max())
    # Room for the numbers above the tallest mark.
    headroom = 1.1 if is_labelled else 1.0
    high = -(-round(peak * headroom) // major) * major
    if is_bounded and peak <= 100 * places < high and not is_labelled:
        high = 100 * places
    low = 0
    if kind == "line" and rng.random() < 0.5:
        low = max(0, (int(whole.min()) // major - 1)) * major
    return Scale(measure.label, low, high, major, minor, decimals, separator), whole


def steps_for(rng: np.random.Generator, span: int) -> tuple[int, int]:
    """The steps of ticks and of grid lines: 1, 2 or 5 times a power of ten; 4 to 10 ticks a span.

    The grid divides the step of ticks by 5, 4 or 2 where that gives a round step and at most about
    24 lines; else both are the same.
    """
    wanted = span / float(rng.uniform(4, 6))
    power = 10 ** max(0, math.floor(math.log10(max(wanted, 1))))
    major = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= wanted or digit == 10)
    parts = [
        part
        for part in (5, 4, 2)
        if major % part == 0
        and part * span <= 26 * major
        and str(major // part).strip("0") in ("1", "2", "5")
    ]
    return major, major // parts[0] if parts else major


def sample_free_scale(rng: np.random.Generator, measure: Measure) -> Scale:
    """A random scale for a scatter plot, which need not begin at 0."""
    top = math.exp(rng.uniform(math.log(measure.least), math.log(measure.most)))
    major, minor = steps_for(rng, round(top))
    low = major * int(rng.integers(0, 3)) if rng.random() < 0.4 else 0
    high = max(-(-round(top) // major) * major, low + 4 * major)
    return Scale(measure.label, low, high, major, minor, 0, sample_separator(rng))
