"""Degraded pages: nothing leaves the page, boxes follow the ink, and the same draw is the same."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from schemas.degrade import LEVELS, Degrade
from schemas.pages import Block
from workers.synthetic.degrade import Degraded, degrade, degrade_drawn
from workers.synthetic.drawn import Drawn

SIZE = (240, 320)
HEAVY = Degrade.model_validate("heavy")


def page(*boxes: tuple[int, int, int, int], paper: str = "white") -> Image.Image:
    picture = Image.new("RGB", SIZE, paper)
    for box in boxes:
        picture.paste("black" if paper == "white" else "white", box)
    return picture


def chance(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def marked(picture: Image.Image) -> NDArray[np.bool_]:
    """Pixels that are nearer to black than to white: bool (height, width)."""
    return np.asarray(picture.convert("L")) < 128


def test_no_fault_leaves_the_page_as_it_is() -> None:
    drawn = page((20, 20, 200, 60))
    degraded = degrade(drawn, chance(), Degrade())
    assert degraded.picture.tobytes() == drawn.tobytes()
    assert degraded.placement.moved((0.1, 0.2, 0.3, 0.4)) == pytest.approx((0.1, 0.2, 0.3, 0.4))


@pytest.mark.parametrize("level", LEVELS)
def test_the_same_draw_is_the_same_page_on_every_machine(level: str) -> None:
    """The digests are those of the pinned Pillow and NumPy."""
    degraded = degrade(page((20, 20, 200, 60)), chance(), Degrade.model_validate(level)).picture
    again = degrade(page((20, 20, 200, 60)), chance(), Degrade.model_validate(level)).picture
    assert hashlib.sha256(degraded.tobytes()).digest() == hashlib.sha256(again.tobytes()).digest()
    other = degrade(page((20, 20, 200, 60)), chance(1), Degrade.model_validate(level)).picture
    assert degraded.size == other.size == SIZE
    assert degraded.tobytes() != other.tobytes()


@settings(max_examples=60)
@given(
    st.integers(0, 2**32),
    st.floats(0.5, 10),
    st.tuples(st.integers(0, 236), st.integers(0, 316)),
    st.tuples(st.integers(4, 240), st.integers(4, 320)),
)
def test_turned_ink_stays_on_the_page_and_in_its_box(
    seed: int, degrees: float, corner: tuple[int, int], size: tuple[int, int]
) -> None:
    """A page that is full to its edges is no exception."""
    (left, top), (wide, high) = corner, size
    right, bottom = min(left + wide, SIZE[0]), min(top + high, SIZE[1])
    turned = degrade(page((left, top, right, bottom)), chance(seed), Degrade(skew_degrees=degrees))
    box = (left / SIZE[0], top / SIZE[1], right / SIZE[0], bottom / SIZE[1])
    rows, columns = np.nonzero(marked(turned.picture))
    x0, y0, x1, y1 = turned.placement.moved(box)
    a, b = turned.placement.coefficients[:2]
    area = (right - left) * (bottom - top) * (a * a + b * b)
    edge = 2 * (right - left + bottom - top)
    # All the ink is there, but for the pixels that the edge runs through.
    assert abs(len(rows) - area) <= edge
    moved = np.array([x0 * SIZE[0], y0 * SIZE[1], x1 * SIZE[0], y1 * SIZE[1]])
    found = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    outside = (moved - found) * (1, 1, -1, -1)
    assert outside.max() <= 1
    if min(right - left, bottom - top) > 8:  # a sharp corner of a thin bar fades away
        assert outside.min() >= -3


def test_blocks_move_with_their_ink() -> None:
    block = Block("text", (20 / 240, 30 / 320, 200 / 240, 50 / 320), "a line")
    drawn = Drawn(page((20, 30, 200, 50), (20, 250, 200, 270)), "a line", (block,), 3)
    degraded = degrade_drawn(drawn, chance(), Degrade(skew_degrees=10))
    ink = marked(degraded.picture)
    ink[160:] = False  # the other line
    rows, columns = np.nonzero(ink)
    pixels = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    found = tuple(pixels / (*SIZE, *SIZE))
    assert degraded.blocks[0].bbox == pytest.approx(found, abs=0.01)
    assert degraded.blocks[0].bbox != pytest.approx(block.bbox, abs=0.01)
    assert (degraded.text, degraded.cleaned_chars) == ("a line", 3)


def only(degraded: Degraded) -> NDArray[np.float64]:
    return np.asarray(degraded.picture.convert("L"), dtype=np.float64)


def test_each_fault_does_what_it_is_called_for() -> None:
    drawn = page((60, 60, 180, 260))
    clean = np.asarray(drawn.convert("L"), dtype=np.float64)
    seeds = range(12)

    def made(fault: str, most: float) -> list[NDArray[np.float64]]:
        faults = Degrade.model_validate({fault: most})
        return [only(degrade(drawn, chance(seed), faults)) for seed in seeds]

    bled = made("bleed_px", 3)
    assert all((page <= clean).all() for page in bled)
    assert max((page < 128).sum() for page in bled) > (clean < 128).sum()
    ink = [page[160, 120] for page in made("fade", 0.5)]
    assert min(ink) < 30
    assert 90 < max(ink) <= 128
    light = [page[:50].min() for page in made("shadow", 0.5)]
    assert 126 <= min(light) < 220
    spread = [page[100:220, 80:160].std() for page in made("noise", 20)]
    assert 4 < max(spread) < 20
    assert max(np.abs(page - clean).max() for page in made("jpeg", 90)) > 20
    tinted = np.asarray(degrade(drawn, chance(), Degrade(tint=1)).picture)[0, 0]
    assert tinted[0] > tinted[1] > tinted[2]
    assert min(np.abs(np.diff(page[160])).max() for page in made("blur_px", 5)) < 200


def test_ink_is_the_lighter_colour_on_dark_paper() -> None:
    light, dark = (page((60, 60, 180, 260), paper=paper) for paper in ("white", "black"))
    faults = Degrade(bleed_px=3, fade=0.3, skew_degrees=3)
    one, other = (only(degrade(picture, chance(3), faults)) for picture in (light, dark))
    assert np.abs(one - (255 - other)).max() <= 6  # each step rounds


def test_a_fault_that_is_off_changes_no_other() -> None:
    drawn = page((60, 60, 180, 260))
    with_blur = degrade(drawn, chance(), Degrade(skew_degrees=5, blur_px=2))
    assert with_blur.placement == degrade(drawn, chance(), Degrade(skew_degrees=5)).placement


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (7, 7)])
def test_tiny_pages_are_pages_too(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, "white")
    picture.putpixel((0, 0), (0, 0, 0))
    assert degrade(picture, chance(), HEAVY).picture.size == size
