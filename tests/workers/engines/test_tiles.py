"""Tiles cover the page, and each line belongs to one of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.engines.tiles import MAX_WHOLE_PX, tiles_of


def striped(height: int, width: int, period: int = 40) -> np.ndarray:
    """Rows of marks 20 px high, 20 px apart."""
    image = np.full((height, width, 3), 255, np.uint8)
    for top in range(0, height, period):
        image[top : top + period // 2, ::2] = 0
    return image


def corners(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def test_a_page_of_usual_size_is_one_tile() -> None:
    image = striped(1280, 990)
    [tile] = tiles_of(image)
    assert tile.pixels is image
    assert tile.owns(corners(-5, -5, 2, 2))


def test_a_strip_is_cut_between_its_rows() -> None:
    tiles = tiles_of(striped(14_000, 900))
    assert len(tiles) > 3
    for above, below in pairwise(tiles):
        assert above.end == below.start
        assert above.end % 40 >= 20
        assert max(above.pixels.shape) <= 2000


def test_a_wide_page_is_cut_across() -> None:
    tiles = tiles_of(striped(900, 14_000))
    assert len(tiles) > 3
    assert sum(tile.pixels.shape[1] for tile in tiles) == 14_000


@settings(deadline=None, max_examples=30)
@given(
    st.integers(MAX_WHOLE_PX + 1, 9000),
    st.integers(50, 2000),
    st.lists(st.tuples(st.floats(0, 1), st.integers(4, 60)), min_size=1, max_size=20),
)
def test_each_line_is_whole_in_the_one_tile_that_owns_it(
    height: int, width: int, lines: list[tuple[float, int]]
) -> None:
    tiles = tiles_of(striped(height, width))
    for share, line_height in lines:
        top = share * (height - line_height)
        owners = [
            tile
            for tile in tiles
            if tile.owns(corners(0, top - tile.top, 9, top + line_height - tile.top))
        ]
        [owner] = owners
        assert owner.top <= top + 1
        assert top + line_height <= owner.top + owner.pixels.shape[0] + 1


@pytest.mark.parametrize("size", [(3000, 4), (4, 3000)])
def test_odd_shapes_have_tiles(size: tuple[int, int]) -> None:
    assert tiles_of(np.zeros((*size, 3), np.uint8))
