"""Draw a chart with matplotlib: its Agg canvas and objects, no pyplot and no settings of a user.

One point is one pixel. The layout is reckoned beforehand, as fitting it costs another drawing.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from PIL import Image

from workers.synthetic.charts.data import Chart, Scale
from workers.synthetic.charts.fonts import font_folder, own_settings
from workers.synthetic.charts.layout import (
    LINE,
    Labels,
    legend_columns,
    names_below,
    names_beside,
    pie_radius,
    sides_up,
    slices,
    title_lines,
    words_place,
)
from workers.synthetic.charts.look import Look, ink_on

_DPI = 72  # so that a point is a pixel
_MARKS = {
    "circle": "o",
    "square": "s",
    "triangle-up": "^",
    "triangle-down": "v",
    "diamond": "D",
}


def draw_chart(chart: Chart, look: Look) -> Image.Image:
    """The chart in RGB."""
    with own_settings():
        canvas = compose(chart, look).canvas
        canvas.draw()
        return Image.frombuffer(
            "RGBA", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBA", 0, 1
        ).convert("RGB")


def compose(chart: Chart, look: Look) -> Any:
    """The chart as a figure, on a canvas of Agg."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(look.width / _DPI, look.height / _DPI), dpi=_DPI, facecolor=look.paper)
    FigureCanvasAgg(figure)
    sheet = _Sheet(figure, chart, look)
    if chart.kind == "pie":
        sheet.draw_pie()
    elif chart.kind == "horizontal":
        sheet.draw_sideways()
    else:
        sheet.draw_upright()
    return figure


@functools.cache
def _font(file: str) -> Any:
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=str(font_folder() / file))


class _Sheet:
    """A figure being filled: the words around the plot take room from its edges."""

    def __init__(self, figure: Any, chart: Chart, look: Look) -> None:
        self.figure, self.chart, self.look = figure, chart, look
        pad = look.pad_px
        self.left, self.right = pad, look.width - pad
        self.bottom, self.top = pad, look.height - pad
        self._add_title()

    def _text(self, x: float, y: float, words: str, px: float | None = None, **style: Any) -> None:
        look = self.look
        self.figure.text(
            x / look.width,
            y / look.height,
            words,
            fontproperties=_font(style.pop("file", look.font.regular)),
            fontsize=px or look.font_px,
            color=style.pop("color", look.ink),
            parse_math=False,
            **style,
        )

    def _add_title(self) -> None:
        look = self.look
        lines = title_lines(self.chart, look)
        if not lines:
            return
        x = self.left if look.title_place == "left" else look.width / 2
        file = look.font.bold if look.is_title_bold else look.font.regular
        words = "\n".join(lines)
        self._text(x, self.top, words, look.title_px, file=file, ha=look.title_place, va="top")
        self.top -= (len(lines) * LINE + 0.5) * look.title_px

    def _add_legend(self, handles: list[Any], names: tuple[str, ...]) -> None:
        look, title = self.look, self.chart.legend_title
        widest = max(look.width_of(name) for name in (*names, title)) + 4 * look.font_px
        if look.legend == "right" and widest < 0.33 * look.width:
            self.right -= widest
            x, y, place, columns = self.right + look.font_px, self.top, "upper left", 1
        else:
            columns = legend_columns(names, look)
            rows = -(-len(names) // columns) + bool(title)
            x, y, place = look.width / 2, self.top, "upper center"
            self.top -= (rows * 1.5 + 0.8) * look.font_px
        legend = self.figure.legend(
            handles,
            names,
            loc=place,
            bbox_to_anchor=(x / look.width, y / look.height),
            ncols=columns,
            prop=_sized(look.font.regular, look.font_px),
            labelcolor=look.ink,
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            labelspacing=0.4,
            title=title or None,
            title_fontproperties=_sized(look.font.regular, look.font_px),
        )
        legend.get_title().set_color(look.ink)

    def _axes(self) -> Any:
        look = self.look
        axes = self.figure.add_axes(
            (
                self.left / look.width,
                self.bottom / look.height,
                (self.right - self.left) / look.width,
                (self.top - self.bottom) / look.height,
            ),
            facecolor=look.plot,
        )
        shown = {
            "box": {"left", "right", "top", "bottom"},
            "corner": {"left", "bottom"},
            "base": {"left"} if self.chart.kind == "horizontal" else {"bottom"},
            "none": set(),
        }[look.spines]
        for side, spine in axes.spines.items():
            spine.set_visible(side in shown)
            spine.set_color(look.ink)
            spine.set_linewidth(0.8)
        axes.set_axisbelow(True)
        return axes

    # ---- upright: bars, lines, points ----

    def draw_upright(self) -> None:
        chart, look = self.chart, self.look
        if chart.has_legend:
            self._add_legend(*self._handles())
        scale = chart.scale
        em = look.font_px
        self._text(
            self.left,
            (self.bottom + self.top) / 2,
            scale.label,
            rotation=90,
            va="center",
            ha="left",
        )
        self.left += 1.5 * em + max(look.width_of(scale.text(tick)) for tick in scale.ticks) + em
        below = chart.across.label if chart.across else chart.category_label
        if below:
            self._text((self.left + self.right) / 2, self.bottom, below, ha="center", va="bottom")
            self.bottom += 1.7 * em
        if chart.across is None:
            labels = names_below(chart, look, self.right - self.left)
            self.bottom += labels.height + 1.1 * em
        else:
            last = chart.across.tick_text(chart.across.ticks[-1])
            self.right -= look.width_of(last) / 2
            self.bottom += 2.3 * em
        axes = self._axes()
        self._number_axis(axes, "y", scale)
        if chart.across is not None:
            self._number_axis(axes, "x", chart.across)
            self._draw_points(axes)
            return
        self._name_axis(axes, "x", labels)
        axes.set_xlim(-0.5, len(chart.categories) - 0.5)
        if chart.kind == "line":
            self._draw_lines(axes)
        else:
            self._draw_bars(axes)

    def _number_axis(self, axes: Any, side: str, scale: Scale) -> None:
        look = self.look
        is_y = side == "y"
        axis = axes.yaxis if is_y else axes.xaxis
        axis.set_ticks(list(scale.ticks), [scale.tick_text(tick) for tick in scale.ticks])
        self._dress(axis)
        (axes.set_ylim if is_y else axes.set_xlim)(scale.low, scale.high)
        is_fine = not self.chart.is_labelled
        if not is_fine and not look.has_grid:
            return
        draw = axes.hlines if is_y else axes.vlines
        style = {"transform": axes.get_yaxis_transform() if is_y else axes.get_xaxis_transform()}
        minor = [line for line in scale.lines if line % scale.major]
        if is_fine:
            draw(minor, 0, 1, look.grid, lw=0.7, zorder=0.5, **style)
        draw(list(scale.ticks), 0, 1, look.grid, lw=1.6 if is_fine else 0.8, zorder=0.6, **style)

    def _name_axis(self, axes: Any, side: str, labels: Labels) -> None:
        axis = axes.yaxis if side == "y" else axes.xaxis
        axis.set_ticks(range(len(labels.lines)), ["\n".join(lines) for lines in labels.lines])
        self._dress(axis)
        if labels.turn:
            for label in axis.get_ticklabels():
                label.set(rotation=labels.turn, rotation_mode="anchor", ha="right")
                label.set_va("center" if labels.turn == 90 else "top")

    def _dress(self, axis: Any) -> None:
        look = self.look
        axis.set_tick_params(
            color=look.ink,
            length=0.3 * look.font_px if look.has_ticks else 0,
            width=0.8,
            pad=0.6 * look.font_px,
        )
        for label in axis.get_ticklabels():
            label.set(
                fontproperties=_font(look.font.regular),
                fontsize=look.font_px,
                color=look.ink,
                parse_math=False,
            )

    def _handles(self) -> tuple[list[Any], tuple[str, ...]]:
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        handles: list[Any] = []
        for i, _ in enumerate(self.chart.series):
            if self.chart.kind in ("line", "scatter"):
                handles.append(Line2D([], [], **self._stroke(i)))
            else:
                handles.append(Patch(**self._fill(i)))
        return handles, tuple(series.name for series in self.chart.series)

    def _stroke(self, i: int) -> dict[str, Any]:
        look = self.look
        is_line = self.chart.kind == "line"
        return {
            "color": look.palette[i],
            "lw": look.line_px if is_line else 0,
            "ls": (0, look.line_dashes[i % len(look.line_dashes)]) if is_line else "none",
            "marker": _MARKS[look.marks[i % len(look.marks)]],
            "ms": look.mark_px,
        }

    def _fill(self, i: int) -> dict[str, Any]:
        look = self.look
        return {"facecolor": look.palette[i], "edgecolor": look.ink, "lw": look.outline_px}

    def _number(self, axes: Any, x: float, y: float, value: int, **style: Any) -> None:
        look = self.look
        style = {"ha": "center", "va": "bottom", "color": look.ink, "xytext": (0, 2)} | style
        axes.annotate(
            self.chart.printed(value),
            (x, y),
            textcoords="offset points",
            parse_math=False,
            fontproperties=_font(look.font.regular),
            fontsize=0.92 * look.font_px,
            **style,
        )

    def _draw_bars(self, axes: Any) -> None:
        chart, look = self.chart, self.look
        beside = len(chart.series) if chart.kind == "grouped" else 1
        width = look.bar_share / beside
        floors = [0] * len(chart.categories)
        for i, series in enumerate(chart.series):
            shift = (i - (beside - 1) / 2) * width if chart.kind == "grouped" else 0.0
            places = [place + shift for place in range(len(series.values))]
            axes.bar(places, series.values, width, floors, **self._fill(i))
            for k, value in enumerate(series.values if chart.is_labelled else ()):
                if chart.kind == "stacked":
                    inside = {"va": "center", "xytext": (0, 0), "color": ink_on(look.palette[i])}
                    self._number(axes, places[k], floors[k] + value / 2, value, **inside)
                else:
                    self._number(axes, places[k], value, value)
            if chart.kind == "stacked":
                floors = [a + b for a, b in zip(floors, series.values, strict=True)]

    def _draw_lines(self, axes: Any) -> None:
        for i, series in enumerate(self.chart.series):
            axes.plot(range(len(series.values)), series.values, clip_on=False, **self._stroke(i))
        if self.chart.is_labelled:
            (series,) = self.chart.series
            for k, side in enumerate(sides_up(series)):
                up = {"va": "bottom", "xytext": (0, self.look.mark_px / 2 + 2)}
                down = {"va": "top", "xytext": (0, -self.look.mark_px / 2 - 2)}
                halo = {"path_effects": [_halo(self.look.plot)], "zorder": 5}
                self._number(
                    axes, k, series.values[k], series.values[k], **halo, **(up if side else down)
                )

    def _draw_points(self, axes: Any) -> None:
        for i, series in enumerate(self.chart.series):
            axes.plot(series.places, series.values, **self._stroke(i))

    # ---- sideways, and pies ----

    def draw_sideways(self) -> None:
        chart, look = self.chart, self.look
        (series,) = chart.series
        em = look.font_px
        if chart.category_label:
            self._text(self.left, self.top, chart.category_label, ha="left", va="top")
            self.top -= 1.7 * em
        labels = names_beside(chart, look)
        self.left += labels.width + em
        self._text(
            (self.left + self.right) / 2, self.bottom, chart.scale.label, ha="center", va="bottom"
        )
        self.bottom += 1.7 * em + 2.1 * em
        self.right -= look.width_of(chart.scale.tick_text(chart.scale.high)) / 2
        axes = self._axes()
        self._number_axis(axes, "x", chart.scale)
        self._name_axis(axes, "y", labels)
        axes.set_ylim(len(chart.categories) - 0.5, -0.5)
        axes.barh(range(len(series.values)), series.values, look.bar_share, **self._fill(0))
        for k, value in enumerate(series.values if chart.is_labelled else ()):
            self._number(axes, value, k, value, ha="left", va="center", xytext=(3, 0))

    def draw_pie(self) -> None:
        from matplotlib.patches import Patch, Wedge

        chart, look = self.chart, self.look
        parts, has_legend = slices(chart, look)
        if has_legend:
            fills = [Patch(**self._fill(i)) for i in range(len(parts))]
            self._add_legend(fills, chart.categories)
        axes = self.figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, look.width), ylim=(0, look.height))
        axes.set_axis_off()
        radius = pie_radius(self.right - self.left, self.top - self.bottom, look, parts)
        x, y = (self.left + self.right) / 2, (self.bottom + self.top) / 2
        for i, one in enumerate(parts):
            # matplotlib counts degrees from the right, anticlockwise.
            first, last = (90 - math.degrees(angle) for angle in (one.end, one.start))
            width = radius * (1 - look.hole_share)
            edge = self._fill(i) | {"edgecolor": look.paper, "lw": max(look.outline_px, 1.0)}
            axes.add_patch(Wedge((x, y), radius, first, last, width=width, **edge))
            dx, dy = words_place(one, look, radius)
            side = "left" if one.is_right else "right"
            words = "\n".join(one.words)
            self._text(x + dx, y - dy, words, ha=side, va="center", multialignment=side)


@functools.cache
def _sized(file: str, px: float) -> Any:
    font = _font(file).copy()
    font.set_size(px)
    return font


def _halo(colour: str) -> Any:
    from matplotlib.patheffects import withStroke

    return withStroke(linewidth=3, foreground=colour)
