"""Random figures of school geometry: a shape, and what is constructed in it.

Every relation that a figure shows (a midpoint, a tangent, a right angle) is constructed, so it
holds exactly but for rounding.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable

from numpy.random import Generator

from schemas.figures import FigureKind
from workers.synthetic.geometry.circles import circle, circles
from workers.synthetic.geometry.figure import (
    Figure,
    bisector_end,
    circumcentre,
    foot,
    incentre,
    meeting,
    midpoint,
    unit,
)
from workers.synthetic.sampling import happens, pick, shuffled, within

_LETTERS = ("ABCDEFGH", "ABCDEFGH", "PQRSTUVW", "KLMNPQRS", "EFGHKLMN", "STUVWXYZ")


def construct(rng: Generator, kind: FigureKind) -> Figure:
    """A random figure of this kind, which may not be legible when drawn."""
    figure = Figure()
    _SHAPES[kind](rng, figure)
    turn = cmath.rect(1, rng.uniform(0, 2 * math.pi) if happens(rng, 0.5) else 0.0)
    figure.points = {name: place * turn for name, place in figure.points.items()}
    figure.circles = [each._replace(centre=each.centre * turn) for each in figure.circles]
    return figure


def _named(rng: Generator, figure: Figure, places: list[complex]) -> list[str]:
    letters = pick(rng, _LETTERS)
    return [figure.add(place, letters) for place in places]


def _triangle(rng: Generator, figure: Figure) -> None:
    sort = pick(rng, ("scalene", "scalene", "isosceles", "equilateral", "right"))
    if sort == "scalene":
        first = rng.uniform(38, 82)
        second = rng.uniform(38, min(82, 145 - first))
        side = math.sin(math.radians(second)) / math.sin(math.radians(first + second))
        top = side * unit(first)
    elif sort == "right":
        top = 1j * rng.uniform(0.55, 1.4)
    else:
        top = 0.5 + 1j * (math.sqrt(0.75) if sort == "equilateral" else rng.uniform(0.6, 1.3))
    a, b, c = _named(rng, figure, [0j, 1 + 0j, top])
    figure.close((a, b, c))
    if sort == "right":
        figure.right_angles.append((b, a, c))
    elif sort == "isosceles":
        figure.equals.append(((a, c), (b, c)))
    elif sort == "equilateral":
        figure.equals.append(((a, b), (b, c), (c, a)))
    extras = shuffled(rng, (_median, _altitude, _bisector, _midline, _circumcircle, _incircle))
    for extra in extras[: within(rng, (0, 2))]:
        extra(rng, figure, [a, b, c])


def _median(rng: Generator, figure: Figure, corners: list[str]) -> None:
    a, b, c = shuffled(rng, corners)
    middle = figure.add(midpoint(figure.points[b], figure.points[c]), "MN")
    figure.join(a, middle, dashed=happens(rng, 0.2))
    figure.equals.append(((b, middle), (middle, c)))


def _altitude(rng: Generator, figure: Figure, corners: list[str]) -> None:
    a, b, c = shuffled(rng, corners)
    base = figure.add(foot(*(figure.points[name] for name in (a, b, c))), "HF")
    figure.join(a, base, dashed=happens(rng, 0.4))
    figure.right_angles.append((a, base, c))


def _bisector(rng: Generator, figure: Figure, corners: list[str]) -> None:
    a, b, c = shuffled(rng, corners)
    end = figure.add(bisector_end(*(figure.points[name] for name in (a, b, c))), "DLW")
    figure.join(a, end, dashed=happens(rng, 0.2))


def _midline(rng: Generator, figure: Figure, corners: list[str]) -> None:
    a, b, c = shuffled(rng, corners)
    places = figure.points
    ends = [figure.add(midpoint(places[a], places[other]), "MNE") for other in (b, c)]
    figure.join(*ends)
    figure.equals.append(((a, ends[0]), (ends[0], b)))
    figure.equals.append(((a, ends[1]), (ends[1], c)))


def _circumcircle(rng: Generator, figure: Figure, corners: list[str]) -> None:
    places = [figure.points[name] for name in corners[:3]]
    centre = circumcentre(*places)
    name = figure.add(centre, "O") if happens(rng, 0.6) else ""
    figure.circle(centre, places[0], name)
    if name and happens(rng, 0.5):
        figure.join(name, corners[0])


def _incircle(rng: Generator, figure: Figure, corners: list[str]) -> None:
    a, b, c = (figure.points[name] for name in corners)
    centre = incentre(a, b, c)
    touching = foot(centre, a, b)
    name = figure.add(centre, "I") if happens(rng, 0.6) else ""
    figure.circle(centre, touching, name)
    if name and happens(rng, 0.4):
        touch = figure.add(touching, "T")
        figure.join(name, touch)
        figure.right_angles.append((name, touch, corners[1]))


def _corners(rng: Generator, sort: str) -> list[complex]:
    wide, high, lean = rng.uniform(0.9, 1.6), rng.uniform(0.6, 1.1), rng.uniform(0.25, 0.6)
    top = wide * rng.uniform(0.4, 0.65)
    left = (wide - top) * pick(rng, (0.0, 0.5, rng.uniform(0.2, 0.8)))
    up = 1j * high
    return {
        "square": [0j, 1 + 0j, 1 + 1j, 1j],
        "rectangle": [0j, wide + 0j, wide + up, up],
        "parallelogram": [0j, wide + 0j, wide + lean + up, lean + up],
        "rhombus": [-wide / 2 + 0j, -up / 2, wide / 2 + 0j, up / 2],
        "kite": [-wide * lean + 0j, -up / 2, wide + 0j, up / 2],
        "trapezoid": [0j, wide + 0j, left + top + up, left + up],
        "cyclic": [unit(angle + rng.uniform(-22, 22)) for angle in (45, 135, 225, 315)],
    }[sort]


def _quadrilateral(rng: Generator, figure: Figure) -> None:
    sorts = ("square", "rectangle", "parallelogram", "rhombus", "kite", "trapezoid", "cyclic")
    sort = pick(rng, sorts)
    corners = _named(rng, figure, _corners(rng, sort))
    a, b, c, d = corners
    figure.close(corners)
    if sort in ("square", "rhombus"):
        figure.equals.append(((a, b), (b, c), (c, d), (d, a)))
    elif sort in ("rectangle", "parallelogram"):
        figure.equals += [((a, b), (c, d)), ((b, c), (d, a))]
    elif sort == "kite":
        figure.equals += [((a, b), (a, d)), ((c, b), (c, d))]
    if sort in ("square", "rectangle"):
        figure.right_angles += [(d, a, b), (a, b, c), (b, c, d), (c, d, a)]
    extra = pick(rng, ("", "diagonals", "diagonal", "middles", "midline", "around", "inside"))
    if extra == "diagonals":
        _diagonals(figure, corners, sort)
    elif extra == "diagonal":
        figure.join(a, c, dashed=happens(rng, 0.3))
    elif extra in ("middles", "midline"):
        _middles(figure, corners, extra == "midline")
    elif extra == "around" and sort in ("square", "rectangle", "cyclic"):
        _circumcircle(rng, figure, corners)
    elif extra == "inside" and sort in ("square", "rhombus"):
        centre = midpoint(figure.points[a], figure.points[c])
        touching = foot(centre, figure.points[a], figure.points[b])
        figure.circle(centre, touching, figure.add(centre, "O"))


def _diagonals(figure: Figure, corners: list[str], sort: str) -> None:
    a, b, c, d = corners
    places = [figure.points[name] for name in (a, c, b, d)]
    crossing = figure.add(meeting(*places), "OX")
    figure.join(a, c)
    figure.join(b, d)
    if sort in ("square", "rhombus", "kite"):
        figure.right_angles.append((a, crossing, b))


def _middles(figure: Figure, corners: list[str], only_two: bool) -> None:
    sides = list(zip(corners, corners[1:] + corners[:1], strict=True))
    middles = []
    for start, end in sides[1::2] if only_two else sides:
        middle = figure.add(midpoint(figure.points[start], figure.points[end]), "MNKLEFGH")
        figure.equals.append(((start, middle), (middle, end)))
        middles.append(middle)
    figure.join(*middles) if only_two else figure.close(middles)


def _polygon(rng: Generator, figure: Figure) -> None:
    count = within(rng, (5, 8))
    start = 90 + (180 / count if happens(rng, 0.5) else 0)
    corners = _named(rng, figure, [unit(start + 360 * place / count) for place in range(count)])
    figure.close(corners)
    extra = pick(rng, ("", "fan", "spokes", "around", "star"))
    if extra == "fan":
        for corner in corners[2:-1]:
            figure.join(corners[0], corner, dashed=happens(rng, 0.1))
    elif extra == "spokes":
        centre = figure.add(0j, "O")
        for corner in corners:
            figure.join(centre, corner)
    elif extra == "around":
        figure.circle(0j, 1 + 0j, figure.add(0j, "O"))
    elif extra == "star" and count == 5:
        figure.close(corners[::2] + corners[1::2])
    if happens(rng, 0.4):
        sides = zip(corners, corners[1:] + corners[:1], strict=True)
        figure.equals.append(tuple(sides))


def _lines(rng: Generator, figure: Figure) -> None:
    letters = "ABCDEFGHKLMN"
    if happens(rng, 0.4):
        corner = figure.add(0j, "OA")
        opening = rng.uniform(45, 130)
        lengths = (rng.uniform(0.8, 1.3), rng.uniform(0.6, 1.1), rng.uniform(0.8, 1.3))
        for length, angle in zip(lengths, (0, opening / 2, opening), strict=True):
            figure.join(corner, figure.add(length * unit(angle), letters))
        return
    gap, slope = rng.uniform(0.5, 0.9), rng.uniform(50, 130)
    steep = 1 / math.tan(math.radians(slope))
    levels = [0.0, gap] if happens(rng, 0.6) else [0.0, gap * 0.8, gap * 1.8]
    for level in levels:
        ends = rng.uniform(-0.9, -0.6), rng.uniform(0.6, 0.9)
        figure.join(*(figure.add(complex(end + level * steep, level), letters) for end in ends))
    beyond = rng.uniform(0.3, 0.5)
    heights = (levels[0] - beyond, levels[-1] + beyond)
    figure.join(*(figure.add(complex(level * steep, level), letters) for level in heights))
    for level in levels:
        figure.add(complex(level * steep, level), "PQRGH")


_SHAPES: dict[FigureKind, Callable[[Generator, Figure], None]] = {
    "triangle": _triangle,
    "quadrilateral": _quadrilateral,
    "polygon": _polygon,
    "circle": circle,
    "circles": circles,
    "lines": _lines,
}
