"""The content of a chart before it is drawn: words, whole numbers, scales; and its HTML table.

Values are whole numbers of the scale's last printed place, so the printed number is the exact
value. Every value can be read off the picture: it is printed at its mark (`Chart.is_labelled`), or
it lies on the grid, which is then drawn at every `Scale.minor`.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field

from schemas.charts import ChartKind


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `low` to `high`; all of its numbers are whole numbers of 10^-`decimals`.

    Ticks with numbers stand at multiples of `major`, grid lines at multiples of `minor`, which
    divides `major`.
    """

    label: str
    low: int
    high: int
    major: int
    minor: int
    decimals: int
    separator: str = ""

    def text(self, value: int) -> str:
        """A value as it is printed.

        >>> Scale("Mass (kg)", 0, 20000, 5000, 1000, 1, ",").text(12345)
        '1,234.5'
        """
        whole, part = divmod(abs(value), 10**self.decimals)
        sign = "-" if value < 0 else ""
        digits = f"{whole:,}".replace(",", self.separator)
        return sign + digits + (f".{part:0{self.decimals}d}" if self.decimals else "")

    def tick_text(self, value: int) -> str:
        """A value beside its tick, without decimals that are zero at all ticks.

        >>> Scale("Mass (kg)", 0, 20000, 5000, 1000, 1, ",").tick_text(10000)
        '1,000'
        """
        text = self.text(value)
        return text.split(".")[0] if self.major % 10**self.decimals == 0 else text

    @property
    def ticks(self) -> range:
        """The values that have a number."""
        return range(-(-self.low // self.major) * self.major, self.high + 1, self.major)

    @property
    def lines(self) -> range:
        """The values of the full grid's lines."""
        return range(-(-self.low // self.minor) * self.minor, self.high + 1, self.minor)


@dataclass(frozen=True, slots=True)
class Series:
    """Named values, one for each category; in a scatter plot, `places` are their x values."""

    name: str
    values: tuple[int, ...]
    places: tuple[int, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Chart:
    """The content of a chart. An empty `title`, `category_label` or `legend_title` is not drawn.

    `scale` is that of the values, `across` that of a scatter plot's x values. The slices of a pie
    are the values of its only series, which are percents of a whole if `is_percent`.
    """

    kind: ChartKind
    title: str
    category_label: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    scale: Scale
    across: Scale | None = None
    legend_title: str = ""
    is_labelled: bool = True
    is_percent: bool = False

    @property
    def has_legend(self) -> bool:
        """Whether a legend names the series. For the slices of a pie, `layout.slices` decides."""
        return self.kind != "pie" and len(self.series) > 1

    def printed(self, value: int) -> str:
        """A value as it is printed at its mark."""
        return self.scale.text(value) + ("%" if self.is_percent else "")


def table(chart: Chart) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The header and the rows of a chart's table.

    One row a category and one column a series; a scatter plot has one row a point, in the order of
    x.
    """
    if chart.across is not None:
        return _points(chart, chart.across)
    if len(chart.series) == 1:
        header: tuple[str, ...] = (chart.category_label or chart.legend_title, chart.scale.label)
    else:
        header = (chart.category_label, *(series.name for series in chart.series))
    columns = [[chart.scale.text(value) for value in series.values] for series in chart.series]
    return header, [
        (category, *values) for category, *values in zip(chart.categories, *columns, strict=True)
    ]


def _points(chart: Chart, across: Scale) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    header: tuple[str, ...] = (across.label, chart.scale.label)
    grouped = len(chart.series) > 1
    rows: list[tuple[str, ...]] = []
    for series in chart.series:
        for place, value in sorted(zip(series.places, series.values, strict=True)):
            row = (across.text(place), chart.scale.text(value))
            rows.append((series.name, *row) if grouped else row)
    return ((chart.legend_title, *header) if grouped else header), rows


def to_html(chart: Chart) -> str:
    """The chart as an HTML table, one row a line.

    The caption holds the title, and the label of the values' axis if it heads no column.
    """
    header, rows = table(chart)
    caption = [chart.title] if chart.title else []
    if len(chart.series) > 1 and chart.across is None:
        caption.append(chart.scale.label)
    head = "".join(f"<th>{html.escape(cell, quote=False)}</th>" for cell in header)
    lines = [f"<caption>{html.escape('; '.join(caption), quote=False)}</caption>"] * bool(caption)
    lines.append(f"<thead><tr>{head}</tr></thead>")
    lines.append("<tbody>")
    for row in rows:
        cells = "".join(f"<td>{html.escape(cell, quote=False)}</td>" for cell in row)
        lines.append(f"<tr>{cells}</tr>")
    return "<table>\n" + "\n".join(lines) + "\n</tbody>\n</table>"
