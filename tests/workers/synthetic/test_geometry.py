from __future__ import annotations

import json
import re

import numpy as np
import pytest
from PIL import Image

from schemas.figures import FIGURE_KINDS, FigureKind, GeometrySource
from tests.many import few
from tests.workers.synthetic.test_tables import chance, is_framed
from workers.synthetic.drawn import Drawn
from workers.synthetic.geometry import drawing as geometry
from workers.synthetic.geometry.layout import GRID
from workers.synthetic.sheets import picture, sheet
from workers.text.signatures import image_hash

EACH = few(8, of=20)
PLACE = re.compile(r"\((-?[0-9.]+), (-?[0-9.]+)\)")


@pytest.fixture(scope="module")
def drawn() -> dict[FigureKind, list[Drawn]]:
    return {
        kind: [
            geometry.draw(chance(seed), GeometrySource(geometry=1, kinds=kind, mark_share=0.8))
            for seed in range(EACH)
        ]
        for kind in FIGURE_KINDS
    }


def places(text: str) -> list[complex]:
    return [complex(float(x), float(y)) for x, y in PLACE.findall(text)]


def named(entries: list[str]) -> dict[str, complex]:
    return {entry.split(": ")[0]: places(entry)[0] for entry in entries}


def all_points(description: dict[str, dict[str, list[str]]]) -> dict[str, complex]:
    points = named(description.get("Line", {}).get("line_endpoint", []))
    points |= named(description.get("Point", {}).get("point", []))
    points |= named(description.get("Circle", {}).get("circle_center", []))
    points.pop("", None)
    return points


def is_inked(drawing: Image.Image, at: np.ndarray) -> np.ndarray:
    """Whether the pixels under these places, in thousandths, are nearer to ink than to paper."""
    grey = np.asarray(drawing.convert("L"), np.float64)
    contrast = np.abs(grey - grey[0, 0])
    x, y = (np.floor(part / GRID * drawing.width).astype(int) for part in (at.real, at.imag))
    # A line of less than two pixels may lie half in each of two rows.
    steps = ((0, 0), (0, -1), (-1, 0), (0, 1), (1, 0))
    near = [contrast[y + down, x + right] for down, right in steps]
    return np.max(near, axis=0) > 0.4 * contrast.max()


@pytest.mark.parametrize("kind", FIGURE_KINDS)
def test_what_is_told_lies_on_the_pixels(
    drawn: dict[FigureKind, list[Drawn]], kind: FigureKind
) -> None:
    for each in drawn[kind]:
        description = json.loads(each.text)
        lines = description.get("Line", {"line": [], "line_type": []})
        for line, line_type in zip(lines["line"], lines["line_type"], strict=True):
            start, end = places(line)
            along = np.linspace(start, end, round(abs(end - start)))[1:-1]
            share = is_inked(each.picture, along).mean()
            assert share == 1 if line_type == "solid" else 0.4 < share < 0.95
        circles = description.get("Circle", {"circle_center": [], "radius": []})
        for centre, radius in zip(circles["circle_center"], circles["radius"], strict=True):
            ring = places(centre)[0] + radius * np.exp(2j * np.pi * np.arange(720) / 720)
            assert is_inked(each.picture, ring).all()
        assert is_inked(each.picture, np.array(list(all_points(description).values()))).all()
        pixels = np.asarray(each.picture.convert("L"))
        assert (np.abs(pixels.astype(int) - pixels[0, 0]) > 40).mean() < 0.1
        assert is_framed(each.picture)


@pytest.mark.parametrize("kind", FIGURE_KINDS)
def test_marks_say_what_is_so(drawn: dict[FigureKind, list[Drawn]], kind: FigureKind) -> None:
    for each in drawn[kind]:
        description = json.loads(each.text)
        points = all_points(description)
        for arm, vertex, other in description.get("Mark", {}).get("right_angle", []):
            first, second = points[arm] - points[vertex], points[other] - points[vertex]
            cosine = (first * second.conjugate()).real / abs(first) / abs(second)
            assert abs(cosine) < 0.005
        for group in description.get("Mark", {}).get("equal_length", []):
            assert len(group) > 1
            lengths = [abs(points[a] - points[b]) for a, b in group]
            assert max(lengths) - min(lengths) < 0.5


def test_labels_hide_nothing_and_name_every_point() -> None:
    settings = GeometrySource(geometry=1, mark_share=1)
    for seed in range(few(20, of=60)):
        size = 40.0
        scene = geometry.compose(chance(seed), settings, "tiit", size)
        ink, paper = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
        with sheet(600, 600, paper) as page:
            geometry.ink_strokes(chance(seed), page, scene, ink)
            strokes = np.asarray(picture(page, 1).convert("L")) < 250
        with sheet(600, 600, paper) as page:
            geometry.write_labels(page, scene.labels, "tiit", size, ink)
            letters = np.asarray(picture(page, 1).convert("L")) < 250
            words = page.get_text("words")
        assert not (strokes & letters).any()
        assert sorted(word[4] for word in words) == sorted(scene.figure.points)
        # A column of pixels more all around, so that letters and strokes do not even touch.
        wide = letters[:-2] | letters[1:-1] | letters[2:]
        assert not (strokes[1:-1, 1:-1] & (wide[:, :-2] | wide[:, 2:])).any()
        for label in scene.labels:
            own = scene.figure.points[label.text]
            others = [place for place in scene.figure.points.values() if place != own]
            assert all(abs(label.centre - own) < abs(label.centre - other) for other in others)
        boxes = [(lab.centre, lab.width, lab.height) for lab in scene.labels]
        for (a, wide_a, high_a), (b, wide_b, high_b) in (
            pair for place in range(len(boxes)) for pair in
            ((boxes[place], later) for later in boxes[place + 1 :])
        ):  # fmt: skip
            gap = a - b
            assert abs(gap.real) > (wide_a + wide_b) / 2 or abs(gap.imag) > (high_a + high_b) / 2


def test_the_same_chance_gives_the_same_bytes_and_no_two_look_alike(
    drawn: dict[FigureKind, list[Drawn]],
) -> None:
    hashes = [image_hash(each.picture.convert("L")) for kind in drawn.values() for each in kind]
    assert len(set(hashes)) == len(hashes)
    for kind, seed in (("circle", 0), ("triangle", 3)):
        settings = GeometrySource(geometry=1, kinds=kind, mark_share=0.8)
        again = geometry.draw(chance(seed), settings)
        assert again.picture.tobytes() == drawn[kind][seed].picture.tobytes()
        assert again.text == drawn[kind][seed].text


def test_keys_are_those_that_the_released_scripts_read(
    drawn: dict[FigureKind, list[Drawn]],
) -> None:
    for each in (one for kind in drawn.values() for one in kind):
        description = json.loads(each.text)
        assert description.keys() <= {"Line", "Circle", "Point", "Mark"}
        assert all(" -- " in line for line in description.get("Line", {}).get("line", []))
        assert [block.label for block in each.blocks] == ["geometry"]
        for keys in description.values():
            assert all(keys.values())
        values = [part for entry in re.findall(PLACE, each.text) for part in entry]
        assert all(0 < float(value) < GRID for value in values)
    dashed = sum("dashed" in each.text for kind in drawn.values() for each in kind)
    assert dashed > 0
