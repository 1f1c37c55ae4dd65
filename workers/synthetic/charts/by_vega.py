"""Draw a chart as Vega-Lite, by vl-convert: Vega in an embedded JavaScript engine, no browser.

The engine needs sockets of its own and far more address space than memory when it starts, and
threads that a fork does not carry over. All data stand in the specification: nothing is fetched.
"""

from __future__ import annotations

import functools
import io
import json
from typing import Any

from PIL import Image

from schemas.errors import RequestError
from workers.synthetic.charts.data import Chart, Scale
from workers.synthetic.charts.fonts import font_folder
from workers.synthetic.charts.layout import (
    LINE,
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
from workers.synthetic.charts.vega_style import Spec, config, title

VEGA_LITE = "5.21"  # fixed, so that a newer vl-convert does not change pictures by its default


def draw_chart(chart: Chart, look: Look) -> Image.Image:
    """The chart in RGB. Raises RequestError where vl-convert is not installed."""
    data = _engine().vegalite_to_png(
        json.dumps(specification(chart, look)), VEGA_LITE, scale=1.0, allowed_base_urls=[]
    )
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB")


@functools.cache
def _engine() -> Any:
    try:
        import vl_convert
    except ImportError as exc:
        raise RequestError(
            "charts by `vega` need vl-convert-python: pip install 'pagefoundry[synthetic]', "
            "or set `libraries: [matplotlib]`"
        ) from exc
    vl_convert.register_font_directory(str(font_folder()))
    return vl_convert


def start() -> None:
    """Start the engine, before a process gives up what that takes."""
    _engine().vegalite_to_png(json.dumps({"data": {"values": []}, "mark": "point"}), VEGA_LITE)


def specification(chart: Chart, look: Look) -> Spec:
    """The chart in Vega-Lite; values are whole numbers, and numbers in print are texts."""
    if chart.kind == "pie":
        body = _pie(chart, look)
    elif chart.kind == "scatter":
        body = _scatter(chart, look)
    elif chart.kind == "line":
        body = _line(chart, look)
    else:
        body = _bars(chart, look)
    return {
        "width": look.width - 2 * look.pad_px,
        "height": look.height - 2 * look.pad_px,
        "padding": look.pad_px,
        "autosize": {"type": "fit", "contains": "content"},
        "background": look.paper,
        "title": title(chart, look),
        "config": config(look),
        **body,
    }


def _number_axis(chart: Chart, look: Look, scale: Scale) -> Spec:
    """An axis whose lines are those of the grid and whose labels are texts of ours."""
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


def _name_axis(chart: Chart, look: Look) -> Spec:
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


def _colour(chart: Chart, look: Look, names: tuple[str, ...], has_legend: bool) -> Spec:
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


def _rows(chart: Chart) -> list[Spec]:
    """One row a value, series by series."""
    return [
        {
            "name": name,
            "series": series.name,
            "rank": i,
            "value": value,
            "text": chart.printed(value),
        }
        for i, series in enumerate(chart.series)
        for name, value in zip(chart.categories, series.values, strict=True)
    ]


def _number(look: Look, **style: Any) -> Spec:
    return {"type": "text", "color": look.ink, "fontSize": 0.92 * look.font_px} | style


def _bars(chart: Chart, look: Look) -> Spec:
    rows = _rows(chart)
    names = tuple(series.name for series in chart.series)
    across, along = ("y", "x") if chart.kind == "horizontal" else ("x", "y")
    fill = {"stroke": look.ink, "strokeWidth": look.outline_px} if look.outline_px else {}
    value = {"field": "value", **_number_axis(chart, look, chart.scale)}
    bar: Spec = {
        across: _name_axis(chart, look) | {"scale": {"padding": round(1 - look.bar_share, 2)}},
        "color": _colour(chart, look, names, chart.has_legend),
    }
    text: Spec = {"text": {"field": "text"}}
    mark = {"horizontal": {"align": "left", "dx": 3, "baseline": "middle"}}.get(
        chart.kind, {"baseline": "bottom", "dy": -2}
    )
    if chart.kind == "grouped":
        bar["xOffset"] = text["xOffset"] = {"field": "series", "sort": list(names)}
    if chart.kind == "stacked":
        floors = dict.fromkeys(chart.categories, 0)
        for row in rows:
            row["floor"] = floors[row["name"]]
            row["value"] = floors[row["name"]] = row["floor"] + _value_of(chart, row)
            row["middle"] = (row["floor"] + row["value"]) / 2
            row["ink"] = ink_on(look.palette[row["rank"]])
        bar["y2"] = {"field": "floor"}
        text |= {"y": {"field": "middle", "type": "quantitative"}}
        text |= {"color": {"field": "ink", "type": "nominal", "scale": None}}
        mark = {"baseline": "middle"}
    value["stack"] = None
    layers = [{"mark": {"type": "bar", **fill}, "encoding": {along: value, **bar}}]
    if chart.is_labelled:
        place = {along: {"field": "value", "type": "quantitative"}, across: bar[across]}
        layers.append({"mark": _number(look, **mark), "encoding": place | text})
    return {"data": {"values": rows}, "layer": layers}


def _value_of(chart: Chart, row: Spec) -> int:
    return chart.series[row["rank"]].values[chart.categories.index(row["name"])]


def _line(chart: Chart, look: Look) -> Spec:
    rows = _rows(chart)
    names = tuple(series.name for series in chart.series)
    encoding = {
        "x": _name_axis(chart, look) | {"scale": {"type": "point", "padding": 0.5}},
        "y": {"field": "value", **_number_axis(chart, look, chart.scale)},
        "color": _colour(chart, look, names, chart.has_legend),
    }
    dashes = [list(look.line_dashes[i % len(look.line_dashes)]) for i in range(len(names))]
    marks = [look.marks[i % len(look.marks)] for i in range(len(names))]
    dash = {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": list(names), "range": dashes},
        "legend": None,
    }
    # Of the same field and legend as the colours, so that Vega-Lite makes one legend of both.
    shape = encoding["color"] | {"scale": {"domain": list(names), "range": marks}}
    point = {"type": "point", "filled": True, "opacity": 1, "size": look.mark_px**2}
    layers: list[Spec] = [
        {
            "mark": {"type": "line", "strokeWidth": look.line_px},
            "encoding": encoding | {"strokeDash": dash},
        },
        {"mark": point, "encoding": encoding | {"shape": shape}},
    ]
    if chart.is_labelled:
        for row, is_up in zip(rows, sides_up(chart.series[0]), strict=True):
            row["is_up"] = is_up
        place = {"x": encoding["x"], "y": encoding["y"], "text": {"field": "text"}}
        gap = look.mark_px / 2 + 2
        for is_up, style in ((True, ("bottom", -gap)), (False, ("top", gap))):
            mark = _number(look, baseline=style[0], dy=style[1])
            halo = mark | {"stroke": look.plot, "strokeWidth": 3}
            chosen = [{"filter": f"datum.is_up === {json.dumps(is_up)}"}]
            layers += [{"transform": chosen, "mark": m, "encoding": place} for m in (halo, mark)]
    return {"data": {"values": rows}, "layer": layers}


def _scatter(chart: Chart, look: Look) -> Spec:
    assert chart.across is not None
    names = tuple(series.name for series in chart.series)
    rows = [
        {"series": series.name, "place": place, "value": value}
        for series in chart.series
        for place, value in zip(series.places, series.values, strict=True)
    ]
    marks = [look.marks[i % len(look.marks)] for i in range(len(names))]
    colour = _colour(chart, look, names, chart.has_legend)
    return {
        "data": {"values": rows},
        "mark": {"type": "point", "filled": True, "opacity": 1, "size": look.mark_px**2},
        "encoding": {
            "x": {"field": "place", **_number_axis(chart, look, chart.across)},
            "y": {"field": "value", **_number_axis(chart, look, chart.scale)},
            "color": colour,
            "shape": colour | {"scale": {"domain": list(names), "range": marks}},
        },
    }


def _pie(chart: Chart, look: Look) -> Spec:
    parts, has_legend = slices(chart, look)
    width, height = look.width - 2 * look.pad_px, look.height - 2 * look.pad_px
    height -= (len(title_lines(chart, look)) * LINE + 1.2) * look.title_px
    if has_legend:
        columns = legend_columns(chart.categories, look)
        height -= (-(-len(parts) // columns) * 1.6 + 2) * look.font_px
        if look.legend == "right":
            widest = max(look.width_of(name) for name in chart.categories)
            width -= widest + 5 * look.font_px
    radius = pie_radius(width, height, look, parts)
    rows = []
    for name, one in zip(chart.categories, parts, strict=True):
        dx, dy = words_place(one, look, radius)
        side = "left" if one.is_right else "right"
        rows.append({
            "series": name, "start": one.start, "end": one.end, "words": list(one.words),
            "side": side, "dx": dx, "dy": dy,
        })  # fmt: skip
    arc = {
        "type": "arc",
        "outerRadius": radius,
        "innerRadius": radius * look.hole_share,
        "stroke": look.paper,
        "strokeWidth": max(look.outline_px, 1.0),
    }
    angles = {
        "theta": {"field": "start", "type": "quantitative", "scale": None, "stack": None},
        "theta2": {"field": "end"},
        "color": _colour(chart, look, chart.categories, has_legend),
    }
    words = _number(
        look,
        align={"expr": "datum.side"},
        baseline="middle",
        fontSize=look.font_px,
        lineHeight=LINE * look.font_px,
        x={"expr": "width / 2 + datum.dx"},
        # Several lines hang from the first, whose middle the baseline is.
        y={"expr": f"height / 2 + datum.dy - (datum.words.length - 1) * {LINE * look.font_px / 2}"},
    )
    return {
        "data": {"values": rows},
        "view": {"fill": None, "stroke": None},
        "layer": [
            {"mark": arc, "encoding": angles},
            {"mark": words, "encoding": {"text": {"field": "words"}}},
        ],
    }
