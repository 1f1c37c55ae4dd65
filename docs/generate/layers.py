"""Places the nodes of a directed graph in rows, so that all arrows point downwards.

Layered drawing after Sugiyama, Tagawa and Toda (1981): rows by longest path, invisible nodes where
an arrow crosses a row, and each row ordered by the middle of its neighbours. Pure.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

_CHAR, _PADDING, _HEIGHT = 7.6, 22, 30
_COLUMN_GAP, _ROW_GAP, _CROSSING = 16, 36, 10
_SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Box:
    """A node's rectangle, in pixels from the upper left corner of the drawing."""

    label: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Placed:
    """Boxes by node, and each arrow as the points that it passes."""

    boxes: Mapping[str, Box]
    arrows: tuple[tuple[tuple[float, float], ...], ...]
    width: float
    height: float


def place(graph: nx.DiGraph[str], label: Callable[[str], str]) -> Placed:
    """Place an acyclic graph; arrows that follow from two others are left out.

    Raises ValueError where the graph has a circle: rooms must not import each other.
    """
    if not nx.is_directed_acyclic_graph(graph):
        raise ValueError(f"rooms import each other in a circle: {nx.find_cycle(graph)}")
    arrows = sorted(nx.transitive_reduction(graph).edges)
    generations = nx.topological_generations(nx.DiGraph([*arrows]))
    row_of = {node: row for row, nodes in enumerate(generations) for node in nodes}
    row_of |= {node: 0 for node in graph if node not in row_of}
    chains, rows = _with_crossings(sorted(row_of.items()), row_of, arrows)
    _order(rows, chains)
    widths = {node: len(label(node)) * _CHAR + _PADDING for node in graph}
    boxes, middles, width = _boxes(rows, widths, label)
    return Placed(
        boxes=boxes,
        arrows=tuple(tuple(_through(chain, boxes, middles)) for chain in chains),
        width=width,
        height=len(rows) * (_HEIGHT + _ROW_GAP) - _ROW_GAP,
    )


def _with_crossings(
    nodes: list[tuple[str, int]], row_of: Mapping[str, int], arrows: list[tuple[str, str]]
) -> tuple[list[list[str]], list[list[str]]]:
    """Each arrow as the nodes that it passes, and the rows; `a>b>2` is where `a → b` crosses 2."""
    rows: list[list[str]] = [[] for _ in range(max(row_of.values()) + 1)]
    for node, row in nodes:
        rows[row].append(node)
    chains = []
    for upper, lower in arrows:
        crossings = [f"{upper}>{lower}>{row}" for row in range(row_of[upper] + 1, row_of[lower])]
        for row, crossing in enumerate(crossings, start=row_of[upper] + 1):
            rows[row].append(crossing)
        chains.append([upper, *crossings, lower])
    return chains, rows


def _order(rows: list[list[str]], chains: list[list[str]]) -> None:
    """Sort each row by the mean place of its neighbours, from above and from below in turn."""
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for chain in chains:
        for upper, lower in itertools.pairwise(chain):
            below.setdefault(upper, []).append(lower)
            above.setdefault(lower, []).append(upper)
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        for row in rows if downwards else reversed(rows):
            _sort_row(row, rows, above if downwards else below)


def _sort_row(
    row: list[str], rows: list[list[str]], neighbours: Mapping[str, Sequence[str]]
) -> None:
    places = {node: (index + 0.5) / len(one) for one in rows for index, node in enumerate(one)}

    def middle(node: str) -> float:
        known = [places[one] for one in neighbours.get(node, ())]
        return sum(known) / len(known) if known else places[node]

    row.sort(key=middle)


def _boxes(
    rows: list[list[str]], widths: Mapping[str, float], label: Callable[[str], str]
) -> tuple[dict[str, Box], dict[str, tuple[float, float]], float]:
    """Boxes of nodes and middles of crossings, each row centred; and the width of all."""
    spans = [sum(widths.get(n, _CROSSING) + _COLUMN_GAP for n in row) - _COLUMN_GAP for row in rows]
    width = max(spans)
    boxes: dict[str, Box] = {}
    middles: dict[str, tuple[float, float]] = {}
    for number, (row, span) in enumerate(zip(rows, spans, strict=True)):
        x, y = (width - span) / 2, number * (_HEIGHT + _ROW_GAP)
        for node in row:
            across = widths.get(node, _CROSSING)
            if node in widths:
                boxes[node] = Box(label(node), x, y, across, _HEIGHT)
            else:
                middles[node] = (x + across / 2, y + _HEIGHT / 2)
            x += across + _COLUMN_GAP
    return boxes, middles, width


def _through(
    chain: list[str], boxes: Mapping[str, Box], middles: Mapping[str, tuple[float, float]]
) -> list[tuple[float, float]]:
    upper, lower = boxes[chain[0]], boxes[chain[-1]]
    start = (upper.x + upper.width / 2, upper.y + upper.height)
    end = (lower.x + lower.width / 2, lower.y - 1)
    return [start, *(middles[crossing] for crossing in chain[1:-1]), end]
