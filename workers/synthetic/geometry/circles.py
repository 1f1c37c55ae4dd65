"""Constructions about circles: chords, radii and tangents, and circles with each other."""

from __future__ import annotations

import math

from numpy.random import Generator

from workers.synthetic.geometry.figure import Figure, midpoint, unit
from workers.synthetic.sampling import happens, pick, shuffled, within


def circle(rng: Generator, figure: Figure) -> None:
    """A circle, and one or two constructions on it."""
    centre = figure.add(0j, "O")
    figure.circle(0j, 1 + 0j, centre)
    parts = shuffled(
        rng, (_radii, _diameter, _chord, _bisected_chord, _right_on_diameter, _tangent, _tangents)
    )
    for part in parts[: within(rng, (1, 2))]:
        part(rng, figure, centre)


def _on_circle(rng: Generator, figure: Figure, angles: list[float]) -> list[str]:
    return [figure.add(unit(angle), "ABCDEFGH") for angle in angles]


def _radii(rng: Generator, figure: Figure, centre: str) -> None:
    start = rng.uniform(0, 360)
    a, b = _on_circle(rng, figure, [start, start + rng.uniform(50, 140)])
    figure.join(a, centre, b)
    if happens(rng, 0.5):
        figure.join(a, b)


def _diameter(rng: Generator, figure: Figure, centre: str) -> None:
    start = rng.uniform(0, 360)
    figure.join(*_on_circle(rng, figure, [start, start + 180]))


def _chord(rng: Generator, figure: Figure, centre: str) -> None:
    start = rng.uniform(0, 360)
    figure.join(*_on_circle(rng, figure, [start, start + rng.uniform(60, 150)]))


def _bisected_chord(rng: Generator, figure: Figure, centre: str) -> None:
    start = rng.uniform(0, 360)
    a, b = _on_circle(rng, figure, [start, start + rng.uniform(90, 140)])
    figure.join(a, b)
    middle = figure.add(midpoint(figure.points[a], figure.points[b]), "MN")
    figure.join(centre, middle)
    figure.right_angles.append((centre, middle, b))
    figure.equals.append(((a, middle), (middle, b)))


def _right_on_diameter(rng: Generator, figure: Figure, centre: str) -> None:
    start = rng.uniform(0, 360)
    a, b, c = _on_circle(rng, figure, [start, start + 180, start + rng.uniform(50, 130)])
    figure.close([a, b, c])
    figure.right_angles.append((a, c, b))


def _tangent(rng: Generator, figure: Figure, centre: str) -> None:
    at = unit(rng.uniform(0, 360))
    touch = figure.add(at, "TP")
    ends = [figure.add(at + 1j * at * rng.uniform(0.6, 1.1) * way, "KLMN") for way in (-1, 1)]
    figure.join(*ends)
    figure.join(centre, touch)
    figure.right_angles.append((centre, touch, ends[1]))


def _tangents(rng: Generator, figure: Figure, centre: str) -> None:
    away, direction = rng.uniform(1.7, 2.4), unit(rng.uniform(0, 360))
    outside = figure.add(away * direction, "PS")
    half = math.degrees(math.acos(1 / away))
    a, b = (figure.add(direction * unit(way * half), "ABTU") for way in (1, -1))
    figure.join(a, outside, b)
    figure.equals.append(((outside, a), (outside, b)))
    if happens(rng, 0.6):
        figure.join(centre, a)
        figure.right_angles.append((centre, a, outside))
    if happens(rng, 0.5):
        figure.join(centre, outside, dashed=happens(rng, 0.5))


def circles(rng: Generator, figure: Figure) -> None:
    """Two circles: crossing, touching, or concentric."""
    sort = pick(rng, ("crossing", "touching", "concentric"))
    small = rng.uniform(0.45, 0.8)
    apart = {"crossing": rng.uniform(0.7, 0.9) * (1 + small), "touching": 1 + small}.get(sort, 0)
    first = figure.add(0j, "O")
    second = figure.add(complex(apart), "QP") if apart else first
    figure.circle(0j, 1 + 0j, first)
    figure.circle(complex(apart), complex(apart + small), second)
    if sort == "crossing":
        along = (apart**2 + 1 - small**2) / (2 * apart)
        across = math.sqrt(1 - along**2)
        a, b = (figure.add(complex(along, way * across), "AB") for way in (1, -1))
        figure.join(a, b, dashed=happens(rng, 0.3))
        if happens(rng, 0.6):
            figure.join(first, second)
        if happens(rng, 0.5):
            figure.join(first, a, second)
    elif sort == "touching":
        touch = figure.add(1 + 0j, "T")
        figure.join(first, second)
        if happens(rng, 0.6):
            ends = [figure.add(1 + 1j * way * rng.uniform(0.6, 1.0), "AB") for way in (1, -1)]
            figure.join(*ends)
            figure.right_angles.append((first, touch, ends[0]))
    else:
        half = math.sqrt(1 - small**2)
        a, b = (figure.add(complex(way * half, small), "AB") for way in (-1, 1))
        touch = figure.add(complex(0, small), "TM")
        figure.join(a, b)
        figure.join(first, touch)
        figure.right_angles.append((first, touch, b))
