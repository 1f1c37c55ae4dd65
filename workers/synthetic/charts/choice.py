"""The random content of a chart: what it is about, its categories, its words and its numbers."""

from __future__ import annotations

import numpy as np

from schemas.charts import ChartKind
from workers.synthetic.charts.data import Chart, Scale, Series
from workers.synthetic.charts.look import Look
from workers.synthetic.charts.scales import (
    fit_scale,
    sample_free_scale,
    sample_separator,
    sample_values,
)
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
_LEAST_SLICE = 5  # percent: a number has room beside such an arc


def sample_chart(rng: np.random.Generator, kind: ChartKind, look: Look) -> Chart:
    """A chart of a kind, with no more categories than the look has room for."""
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
    separator = sample_separator(rng)
    count = _category_count(rng, kind, look, measure, series_count, is_labelled)
    categories = _names(rng, dimension, count)
    names = _names(rng, by, series_count) if by else (measure.name,)
    values = sample_values(rng, kind, len(categories), len(names))
    scale, whole = fit_scale(rng, kind, measure, values, is_labelled, separator)
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


def _topic(rng: np.random.Generator, kind: ChartKind) -> tuple[Measure, str]:
    """A measure, and the dimension along the axis: time for lines, any of its own for bars.

    Grouped and stacked bars need a second dimension for their series, so their measure has one.
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
    """The dimensions that may distinguish series: no times, nor places if the axis has places."""
    taken = PLACES if dimension in PLACES else (dimension,)
    return [name for name in measure.dimensions if name not in (*taken, *TIMES)]


def _adds(measure: Measure) -> bool:
    """Whether sums of the measure mean something, so that its values can be stacked."""
    averages = ("rate", "Average", "Median", "price", "rent", "expectancy", "coverage", "speed")
    ratios = ("%", "years", "per ", "points", "/", "°C", "MPa", "a.u.")
    return not (
        any(word in measure.name for word in averages)
        or any(word in measure.unit for word in ratios)
        or measure.name in ("Waiting time", "F1 score", "Training time")
    )


def _names(rng: np.random.Generator, dimension: str, count: int) -> tuple[str, ...]:
    """`count` categories, or all where there are fewer; ordered ones are consecutive."""
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
    """How many categories: at most 12, and no more than bars or printed numbers have room for."""
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
    """Slices of at least `_LEAST_SLICE` percent, in percents that add up to 100, or in amounts."""
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
    scale = Scale(label, 0, whole, whole, whole, decimals, sample_separator(rng))
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
    """A few points on crossings of the grid, no two of them on neighbouring crossings."""
    x, y, by = RELATED[rng.integers(len(RELATED))]
    across, scale = (sample_free_scale(rng, measure) for measure in (x, y))
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
