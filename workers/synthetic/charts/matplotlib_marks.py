"""What stands on the axes of a matplotlib chart: numbers and names along them, bars, lines, points.

Knows the axes only. The room that they take, and the words around them, are `by_matplotlib`'s.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from workers.synthetic.charts.data import Chart, Scale
from workers.synthetic.charts.fonts import font_folder
from workers.synthetic.charts.layout import Labels, sides_up
from workers.synthetic.charts.look import Look, ink_on

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.font_manager import FontProperties
    from matplotlib.patheffects import AbstractPathEffect

Style = dict[str, Any]
"""Keyword arguments of a matplotlib artist."""

Side = Literal["x", "y"]

_MARKS = {
    "circle": "o",
    "square": "s",
    "triangle-up": "^",
    "triangle-down": "v",
    "diamond": "D",
}


@functools.cache
def font_of(file: str) -> FontProperties:
    """One of matplotlib's font files."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=str(font_folder() / file))


@functools.cache
def sized_font(file: str, px: float) -> FontProperties:
    """One of matplotlib's font files, in this size."""
    font = font_of(file).copy()
    font.set_size(px)
    return font


def number_axis(axes: Axes, side: Side, scale: Scale, chart: Chart, look: Look) -> None:
    """Ticks with numbers, and the lines of the grid: all of them where values are read off it."""
    is_y = side == "y"
    axis = axes.yaxis if is_y else axes.xaxis
    axis.set_ticks(list(scale.ticks), [scale.tick_text(tick) for tick in scale.ticks])
    _dress(axis, look)
    (axes.set_ylim if is_y else axes.set_xlim)(scale.low, scale.high)
    is_fine = not chart.is_labelled
    if not is_fine and not look.has_grid:
        return
    draw = axes.hlines if is_y else axes.vlines
    style: Style = {"transform": axes.get_yaxis_transform() if is_y else axes.get_xaxis_transform()}
    minor = [line for line in scale.lines if line % scale.major]
    if is_fine:
        draw(minor, 0, 1, look.grid, lw=0.7, zorder=0.5, **style)
    draw(list(scale.ticks), 0, 1, look.grid, lw=1.6 if is_fine else 0.8, zorder=0.6, **style)


def name_axis(axes: Axes, side: Side, labels: Labels, look: Look) -> None:
    """Ticks with the names of the categories."""
    axis = axes.yaxis if side == "y" else axes.xaxis
    axis.set_ticks(range(len(labels.lines)), ["\n".join(lines) for lines in labels.lines])
    _dress(axis, look)
    if labels.turn:
        for label in axis.get_ticklabels():
            label.set(rotation=labels.turn, rotation_mode="anchor", ha="right")
            label.set_verticalalignment("center" if labels.turn == 90 else "top")


def _dress(axis: Axis, look: Look) -> None:
    axis.set_tick_params(
        color=look.ink,
        length=0.3 * look.font_px if look.has_ticks else 0,
        width=0.8,
        pad=0.6 * look.font_px,
    )
    for label in axis.get_ticklabels():
        label.set(
            fontproperties=font_of(look.font.regular),
            fontsize=look.font_px,
            color=look.ink,
            parse_math=False,
        )


def legend_handles(chart: Chart, look: Look) -> list[Artist]:
    """A sample of each series' strokes or fills."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    if chart.kind in ("line", "scatter"):
        return [Line2D([], [], **_stroke(chart, look, i)) for i in range(len(chart.series))]
    return [Patch(**fill(look, i)) for i in range(len(chart.series))]


def fill(look: Look, i: int) -> Style:
    """The style of series or slice `i` where it is an area."""
    return {"facecolor": look.palette[i], "edgecolor": look.ink, "lw": look.outline_px}


def _stroke(chart: Chart, look: Look, i: int) -> Style:
    is_line = chart.kind == "line"
    return {
        "color": look.palette[i],
        "lw": look.line_px if is_line else 0,
        "ls": (0, look.line_dashes[i % len(look.line_dashes)]) if is_line else "none",
        "marker": _MARKS[look.marks[i % len(look.marks)]],
        "ms": look.mark_px,
    }


def _number_writer(axes: Axes, chart: Chart, look: Look) -> Callable[..., None]:
    """A function that writes a value at a place, with the keywords of an annotation."""

    def write(x: float, y: float, value: int, **style: Any) -> None:
        style = {"ha": "center", "va": "bottom", "color": look.ink, "xytext": (0, 2)} | style
        axes.annotate(
            chart.printed(value),
            (x, y),
            textcoords="offset points",
            parse_math=False,
            fontproperties=font_of(look.font.regular),
            fontsize=0.92 * look.font_px,
            **style,
        )

    return write


def draw_bars(axes: Axes, chart: Chart, look: Look) -> None:
    """Upright bars, side by side or stacked."""
    write = _number_writer(axes, chart, look)
    beside = len(chart.series) if chart.kind == "grouped" else 1
    width = look.bar_share / beside
    floors = [0] * len(chart.categories)
    for i, series in enumerate(chart.series):
        shift = (i - (beside - 1) / 2) * width if chart.kind == "grouped" else 0.0
        places = [place + shift for place in range(len(series.values))]
        axes.bar(places, series.values, width, floors, **fill(look, i))
        for k, value in enumerate(series.values if chart.is_labelled else ()):
            if chart.kind == "stacked":
                inside: Style = {"va": "center", "xytext": (0, 0), "color": ink_on(look.palette[i])}
                write(places[k], floors[k] + value / 2, value, **inside)
            else:
                write(places[k], value, value)
        if chart.kind == "stacked":
            floors = [a + b for a, b in zip(floors, series.values, strict=True)]


def draw_sideways_bars(axes: Axes, chart: Chart, look: Look) -> None:
    """The bars of the only series, from left to right."""
    (series,) = chart.series
    write = _number_writer(axes, chart, look)
    axes.barh(range(len(series.values)), series.values, look.bar_share, **fill(look, 0))
    for k, value in enumerate(series.values if chart.is_labelled else ()):
        write(value, k, value, ha="left", va="center", xytext=(3, 0))


def draw_lines(axes: Axes, chart: Chart, look: Look) -> None:
    """A line for each series; the numbers of an only one stand on the outside of its bends."""
    for i, series in enumerate(chart.series):
        axes.plot(
            range(len(series.values)), series.values, clip_on=False, **_stroke(chart, look, i)
        )
    if chart.is_labelled:
        (series,) = chart.series
        write = _number_writer(axes, chart, look)
        for k, side in enumerate(sides_up(series)):
            up: Style = {"va": "bottom", "xytext": (0, look.mark_px / 2 + 2)}
            down: Style = {"va": "top", "xytext": (0, -look.mark_px / 2 - 2)}
            halo: Style = {"path_effects": [_halo(look.plot)], "zorder": 5}
            write(k, series.values[k], series.values[k], **halo, **(up if side else down))


def draw_points(axes: Axes, chart: Chart, look: Look) -> None:
    """The points of a scatter plot."""
    for i, series in enumerate(chart.series):
        axes.plot(series.places, series.values, **_stroke(chart, look, i))


def _halo(colour: str) -> AbstractPathEffect:
    from matplotlib.patheffects import withStroke

    return withStroke(linewidth=3, foreground=colour)
