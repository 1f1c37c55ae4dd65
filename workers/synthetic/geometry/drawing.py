"""Draw a figure of plane geometry; the text is a JSON dictionary of what is on it.

The keys are those that DeepSeek-OCR's released scripts read (github.com/deepseek-ai/DeepSeek-OCR,
run_dpsk_ocr_image.py; arXiv 2510.18234), with others for what they have no key for:

    {"Line": {"line": ["(x, y) -- (x, y)", …],         each segment, end to end
              "line_type": ["solid" | "dashed", …],    of each, in the same order
              "line_endpoint": ["A: (x, y)", …]},      named points that end a segment
     "Circle": {"circle_center": ["O: (x, y)", …],     ": (x, y)" where the centre is not shown
                "radius": [r, …]},
     "Point": {"point": ["M: (x, y)", …]},             the other named points, but for centres
     "Mark": {"right_angle": ["ABC", …],               with the vertex in the middle
              "equal_length": [["AB", "CD"], …]}}      groups of pairs with as many ticks

A key without entries is left out. Coordinates are 0 to 999 of each side of the picture, as
the model's grounding counts, x to the right and y downwards, to one decimal; pictures are square,
so radii are in the same unit. The figure is drawn at the rounded places.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import NamedTuple

import pymupdf
from numpy.random import Generator

from schemas.errors import RecipeError
from schemas.figures import GeometrySource
from schemas.pages import Block
from workers.synthetic.drawn import Drawn
from workers.synthetic.geometry.figure import Figure, Point
from workers.synthetic.geometry.layout import (
    GRID,
    Label,
    Marks,
    is_legible,
    labels_of,
    marks_of,
    placed,
)
from workers.synthetic.geometry.shapes import construct
from workers.synthetic.sampling import happens, pick, within
from workers.synthetic.sheets import Colour, font, ink_box, picture, sheet

# Of 400 figures of each kind, one took 4 tries at most, and 1.1 on average.
_MAX_TRIES = 200
# The depth and height of capitals in ems, for all faces. The tail of Q is deeper: it reaches into
# the gap around labels.
_TAIL, _LETTER_HEIGHT = 0.08, 0.82
_FACES = ("tiit", "tiro", "tibo", "helv", "heit", "figo", "notos", "ubuntu")
_LIGHT: tuple[tuple[Colour, Colour], ...] = (
    *(((1, 1, 1), (0, 0, 0)),) * 4,
    ((1, 1, 1), (0.05, 0.15, 0.45)),
    ((0.98, 0.97, 0.93), (0.1, 0.1, 0.1)),
    ((0.95, 0.96, 0.98), (0.15, 0.15, 0.2)),
)
_DARK: tuple[tuple[Colour, Colour], ...] = (
    ((0.1, 0.12, 0.15), (0.92, 0.93, 0.95)),
    ((0.07, 0.2, 0.14), (0.96, 0.96, 0.92)),
)


class Scene(NamedTuple):
    """Everything that is drawn, in thousandths of the picture's side."""

    figure: Figure
    marks: Marks
    labels: tuple[Label, ...]


def draw(rng: Generator, settings: GeometrySource) -> Drawn:
    """A random figure of one of the settings' kinds."""
    face = pick(rng, _FACES)
    size = rng.uniform(34, 46)
    scene = compose(rng, settings, face, size)
    side = within(rng, settings.side_px)
    paper, ink = pick(rng, _DARK if happens(rng, settings.dark_share) else _LIGHT)
    with sheet(side, side, paper) as page:
        ink_strokes(rng, page, scene, ink)
        write_labels(page, scene.labels, face, size, ink)
        drawn = picture(page, 1)
    text = json.dumps(described(scene.figure, scene.marks))
    return Drawn(drawn, text, (Block("geometry", ink_box(drawn), text),))


def compose(rng: Generator, settings: GeometrySource, face: str, size: float) -> Scene:
    """The first legible figure of a random kind. `size` of the labels is in thousandths.

    Raises RecipeError where no try gives a legible figure.
    """
    kind = pick(rng, settings.kinds)
    is_marked = happens(rng, settings.mark_share)
    for _ in range(_MAX_TRIES):
        figure = placed(rng, construct(rng, kind))
        if not is_legible(figure):
            continue
        marks = marks_of(figure) if is_marked else Marks()
        labels = labels_of(figure, marks, functools.partial(_letter_size, face, size))
        if labels is not None:
            return Scene(figure, marks, labels)
    raise RecipeError(
        f"source `geometry`: no legible {kind} in {_MAX_TRIES} tries; remove it from `kinds`"
    )


def described(figure: Figure, marks: Marks) -> dict[str, dict[str, Sequence[object]]]:
    """The figure as the dictionary that the module describes."""
    places = figure.points
    ends = {name for segment in figure.segments for name in segment[:2]}
    centres = {circle.centre_name for circle in figure.circles}
    lines = [f"{_at(places[s.start])} -- {_at(places[s.end])}" for s in figure.segments]
    sections: dict[str, dict[str, Sequence[object]]] = {
        "Line": {
            "line": lines,
            "line_type": ["dashed" if s.dashed else "solid" for s in figure.segments],
            "line_endpoint": [f"{name}: {_at(places[name])}" for name in places if name in ends],
        },
        "Circle": {
            "circle_center": [f"{c.centre_name}: {_at(c.centre)}" for c in figure.circles],
            "radius": [circle.radius for circle in figure.circles],
        },
        "Point": {
            "point": [
                f"{name}: {_at(place)}"
                for name, place in places.items()
                if name not in ends | centres
            ]
        },
        "Mark": {
            "right_angle": ["".join(names) for names in marks.right_angles],
            "equal_length": [["".join(pair) for pair in group] for group in marks.equals],
        },
    }
    filled = {
        section: {key: entries for key, entries in keys.items() if entries}
        for section, keys in sections.items()
    }
    return {section: keys for section, keys in filled.items() if keys}


def _at(place: Point) -> str:
    return f"({place.real}, {place.imag})"


def _letter_size(face: str, size: float, letter: str) -> tuple[float, float]:
    return float(font(face).text_length(letter, size)), _LETTER_HEIGHT * size


def ink_strokes(rng: Generator, page: pymupdf.Page, scene: Scene, ink: Colour) -> None:
    """Draw everything but the labels."""
    figure, scale = scene.figure, page.rect.width / GRID
    width = max(1.4, page.rect.width * rng.uniform(0.0022, 0.005))
    shape = page.new_shape()
    for segment in figure.segments:
        ends = (figure.points[name] * scale for name in segment[:2])
        shape.draw_line(*(pymupdf.Point(end.real, end.imag) for end in ends))
        dashes = f"[{4 * width:.2f} {3 * width:.2f}] 0" if segment.dashed else None
        cap = 0 if segment.dashed else 1
        # Left open: a closed path would have no ends for caps, and notches at its corners.
        shape.finish(color=ink, width=width, dashes=dashes, lineCap=cap, closePath=False)
    for circle in figure.circles:
        centre = circle.centre * scale
        shape.draw_circle((centre.real, centre.imag), circle.radius * scale)
        shape.finish(color=ink, width=width)
    for chain in scene.marks.strokes:
        shape.draw_polyline([((p * scale).real, (p * scale).imag) for p in chain])
        shape.finish(color=ink, width=max(1.2, 0.8 * width), closePath=False)
    has_dots = happens(rng, 0.6)
    ended = {name for segment in figure.segments for name in segment[:2]}
    for name, place in figure.points.items():
        # Without a dot, a point that ends no segment would not be seen.
        if has_dots or name not in ended:
            shape.draw_circle(((place * scale).real, (place * scale).imag), 1.8 * width)
            shape.finish(color=None, fill=ink, width=0)
    shape.commit()


def write_labels(
    page: pymupdf.Page, labels: tuple[Label, ...], face: str, size: float, ink: Colour
) -> None:
    """Draw the labels."""
    scale = page.rect.width / GRID
    writer = pymupdf.TextWriter(page.rect)
    letters = font(face)
    for label in labels:
        left = label.centre.real - label.width / 2
        baseline = label.centre.imag + label.height / 2 - _TAIL * size
        writer.append((left * scale, baseline * scale), label.text, letters, size * scale)
    writer.write_text(page, color=ink)
