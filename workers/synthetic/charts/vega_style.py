"""A chart's title, fonts and colours in Vega-Lite."""

from __future__ import annotations

from typing import Any

from workers.synthetic.charts.data import Chart
from workers.synthetic.charts.layout import LINE, title_lines
from workers.synthetic.charts.look import Look

Spec = dict[str, Any]


def title(chart: Chart, look: Look) -> Spec | None:
    """The title above the whole picture, in lines that fit."""
    if not chart.title:
        return None
    return {
        "text": list(title_lines(chart, look)),
        "anchor": "middle" if look.title_place == "center" else "start",
        "frame": "bounds",
        "fontSize": look.title_px,
        "fontWeight": "bold" if look.is_title_bold else "normal",
        "lineHeight": LINE * look.title_px,
        "color": look.ink,
        "offset": 0.7 * look.title_px,
        "limit": 0,
    }


def config(look: Look) -> Spec:
    """What all axes and legends have in common."""
    return {
        "font": look.font.family,
        "view": {
            "fill": look.plot,
            "stroke": look.ink if look.spines == "box" else None,
            "strokeWidth": 0.8,
        },
        "axis": {
            "labelColor": look.ink,
            "titleColor": look.ink,
            "labelFontSize": look.font_px,
            "titleFontSize": look.font_px,
            "titleFontWeight": "normal",
            "labelLimit": 0,
            "titleLimit": 0,
            "labelOverlap": False,
            "labelFlush": False,
            "labelPadding": 0.4 * look.font_px,
            "labelLineHeight": LINE * look.font_px,
            "titlePadding": 0.6 * look.font_px,
            "ticks": look.has_ticks,
            "tickColor": look.ink,
            "tickSize": 0.3 * look.font_px,
            "domain": look.spines in ("corner", "base"),
            "domainColor": look.ink,
            "gridColor": look.grid,
        },
        "legend": {
            "labelColor": look.ink,
            "titleColor": look.ink,
            "labelFontSize": look.font_px,
            "titleFontSize": look.font_px,
            "titleFontWeight": "normal",
            "labelLimit": 0,
            "titleLimit": 0,
            "offset": look.font_px,
            "symbolSize": (0.8 * look.font_px) ** 2,
            "columnPadding": 1.5 * look.font_px,
        },
    }
