"""Draw the content of a chart at random: what it is about, its categories and its numbers."""

from __future__ import annotations

import math

import numpy as np

from schemas.charts import ChartKind
from workers.synthetic.charts.data import Chart, Scale, Series
from workers.synthetic.charts.look import Look
from workers.synthetic.charts.words import (
    DIMENSIONS,
    MEASURES,
    ORDERED,
    PARTS_OF_WHOLE,
    PLACES,
    RELATED,
    TIMES,
    Measure,
)
from workers.synthetic.sampling import pick

_MOST_SERIES = {"bar": 1, "horizontal": 1, "pie": 1, "grouped": 4, "stacked": 4, "line": 4}
_LEAST_SLICE = 5  # percent: the arc beside which a number still has room


def sample_chart(rng: np.random.Generator, kind: ChartKind, look: Look) -> Chart:
    """A chart of a kind, with no more categories than a look has room for."""
    if kind == "scatter":
        return _scatter(rng, look)
    if kind == "pie":
        return _pie(rng)
    measure, dimension = _topic(rng, kind)
    others = _others(measure, dimension)
    least = 2 if kind in ("grouped", "stacked") else 1
    series_count = int(rng.integers(least, _MOST_SERIES[kind] + 1)) if others else 1
    by = others[rng.integers(len(others))] if series_count > 1 else ""
    is_labelled = kind == "stacked" or (rng.random() < 0.7 and not (kind == "line" and by))
    separator = _separator(rng)
    count = _category_count(rng, kind, look, measure, series_count, is_labelled)
    categories = _names(rng, dimension, count)
    names = _names(rng, by, series_count) if by else (measure.name,)
    values = _values(rng, kind, len(categories), len(names))
    scale, whole = _scaled(rng, kind, measure, values, is_labelled, separator)
    if not by and rng.random() < 0.3 and dimension not in ORDERED:
        whole = -np.sort(-whole)
    return Chart(
        kind=kind,
        title=_title(rng, measure, dimension, by, categories) if rng.random() < 0.9 else "",
        category_label=DIMENSIONS[dimension].name if rng.random() < 0.75 else "",
        categories=categories,
        series=tuple(
            Series(name, tuple(int(value) for value in row))
            for name, row in zip(names, whole, strict=True)
        ),
        scale=scale,
        legend_title=DIMENSIONS[by].name if by and rng.random() < 0.3 else "",
        is_labelled=is_labelled,
    )


def _separator(rng: np.random.Generator) -> str:
    return "," if rng.random() < 0.5 else ""


def _topic(rng: np.random.Generator, kind: ChartKind) -> tuple[Measure, str]:
    """A measure and the dimension along the axis: time for most lines, and for some bars.

    Series come from a second dimension that is no time, so several need a measure that has one.
    """
    while True:
        measure = MEASURES[rng.integers(len(MEASURES))]
        times = [name for name in measure.dimensions if name in TIMES]
        if kind == "line":
            axis = times
        elif kind == "stacked" and not _adds(measure):
            continue
        else:
            axis = list(measure.dimensions)
        if axis:
            dimension = axis[rng.integers(len(axis))]
            if kind not in ("grouped", "stacked") or _others(measure, dimension):
                return measure, dimension


def _others(measure: Measure, dimension: str) -> list[str]:
    """What may tell series apart along a dimension: no time, and no places within places."""
    taken = PLACES if dimension in PLACES else (dimension,)
    return [name for name in measure.dimensions if name not in (*taken, *TIMES)]


def _adds(measure: Measure) -> bool:
    averages = ("rate", "Average", "Median", "price", "rent", "expectancy", "coverage", "speed")
    ratios = ("%", "years", "per ", "points", "/", "°C", "MPa", "a.u.")
    return not (
        any(word in measure.name for word in averages)
        or any(word in measure.unit for word in ratios)
        or measure.name in ("Waiting time", "F1 score", "Training time")
    )


def _names(rng: np.random.Generator, dimension: str, count: int) -> tuple[str, ...]:
    """`count` categories, fewer where the dimension has fewer; ordered ones as a run."""
    if dimension == "year":
        step = int(rng.choice((1, 1, 1, 2, 5)))
        first = int(rng.integers(1960, 2025 - step * (count - 1)))
        return tuple(str(first + step * i) for i in range(count))
    if dimension == "quarter":
        first = int(rng.integers(4 * 1998, 4 * 2024 - count))
        return tuple(f"Q{i % 4 + 1} {i // 4}" for i in range(first, first + count))
    items = DIMENSIONS[dimension].items
    count = min(count, len(items))
    if dimension in ORDERED:
        start = int(rng.integers(len(items) - count + 1))
        return items[start : start + count]
    picked = rng.permutation(len(items))[:count]
    return tuple(items[i] for i in (np.sort(picked) if rng.random() < 0.5 else picked))


def _category_count(
    rng: np.random.Generator,
    kind: ChartKind,
    look: Look,
    measure: Measure,
    series_count: int,
    is_labelled: bool,
) -> int:
    """How many categories: at most 12, and as the bars or the printed numbers leave room."""
    most = 12
    digits = len(f"{measure.most:.0f}") + (measure.decimals + 1 if measure.decimals else 0) + 1
    number_px = (look.width_of("0" * digits) + 0.5 * look.font_px) if is_labelled else 0.0
    if kind == "horizontal":
        most = int(0.5 * look.height / (2.0 * look.font_px))
    elif kind == "grouped":
        bar_px = max(number_px / look.bar_share, 0.8 * look.font_px)
        most = int(0.6 * look.width / (series_count * bar_px))
    else:
        room_px = number_px / (look.bar_share if kind == "stacked" else 0.95)
        most = int(0.6 * look.width / max(room_px, 2.2 * look.font_px))
    return (
        int(rng.integers(3, max(3, min(most, 12)) + 1))
        if kind != "line"
        else max(4, int(rng.integers(4, max(4, min(most, 12)) + 1)))
    )


def _values(rng: np.random.Generator, kind: ChartKind, count: int, series: int) -> np.ndarray:
    """Numbers in (0, 1], (series, count), the largest 1: runs for lines, spread ones for bars."""
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


def _scaled(
    rng: np.random.Generator,
    kind: ChartKind,
    measure: Measure,
    values: np.ndarray,
    is_labelled: bool,
    separator: str,
) -> tuple[Scale, np.ndarray]:
    """The values as whole numbers, and a scale that they fit."""
    places = 10**measure.decimals
    top = math.exp(rng.uniform(math.log(measure.least), math.log(measure.most))) * places
    whole = np.maximum(np.rint(values * top).astype(np.int64), 1)
    peak = int(whole.sum(axis=0).max() if kind == "stacked" else whole.max())
    is_bounded = measure.unit == "%"
    major, minor = steps_for(rng, peak)
    decimals = measure.decimals
    if not is_labelled:
        # Print no place that the grid does not resolve.
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
    """Distances of ticks and of grid lines: 1, 2 or 5 times a power of ten; 4 to 10 ticks a span.

    Where a tick's step can be divided, so it is: by 5, 4 or 2, into about 24 lines at most.
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


def _title(
    rng: np.random.Generator,
    measure: Measure,
    dimension: str,
    by: str,
    categories: tuple[str, ...],
) -> str:
    over = DIMENSIONS[dimension].name.lower()
    title = f"{measure.name} by {over}"
    if by:
        title = f"{measure.name} by {DIMENSIONS[by].name.lower()}"
        title += f" and {over}" if dimension not in ("year", "quarter") else ""
    if dimension in ("year", "quarter"):
        title = title if by else measure.name
        return f"{title}, {categories[0]} to {categories[-1]}"
    extra = rng.random()
    if extra < 0.4:
        return f"{title}, {int(rng.integers(1975, 2025))}"
    if extra < 0.7 and dimension not in PLACES and by not in PLACES:
        items = DIMENSIONS[pick(rng, ("country", "city"))].items
        return f"{title} in {items[rng.integers(len(items))]}".replace("in United", "in the United")
    return title


def _pie(rng: np.random.Generator) -> Chart:
    """Slices of at least `_LEAST_SLICE` percent: percents that add up to 100, or amounts."""
    able = [m for m in MEASURES if _adds(m) and PARTS_OF_WHOLE & set(m.dimensions)]
    measure = able[rng.integers(len(able))]
    dimensions = [name for name in measure.dimensions if name in PARTS_OF_WHOLE]
    dimension = dimensions[rng.integers(len(dimensions))]
    names = _names(rng, dimension, int(rng.integers(3, 9)))
    shares = rng.dirichlet(np.full(len(names), rng.uniform(1, 6)))
    shares = _LEAST_SLICE / 100 + shares * (1 - len(names) * _LEAST_SLICE / 100)
    is_percent = bool(rng.random() < 0.6)
    if is_percent:
        decimals = int(rng.integers(0, 2))
        whole = 100 * 10**decimals
        label = f"Share of {_lower_first(measure.name)} (%)"
    else:
        decimals = measure.decimals
        whole = round(measure.most * 10**decimals * float(rng.uniform(0.6, 3)))
        label = measure.label
    values = np.rint(shares * whole).astype(np.int64)
    values[np.argmax(values)] += whole - values.sum()
    if rng.random() < 0.3 and dimension not in ORDERED:
        values = -np.sort(-values)
    over = DIMENSIONS[dimension].name
    scale = Scale(label, 0, whole, whole, whole, decimals, _separator(rng))
    return Chart(
        kind="pie",
        title=f"{label} by {over.lower()}",
        category_label="",
        categories=names,
        series=(Series(measure.name, tuple(int(value) for value in values)),),
        scale=scale,
        is_percent=is_percent,
    )


def _lower_first(name: str) -> str:
    return name if name[:2].isupper() else name[0].lower() + name[1:]


def _scatter(rng: np.random.Generator, look: Look) -> Chart:
    """Few points, all on crossings of the grid and no two side by side."""
    x, y, by = RELATED[rng.integers(len(RELATED))]
    across, scale = (_free_scale(rng, measure) for measure in (x, y))
    groups = int(rng.choice((1, 1, 2, 3)))
    columns, rows = (len(axis.lines) for axis in (across, scale))
    slope, noise = float(rng.choice((1, 1, -1, 0))), rng.uniform(0.08, 0.3)
    taken: set[tuple[int, int]] = set()
    series = []
    names = _names(rng, by, groups) if groups > 1 else (y.name,)
    for name in names:
        count = int(rng.integers(5, 15 if groups == 1 else 9))
        points: list[tuple[int, int]] = []
        for _ in range(20 * count):
            place = rng.uniform(0.04, 0.96)
            level = 0.5 + slope * 0.8 * (place - 0.5) + rng.normal(0, noise)
            column, row = round(place * (columns - 1)), round(level * (rows - 1))
            near = {(column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
            if 0 < column < columns - 1 and 0 < row < rows - 1 and not near & taken:
                taken.add((column, row))
                points.append((across.lines[column], scale.lines[row]))
            if len(points) == count:
                break
        points.sort()
        series.append(Series(name, tuple(p[1] for p in points), tuple(p[0] for p in points)))
    return Chart(
        kind="scatter",
        title=f"{y.name} against {_lower_first(x.name)}" if rng.random() < 0.85 else "",
        category_label="",
        categories=(),
        series=tuple(series),
        scale=scale,
        across=across,
        legend_title=DIMENSIONS[by].name if groups > 1 and rng.random() < 0.6 else "",
        is_labelled=False,
    )


def _free_scale(rng: np.random.Generator, measure: Measure) -> Scale:
    """A scale whose ends are free: it need not begin at 0."""
    top = math.exp(rng.uniform(math.log(measure.least), math.log(measure.most)))
    major, minor = steps_for(rng, round(top))
    low = major * int(rng.integers(0, 3)) if rng.random() < 0.4 else 0
    high = max(-(-round(top) // major) * major, low + 4 * major)
    return Scale(measure.label, low, high, major, minor, 0, _separator(rng))
