"""Draw a chart as Vega-Lite, by vl-convert: Vega in an embedded JavaScript engine, no browser.

When it starts, the engine needs sockets of its own, and far more address space than memory. Its
threads do not survive a fork. All data stand in the specification: nothing is fetched.
"""

from __future__ import annotations

import functools
import io
import json
from types import ModuleType

from PIL import Image

from schemas.errors import RequestError
from workers.synthetic.charts.data import Chart
from workers.synthetic.charts.fonts import font_folder
from workers.synthetic.charts.layout import (
    LINE,
    legend_columns,
    pie_radius,
    sides_up,
    slices,
    title_lines,
    words_place,
)
from workers.synthetic.charts.look import Look, ink_on
from workers.synthetic.charts.vega_style import (
    Spec,
    colour_of,
    config,
    name_axis,
    number_axis,
    text_mark,
    title,
)

VEGA_LITE = "5.21"  # fixed, so that a newer vl-convert does not change pictures by its default


def draw_chart(chart: Chart, look: Look) -> Image.Image:
    """The chart in RGB. Raises RequestError where vl-convert is not installed."""
    data = _engine().vegalite_to_png(
        json.dumps(specification(chart, look)), VEGA_LITE, scale=1.0, allowed_base_urls=[]
    )
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB")


@functools.cache
def _engine() -> ModuleType:
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
    """Start the engine while the process still has the sockets and address space for that."""
    _engine().vegalite_to_png(json.dumps({"data": {"values": []}, "mark": "point"}), VEGA_LITE)


def specification(chart: Chart, look: Look) -> Spec:
    """The chart in Vega-Lite; values are whole numbers, and printed numbers are texts of ours."""
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


def _bars(chart: Chart, look: Look) -> Spec:
    rows = _rows(chart)
    names = tuple(series.name for series in chart.series)
    across, along = ("y", "x") if chart.kind == "horizontal" else ("x", "y")
    fill = {"stroke": look.ink, "strokeWidth": look.outline_px} if look.outline_px else {}
    value = {"field": "value", **number_axis(chart, look, chart.scale)}
    bar: Spec = {
        across: name_axis(chart, look) | {"scale": {"padding": round(1 - look.bar_share, 2)}},
        "color": colour_of(chart, look, names, chart.has_legend),
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
        layers.append({"mark": text_mark(look, **mark), "encoding": place | text})
    return {"data": {"values": rows}, "layer": layers}


def _value_of(chart: Chart, row: Spec) -> int:
    return chart.series[row["rank"]].values[chart.categories.index(row["name"])]


def _line(chart: Chart, look: Look) -> Spec:
    rows = _rows(chart)
    names = tuple(series.name for series in chart.series)
    encoding = {
        "x": name_axis(chart, look) | {"scale": {"type": "point", "padding": 0.5}},
        "y": {"field": "value", **number_axis(chart, look, chart.scale)},
        "color": colour_of(chart, look, names, chart.has_legend),
    }
    dashes = [list(look.line_dashes[i % len(look.line_dashes)]) for i in range(len(names))]
    marks = [look.marks[i % len(look.marks)] for i in range(len(names))]
    dash = {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": list(names), "range": dashes},
        "legend": None,
    }
    # The same field and legend as the colours have, so that Vega-Lite makes one legend of both.
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
            mark = text_mark(look, baseline=style[0], dy=style[1])
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
    colour = colour_of(chart, look, names, chart.has_legend)
    return {
        "data": {"values": rows},
        "mark": {"type": "point", "filled": True, "opacity": 1, "size": look.mark_px**2},
        "encoding": {
            "x": {"field": "place", **number_axis(chart, look, chart.across)},
            "y": {"field": "value", **number_axis(chart, look, chart.scale)},
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
    for name, part in zip(chart.categories, parts, strict=True):
        dx, dy = words_place(part, look, radius)
        side = "left" if part.is_right else "right"
        rows.append({
            "series": name, "start": part.start, "end": part.end, "words": list(part.words),
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
        "color": colour_of(chart, look, chart.categories, has_legend),
    }
    words = text_mark(
        look,
        align={"expr": "datum.side"},
        baseline="middle",
        fontSize=look.font_px,
        lineHeight=LINE * look.font_px,
        x={"expr": "width / 2 + datum.dx"},
        # The baseline is the middle of the first line; further lines hang below it.
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
