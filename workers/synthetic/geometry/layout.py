"""Lay a figure out on its picture: where it lies, whether it is legible, where labels go.

Owns the choice of places. Does not construct figures, or draw. Places are x + iy with y downwards,
in thousandths: 0 to 999 of each side of a square picture, as the model's grounding counts, to one
decimal. They are rounded before anything is drawn, so the text has exactly what is drawn.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from workers.synthetic.geometry.figure import Circle, Figure, Pair, Point

GRID = 999
Places = npt.NDArray[np.complex128]
GlyphSize = Callable[[str], tuple[float, float]]
"""Width and height of a label, in thousandths."""

_ON = 0.5  # a point so near a stroke is on it: rounding moves it, and the stroke, by 0.07 at most
_MIN_APART = 52.0  # between points: a label is some 30 high
_MIN_BESIDE = 20.0  # from a point to a stroke that it is not on
_MIN_RADIUS = 60.0
_MIN_ANGLE = math.radians(11)
_LABEL_GAP = 7.0  # free space around a label's box
_DIRECTIONS = np.exp(2j * np.pi * np.arange(24) / 24)
_STEP = 4.0  # between the samples by which labels keep away from strokes


@dataclass(frozen=True, slots=True)
class Label:
    """A name, and the centre and size of its box."""

    text: str
    centre: Point
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks: their strokes, each a chain of places, and the angles and lengths that they mark."""

    strokes: tuple[tuple[Point, ...], ...] = ()
    right_angles: tuple[tuple[str, str, str], ...] = ()
    equals: tuple[tuple[Pair, ...], ...] = ()


def placed(rng: Generator, figure: Figure) -> Figure:
    """The figure with y downwards, at a random scale and place on the picture, and rounded."""
    xs = [place.real for place in figure.points.values()]
    ys = [place.imag for place in figure.points.values()]
    for circle in figure.circles:
        xs += [circle.centre.real - circle.radius, circle.centre.real + circle.radius]
        ys += [circle.centre.imag - circle.radius, circle.centre.imag + circle.radius]
    low, extent = complex(min(xs), -max(ys)), complex(max(xs) - min(xs), max(ys) - min(ys))
    scale = GRID * rng.uniform(0.6, 0.84) / max(extent.real, extent.imag)
    margin = 0.075 * GRID
    free = [GRID - 2 * margin - scale * side for side in (extent.real, extent.imag)]
    corner = complex(*(margin + rng.uniform(0, side) for side in free))

    def put(place: Point) -> Point:
        return rounded((place.conjugate() - low) * scale + corner)

    circles = [
        Circle(put(circle.centre), round(circle.radius * scale, 1), circle.centre_name)
        for circle in figure.circles
    ]
    points = {name: put(place) for name, place in figure.points.items()}
    return replace(figure, points=points, circles=circles)


def rounded(place: Point) -> Point:
    """A place with its coordinates rounded to one decimal."""
    return complex(round(place.real, 1), round(place.imag, 1))


def is_legible(figure: Figure) -> bool:
    """Whether points keep apart and lie on a stroke or well beside it, and no two strokes run
    along each other."""
    places = list(figure.points.values())
    if any(abs(a - b) < _MIN_APART for a, b in combinations(places, 2)):
        return False
    if any(circle.radius < _MIN_RADIUS for circle in figure.circles):
        return False
    lines = [(figure.points[s.start], figure.points[s.end]) for s in figure.segments]
    beside = [distance(place, *line) for place in places for line in lines]
    beside += [
        abs(abs(place - circle.centre) - circle.radius)
        for place in places
        for circle in figure.circles
    ]
    if any(_ON < gap < _MIN_BESIDE for gap in beside):
        return False
    return not any(_run_along(*first, *second) for first, second in combinations(lines, 2))


def distance(place: Point, start: Point, end: Point) -> float:
    """The distance from a place to the nearest place of a segment."""
    along = end - start
    share = ((place - start) * along.conjugate()).real / abs(along) ** 2
    return abs(place - start - along * min(1.0, max(0.0, share)))


def _run_along(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two segments meet in an end, or overlap, at an angle too narrow to see."""
    turn = abs(cmath.phase((b - a) / (d - c)))
    if min(turn, math.pi - turn) > _MIN_ANGLE:
        return False
    gaps = [distance(a, c, d), distance(b, c, d), distance(c, a, b), distance(d, a, b)]
    if min(gaps) > _MIN_BESIDE:
        return False
    # Two that continue each other in one line share one end and nothing else.
    shared = [place for place in (a, b) if place in (c, d)]
    if len(shared) != 1:
        return True
    rest = [place for place in (a, b, c, d) if place != shared[0]]
    return ((rest[0] - shared[0]) * (rest[1] - shared[0]).conjugate()).real > 0


def marks_of(figure: Figure) -> Marks:
    """The marks that have room: squares in right angles, ticks across equal lengths."""
    strokes: list[tuple[Point, ...]] = []
    angles: list[tuple[str, str, str]] = []
    for names in figure.right_angles:
        arm, vertex, other = (figure.points[name] for name in names)
        first, second = ((end - vertex) / abs(end - vertex) * 26 for end in (arm, other))
        if min(abs(arm - vertex), abs(other - vertex)) > 60:
            strokes.append((vertex + first, vertex + first + second, vertex + second))
            angles.append(names)
    equals: list[tuple[Pair, ...]] = []
    for group in figure.equals:
        if all(_has_room(figure, pair) for pair in group):
            equals.append(group)
            for pair in group:
                strokes += _ticks(figure, pair, len(equals))
    return Marks(tuple(strokes), tuple(angles), tuple(equals))


def _has_room(figure: Figure, pair: Pair) -> bool:
    start, end = (figure.points[name] for name in pair)
    middle = (start + end) / 2
    others = [place for name, place in figure.points.items() if name not in pair]
    crossing = [
        distance(middle, figure.points[segment.start], figure.points[segment.end])
        for segment in figure.segments
    ]
    crossing += [abs(abs(middle - circle.centre) - circle.radius) for circle in figure.circles]
    return (
        abs(end - start) > 80
        and all(abs(place - middle) > 30 for place in others)
        and sum(gap < 25 for gap in crossing) == 1
    )


def _ticks(figure: Figure, pair: Pair, count: int) -> list[tuple[Point, ...]]:
    start, end = (figure.points[name] for name in pair)
    along = (end - start) / abs(end - start)
    middle, across = (start + end) / 2, along * 1j * 11
    places = [middle + along * 8 * (number - (count - 1) / 2) for number in range(count)]
    return [(place - across, place + across) for place in places]


def labels_of(figure: Figure, marks: Marks, size: GlyphSize) -> tuple[Label, ...] | None:
    """A label for each point, or None if one finds no place.

    A place is clear of strokes, marks, other labels and the picture's edges, and nearer to its own
    point than to any other.
    """
    obstacles = np.concatenate(
        [
            *(_samples(figure.points[s.start], figure.points[s.end]) for s in figure.segments),
            *(_around(circle) for circle in figure.circles),
            *(_samples(a, b) for chain in marks.strokes for a, b in pairwise(chain)),
        ]
    )
    points = np.array(list(figure.points.values()))
    labels: list[Label] = []
    for name, place in figure.points.items():
        width, height = size(name)
        reach = math.hypot(width, height) / 2 + _LABEL_GAP
        tried = np.concatenate([place + _DIRECTIONS * (reach + more) for more in (2, 9, 17)])
        free = np.minimum(
            _clearances(tried, obstacles, width, height), _clearances(tried, points, width, height)
        )
        for label in labels:
            both = width + label.width, height + label.height
            free = np.minimum(free, _clearances(tried, np.array([label.centre]), *both))
        edge = np.minimum.reduce(
            [
                tried.real - width / 2,
                GRID - tried.real - width / 2,
                tried.imag - height / 2,
                GRID - tried.imag - height / 2,
            ]
        )
        free = np.minimum(free, edge - 4)
        others = np.abs(tried[:, None] - points[points != place][None, :])
        is_own = np.abs(tried - place) < 0.75 * others.min(axis=1, initial=math.inf)
        # Nearer places are better, and room beyond twice the gap makes a place no better.
        worth = np.where(is_own, np.minimum(free, 2 * _LABEL_GAP), -1) - 0.1 * abs(tried - place)
        best = int(np.argmax(worth))
        if free[best] < _LABEL_GAP or not is_own[best]:
            return None
        labels.append(Label(name, complex(tried[best]), width, height))
    return tuple(labels)


def _samples(start: Point, end: Point) -> Places:
    count = max(2, math.ceil(abs(end - start) / _STEP))
    return np.linspace(start, end, count).astype(np.complex128)


def _around(circle: Circle) -> Places:
    count = math.ceil(2 * math.pi * circle.radius / _STEP)
    ring: Places = circle.centre + circle.radius * np.exp(2j * np.pi * np.arange(count) / count)
    return ring


def _clearances(
    centres: Places, obstacles: Places, width: float, height: float
) -> npt.NDArray[np.float64]:
    """float64 (centres,): the distance of the nearest obstacle from a box around each centre."""
    gaps = centres[:, None] - obstacles[None, :]  # (centres, obstacles)
    across = np.maximum(np.abs(gaps.real) - width / 2, 0)
    down = np.maximum(np.abs(gaps.imag) - height / 2, 0)
    nearest: npt.NDArray[np.float64] = np.hypot(across, down).min(axis=1)
    return nearest
