"""The rooms of the code and who imports whom: read by grimp, drawn as SVG and as a table.

A room is a package such as `workers.store`, or what lies directly in one of the four top packages.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape

import grimp
import networkx as nx

from docs.generate.layers import Placed, place

TOP = ("pipelines", "workers", "cluster", "schemas")
"""The four packages; each may import those of a later row of the drawing, and no other."""
_BOTH = " ⇄ "
_MARGIN, _HEADING, _GAP = 20, 34, 44
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b1f24; text-anchor: middle }
.band { fill: #f6f8fa; stroke: #d0d7de } .name { font-weight: 600; text-anchor: start }
.room { fill: #ffffff; stroke: #57606a } path { fill: none; stroke: #57606a; marker-end: url(#tip) }
.between { stroke: #0969da; stroke-width: 3; marker-end: url(#big) }
"""
_TIPS = "".join(
    f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="{size}" '
    f'markerHeight="{size}" orient="auto"><path d="M0 0L8 4L0 8z" '
    f'style="fill:{colour};stroke:none;marker-end:none"/></marker>'
    for name, size, colour in (("tip", 7, "#57606a"), ("big", 5, "#0969da"))
)


@dataclass(frozen=True)
class Rooms:
    """Which room imports which: an edge `a → b` where a module of `a` imports one of `b`."""

    graph: nx.DiGraph[str]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All rooms, the four packages in their order."""
        return tuple(sorted(self.graph, key=lambda room: (TOP.index(_top(room)), room)))

    def within(self, top: str) -> nx.DiGraph[str]:
        """The rooms of one package, with the arrows among them.

        Rooms that import each other, by modules that are not in a circle, are one node `a ⇄ b`.
        """
        among = nx.condensation(self.graph.subgraph([r for r in self.names if _top(r) == top]))
        names = {node: _BOTH.join(sorted(among.nodes[node]["members"])) for node in among}
        return nx.relabel_nodes(among, names)


def rooms() -> Rooms:
    """Read the imports of all modules. Imports only for type checking count too."""
    imports = grimp.build_graph(*TOP)
    flat = {module for module in imports.modules if "." in module}
    packages = {module for module in flat if imports.find_children(module)}

    def room_of(module: str) -> str:
        steps = module.split(".")
        inner = ".".join(steps[:2])
        return inner if inner in packages else steps[0]

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(room_of(module) for module in flat)
    for importer in imports.modules:
        for imported in imports.find_modules_directly_imported_by(importer):
            a, b = room_of(importer), room_of(imported)
            if a != b and {a, b} <= graph.nodes:
                graph.add_edge(a, b)
    return Rooms(graph)


def drawing(made: Rooms) -> str:
    """The rooms as SVG: an arrow for each import, those left out that follow from others."""
    bands = {top: place(made.within(top), _label) for top in TOP}
    middle = [bands["workers"], bands["cluster"]]
    inner = max(bands["pipelines"].width, sum(b.width for b in middle) + _GAP + 2 * _MARGIN)
    width = inner + 4 * _MARGIN
    parts: list[str] = []
    frames: dict[str, tuple[float, float, float, float]] = {}
    y = float(_MARGIN)
    for row in (("pipelines",), ("workers", "cluster"), ("schemas",)):
        height = max(bands[top].height for top in row) + _HEADING + _MARGIN
        x = float(_MARGIN)
        for top in row:
            is_last = top == row[-1]
            across = width - _MARGIN - x if is_last else bands[top].width + 2 * _MARGIN
            frames[top] = (x, y, across, height)
            parts.append(_band(top, bands[top], *frames[top]))
            x += across + _GAP
        y += height + _GAP
    arrows = [
        _between(frames[upper], frames[lower])
        for upper, lower in (("pipelines", "workers"), ("pipelines", "cluster"))
    ] + [_between(frames[upper], frames["schemas"]) for upper in ("workers", "cluster")]
    size = f"{width:.0f} {y - _GAP + _MARGIN:.0f}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img">'
        f"<title>Rooms and imports</title><style>{_STYLE}</style><defs>{_TIPS}</defs>"
        f'<rect width="100%" height="100%" fill="#ffffff"/>'
        f"{''.join(parts)}{''.join(arrows)}</svg>\n"
    )


def rooms_table(made: Rooms) -> str:
    """Every room with what it owns, by its own docstring, and the rooms that it imports."""
    lines = [
        "# Rooms",
        "",
        "Every room of the code, what it owns in the words of its own `__init__`, and the rooms "
        "that it imports. The [architecture](../architecture.md#rooms) page has them as a drawing.",
        "",
        "| room | what it owns | imports |",
        "|---|---|---|",
    ]
    for room in made.names:
        imported = ", ".join(f"`{one}`" for one in made.names if made.graph.has_edge(room, one))
        lines.append(f"| `{room}` | {_owns(room)} | {imported} |")
    return "\n".join([*lines, ""])


def _owns(room: str) -> str:
    """The first paragraph of a room's docstring. Raises ValueError for a room without one."""
    text = importlib.import_module(room).__doc__
    if not text:
        raise ValueError(f"{room}/__init__.py has no docstring")
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")


def _top(room: str) -> str:
    return room.partition(".")[0]


def _label(room: str) -> str:
    """What stands in a room's box: what lies directly in `pipelines` are the four graphs."""
    if room == "pipelines":
        return "run · inventory · read · publish"
    names = [one.rpartition(".")[2] if "." in one else "modules" for one in room.split(_BOTH)]
    return _BOTH.join(names)


def _band(top: str, placed: Placed, x: float, y: float, width: float, height: float) -> str:
    left = x + (width - placed.width) / 2
    return (
        f'<rect class="band" x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'rx="10"/><text class="name" x="{x + 12:.0f}" y="{y + 21:.0f}">{escape(top)}/</text>'
        f'<g transform="translate({left:.0f} {y + _HEADING:.0f})">{_inside(placed)}</g>'
    )


def _inside(placed: Placed) -> str:
    lines = [f'<path d="{_curve(points)}"/>' for points in placed.arrows]
    boxes = [
        f'<rect class="room" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" rx="6"/><text x="{box.x + box.width / 2:.1f}" '
        f'y="{box.y + box.height / 2 + 4.5:.1f}">{escape(box.label)}</text>'
        for box in placed.boxes.values()
    ]
    return "".join(lines + boxes)


def _curve(points: Sequence[tuple[float, float]]) -> str:
    """A smooth line that enters and leaves every point vertically."""
    (x, y), *others = points
    parts = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in others:
        bend = (to_y - y) / 2
        parts.append(f"C{x:.1f} {y + bend:.1f} {to_x:.1f} {to_y - bend:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(parts)


def _between(upper: Sequence[float], lower: Sequence[float]) -> str:
    """A thick arrow from one band down to another, in the middle of the narrower one."""
    (x, y, width, height), (to_x, to_y, to_width, _) = upper, lower
    left, right = max(x, to_x), min(x + width, to_x + to_width)
    middle = (left + right) / 2
    return f'<path class="between" d="M{middle:.0f} {y + height:.0f}L{middle:.0f} {to_y - 2:.0f}"/>'
