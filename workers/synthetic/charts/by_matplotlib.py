"""Draw a chart with matplotlib: its Agg canvas and objects, no pyplot and no settings of a user.

Owns the room that the words around a plot take; `matplotlib_marks` draws what stands on the axes.
One point is one pixel. The layout is computed beforehand, because fitting it would cost a second
drawing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PIL import Image

from workers.synthetic.charts.data import Chart
from workers.synthetic.charts.fonts import own_settings
from workers.synthetic.charts.layout import (
    LINE,
    legend_columns,
    names_below,
    names_beside,
    pie_radius,
    slices,
    title_lines,
    words_place,
)
from workers.synthetic.charts.look import Look
from workers.synthetic.charts.matplotlib_marks import (
    draw_bars,
    draw_lines,
    draw_points,
    draw_sideways_bars,
    fill,
    font_of,
    legend_handles,
    name_axis,
    number_axis,
    sized_font,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 72  # so that a point is a pixel


def draw_chart(chart: Chart, look: Look) -> Image.Image:
    """The chart in RGB."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with own_settings():
        canvas = compose(chart, look).canvas
        assert isinstance(canvas, FigureCanvasAgg)
        canvas.draw()
        return Image.frombuffer(
            "RGBA", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBA", 0, 1
        ).convert("RGB")


def compose(chart: Chart, look: Look) -> Figure:
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


class _Sheet:
    """A figure and the room that is left in it: words around the plot take theirs at the edges."""

    def __init__(self, figure: Figure, chart: Chart, look: Look) -> None:
        self.figure, self.chart, self.look = figure, chart, look
        pad = look.pad_px
        self.left, self.right = pad, look.width - pad
        self.bottom, self.top = pad, look.height - pad
        self._add_title()

    def _text(
        self, x: float, y: float, words: str, px: float = 0, file: str = "", **style: Any
    ) -> None:
        """Text at a place in pixels; the look gives size and font file where none is given."""
        look = self.look
        self.figure.text(
            x / look.width,
            y / look.height,
            words,
            fontproperties=font_of(file or look.font.regular),
            fontsize=px or look.font_px,
            color=look.ink,
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

    def _add_legend(self, handles: Sequence[Artist], names: tuple[str, ...]) -> None:
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
            prop=sized_font(look.font.regular, look.font_px),
            labelcolor=look.ink,
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            labelspacing=0.4,
            title=title or None,
            title_fontproperties=sized_font(look.font.regular, look.font_px),
        )
        legend.get_title().set_color(look.ink)

    def _axes(self) -> Axes:
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

    def draw_upright(self) -> None:
        chart, look = self.chart, self.look
        if chart.has_legend:
            names = tuple(series.name for series in chart.series)
            self._add_legend(legend_handles(chart, look), names)
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
        number_axis(axes, "y", scale, chart, look)
        if chart.across is not None:
            number_axis(axes, "x", chart.across, chart, look)
            draw_points(axes, chart, look)
            return
        name_axis(axes, "x", labels, look)
        axes.set_xlim(-0.5, len(chart.categories) - 0.5)
        if chart.kind == "line":
            draw_lines(axes, chart, look)
        else:
            draw_bars(axes, chart, look)

    def draw_sideways(self) -> None:
        chart, look = self.chart, self.look
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
        number_axis(axes, "x", chart.scale, chart, look)
        name_axis(axes, "y", labels, look)
        axes.set_ylim(len(chart.categories) - 0.5, -0.5)
        draw_sideways_bars(axes, chart, look)

    def draw_pie(self) -> None:
        from matplotlib.patches import Patch, Wedge

        chart, look = self.chart, self.look
        parts, has_legend = slices(chart, look)
        if has_legend:
            fills = [Patch(**fill(look, i)) for i in range(len(parts))]
            self._add_legend(fills, chart.categories)
        axes = self.figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, look.width), ylim=(0, look.height))
        axes.set_axis_off()
        radius = pie_radius(self.right - self.left, self.top - self.bottom, look, parts)
        x, y = (self.left + self.right) / 2, (self.bottom + self.top) / 2
        for i, part in enumerate(parts):
            # matplotlib counts degrees from the right, anticlockwise.
            first, last = (90 - math.degrees(angle) for angle in (part.end, part.start))
            width = radius * (1 - look.hole_share)
            edge = fill(look, i) | {"edgecolor": look.paper, "lw": max(look.outline_px, 1.0)}
            axes.add_patch(Wedge((x, y), radius, first, last, width=width, **edge))
            dx, dy = words_place(part, look, radius)
            side = "left" if part.is_right else "right"
            words = "\n".join(part.words)
            self._text(x + dx, y - dy, words, ha=side, va="center", multialignment=side)
