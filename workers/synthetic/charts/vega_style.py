"""What all charts have in Vega-Lite: title, axes, colours with their legend, fonts, texts."""

from __future__ import annotations

import json
from typing import Any

from workers.synthetic.charts.data import Chart, Scale
from workers.synthetic.charts.layout import (
    LINE,
    legend_columns,
    names_below,
    names_beside,
    title_lines,
)
from workers.synthetic.charts.look import Look

Spec = dict[str, Any]
"""A part of a Vega-Lite specification: JSON of any depth."""


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
    """The looks of all axes and legends."""
    words = {
        "labelColor": look.ink,
        "titleColor": look.ink,
        "labelFontSize": look.font_px,
        "titleFontSize": look.font_px,
        "titleFontWeight": "normal",
        "labelLimit": 0,
        "titleLimit": 0,
    }
    return {
        "font": look.font.family,
        "view": {
            "fill": look.plot,
            "stroke": look.ink if look.spines == "box" else None,
            "strokeWidth": 0.8,
        },
        "axis": {
            **words,
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
            **words,
            "offset": look.font_px,
            "symbolSize": (0.8 * look.font_px) ** 2,
            "columnPadding": 1.5 * look.font_px,
        },
    }


def number_axis(chart: Chart, look: Look, scale: Scale) -> Spec:
    """An axis of numbers: grid lines where the chart needs them, and our texts as labels."""
    is_fine = not chart.is_labelled
    texts = {str(tick): scale.tick_text(tick) for tick in scale.ticks}
    is_tick = f"datum.value % {scale.major} === 0"
    return {
        "type": "quantitative",
        "scale": {"domain": [scale.low, scale.high], "nice": False, "zero": False},
        "axis": {
            "title": scale.label,
            "values": list(scale.lines if is_fine else scale.ticks),
            "labelExpr": f"{json.dumps(texts)}[datum.value] || ''",
            "grid": is_fine or look.has_grid,
            "gridWidth": {"condition": {"test": is_tick, "value": 1.4}, "value": 0.7},
            "tickOpacity": {"condition": {"test": is_tick, "value": 1}, "value": 0},
        },
    }


def name_axis(chart: Chart, look: Look) -> Spec:
    """An axis of categories, their names in our lines."""
    turned: Spec = {}
    if chart.kind == "horizontal":
        labels = names_beside(chart, look)
    else:
        labels = names_below(chart, look, 0.78 * look.width)
        turned = {"labelAngle": -labels.turn}
        if labels.turn:
            turned |= {"labelAlign": "right"}
            turned |= {"labelBaseline": "middle" if labels.turn == 90 else "top"}
    lines = dict(zip(chart.categories, map(list, labels.lines), strict=True))
    return {
        "field": "name",
        "type": "nominal",
        "sort": None,
        "axis": {
            "title": chart.category_label or None,
            "labelExpr": f"{json.dumps(lines)}[datum.label]",
            "grid": False,
            **turned,
        },
    }


def colour_of(chart: Chart, look: Look, names: tuple[str, ...], has_legend: bool) -> Spec:
    """A colour for each series or slice, and their legend."""
    widest = max(look.width_of(name) for name in names) + 4 * look.font_px
    is_right = look.legend == "right" and widest < 0.33 * look.width
    columns = legend_columns(names, look)
    place = {"orient": "right"} if is_right else {"orient": "top", "columns": columns}
    return {
        "field": "series",
        "type": "nominal",
        "sort": list(names),
        "scale": {"domain": list(names), "range": list(look.palette[: len(names)])},
        "legend": {"title": chart.legend_title or None, **place} if has_legend else None,
    }


def text_mark(look: Look, **style: object) -> Spec:
    """The mark of a text or number, in the look's ink."""
    return {"type": "text", "color": look.ink, "fontSize": 0.92 * look.font_px} | style
