"""A plane figure that is built step by step: named points, segments, circles, equalities.

Owns the value, and the constructions that all shapes share. Points are complex numbers with y
upwards, in any unit. Does not know pixels.
"""

from __future__ import annotations

import cmath
import math
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

Point = complex
Pair = tuple[str, str]


class Segment(NamedTuple):
    """A straight stroke between two named points."""

    start: str
    end: str
    dashed: bool = False


class Circle(NamedTuple):
    """A circle; `centre_name` is empty if its centre is not shown."""

    centre: Point
    radius: float
    centre_name: str = ""


@dataclass(slots=True)
class Figure:
    """What is drawn, in the order of construction.

    A right angle is named as (arm, vertex, arm). The pairs of points in a group of `equals` have
    equal distances.
    """

    points: dict[str, Point] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)
    circles: list[Circle] = field(default_factory=list)
    right_angles: list[tuple[str, str, str]] = field(default_factory=list)
    equals: list[tuple[Pair, ...]] = field(default_factory=list)

    def add(self, place: Point, preferred: str) -> str:
        """Add a point under the first free letter, of `preferred` or else of all."""
        name = next(
            letter for letter in preferred + string.ascii_uppercase if letter not in self.points
        )
        self.points[name] = place
        return name

    def join(self, *names: str, dashed: bool = False) -> None:
        """Draw segments from each point to the next, except those that are drawn already."""
        for start, end in pairwise(names):
            drawn = {frozenset(segment[:2]) for segment in self.segments}
            if frozenset((start, end)) not in drawn:
                self.segments.append(Segment(start, end, dashed))

    def close(self, names: Sequence[str]) -> None:
        """Draw the polygon of these points."""
        self.join(*names, names[0])

    def circle(self, centre: Point, through: Point, name: str = "") -> None:
        """Draw the circle around `centre` through a point."""
        self.circles.append(Circle(centre, abs(through - centre), name))


def unit(degrees: float) -> Point:
    """The point of the unit circle at this angle."""
    return cmath.rect(1, math.radians(degrees))


def midpoint(a: Point, b: Point) -> Point:
    """Half-way between two points."""
    return (a + b) / 2


def foot(point: Point, a: Point, b: Point) -> Point:
    """The foot of the perpendicular from `point` to the line through `a` and `b`."""
    along = (b - a) / abs(b - a)
    return a + along * ((point - a) * along.conjugate()).real


def meeting(a: Point, b: Point, c: Point, d: Point) -> Point:
    """Where the lines through `a`, `b` and through `c`, `d` meet. They must not be parallel."""
    first, second = b - a, d - c
    share = ((c - a).conjugate() * second).imag / (first.conjugate() * second).imag
    return a + first * share


def circumcentre(a: Point, b: Point, c: Point) -> Point:
    """The point equally far from all corners of a triangle: where two side bisectors meet."""
    first, second = midpoint(a, b), midpoint(a, c)
    return meeting(first, first + (b - a) * 1j, second, second + (c - a) * 1j)


def incentre(a: Point, b: Point, c: Point) -> Point:
    """The point equally far from all sides: the corners, weighted by the sides opposite them."""
    facing = abs(b - c), abs(c - a), abs(a - b)
    return (facing[0] * a + facing[1] * b + facing[2] * c) / sum(facing)


def bisector_end(a: Point, b: Point, c: Point) -> Point:
    """Where the bisector of the angle at `a` meets the side `b c`, which it divides as ab : ac."""
    return (b * abs(c - a) + c * abs(b - a)) / (abs(b - a) + abs(c - a))
