"""Vision tokens of a page: known figures of the formulas, and properties at every size."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import tokens
from schemas.tokens import Grid, VisionTokens, closest_grid, reduced, reference_vision_tokens

sides = st.integers(min_value=1, max_value=10_000)
# `raster` accepts pages that are at most 20 times as long as wide.
pages = st.tuples(st.integers(20, 4000), st.floats(0.05, 20)).map(
    lambda page: (page[0], min(max(round(page[0] * page[1]), 1), 8000))
)

A4_AT_144_DPI = (1191, 1684)
FORMULAS: dict[str, Callable[[int, int], VisionTokens]] = {
    "deepseek tiny": partial(tokens.deepseek_squeezed, 512),
    "deepseek small": partial(tokens.deepseek_squeezed, 640),
    "deepseek base": partial(tokens.deepseek_padded, 1024),
    "deepseek large": partial(tokens.deepseek_padded, 1280),
    "deepseek gundam": partial(tokens.deepseek_tiled, 640, 1024, 6),
    "deepseek gundam-m": partial(tokens.deepseek_tiled, 1024, 1280, 6),
    "deepseek 2 base": partial(tokens.deepseek2, 768, 1024, 0),
    "deepseek 2 gundam": partial(tokens.deepseek2, 768, 1024, 6),
    "got": tokens.got_squeezed,
    "got tiles": partial(tokens.got_tiled, 12),
    "idefics3": partial(tokens.idefics3_tiled, 2048),
    "pixtral": partial(tokens.pixtral, 1540),
    "qwen": partial(tokens.qwen, 3136, 12_845_056),
    "paddleocr-vl": partial(tokens.paddleocr_vl, 147_384, 2_822_400),
    "hunyuan": partial(tokens.hunyuan, 512 * 512, 2048 * 2048),
    "qianfan": partial(tokens.qianfan_tiled, 1, 12),
    "glm": partial(tokens.glm, 12_544, 9_633_792),
}


@pytest.mark.parametrize(
    ("mode", "width", "height", "count"),
    [
        ("base", 1000, 1000, 256),
        ("large", 1000, 1000, 400),
        ("base", 500, 1000, 128),
        ("large", 905, 1280, 283),  # A4: ceil(400 x 0.70703)
        ("base", 1, 10_000, 1),
    ],
)
def test_tokens_of_known_sizes(mode, width, height, count) -> None:
    assert reference_vision_tokens(mode, width, height) == count


@given(st.sampled_from(["base", "large"]), sides, sides)
def test_padding_never_counts_and_turning_changes_nothing(mode, width, height) -> None:
    count = reference_vision_tokens(mode, width, height)
    assert count == reference_vision_tokens(mode, height, width)
    assert 1 <= count <= reference_vision_tokens(mode, 1, 1)


@pytest.mark.parametrize(
    ("formula", "placeholders", "valid"),
    [
        ("deepseek tiny", 73, 64),
        ("deepseek small", 111, 100),
        ("deepseek base", 273, 182),  # arXiv 2510.18234, table 1: 256 (182)
        ("deepseek large", 421, 283),
        ("deepseek gundam", 903, 856),  # 2 x 3 tiles: 273 + 30 x 21; 600 + 256
        ("deepseek gundam-m", 2005, 1936),  # 421 + 48 x 33; 6 x 256 + 400
        ("deepseek 2 base", 257, 256),
        ("deepseek 2 gundam", 1121, 1120),  # arXiv 2601.20552: at most 1,120
        ("hunyuan", 53 * 38 + 2, 53 * 37),  # 1,184 x 1,696 pixels
        ("qianfan", 7 * 256, 7 * 256),  # 2 x 3 tiles and the whole
    ],
)
def test_an_a4_page_costs_what_the_papers_say(formula, placeholders, valid) -> None:
    assert FORMULAS[formula](*A4_AT_144_DPI) == (placeholders, valid)


@pytest.mark.parametrize(
    ("width", "height", "most", "grid"),
    [
        (*A4_AT_144_DPI, 6, Grid(2, 3)),
        (1684, 1191, 6, Grid(3, 2)),
        (1000, 1000, 6, Grid(2, 2)),
        (100, 2000, 6, Grid(1, 6)),
        (1280, 1280, 9, Grid(2, 2)),  # 3 x 3 is just as square but would be less than half full
        (2000, 2000, 9, Grid(3, 3)),
    ],
)
def test_a_page_is_cut_into_tiles_of_its_own_shape(width, height, most, grid) -> None:
    assert closest_grid(width, height, 640, 2, most) == grid


@pytest.mark.parametrize("side", [1, 640])
def test_a_page_that_fits_one_tile_has_none(side) -> None:
    assert tokens.deepseek_tiled(640, 1024, 6, side, 640) == (273, 256)
    assert tokens.deepseek_tiled(640, 1024, 6, side, 641).placeholders > 273


@given(st.sampled_from(sorted(FORMULAS)), pages)
def test_no_token_stands_for_the_page_that_is_not_in_the_prompt(formula, page) -> None:
    placeholders, valid = FORMULAS[formula](*page)
    assert 0 <= valid <= placeholders
    # Some processors leave no token of a strip that is narrower than a token's patches.
    assert valid or (formula == "pixtral" and min(page) <= 14)


@given(pages, st.integers(2, 40))
def test_more_tiles_are_never_a_worse_fit(page, most) -> None:
    width, height = page

    def misfit(most: int) -> float:
        grid = closest_grid(width, height, 640, 2, most)
        assert 2 <= grid.tiles <= most
        return abs(width / height - grid.columns / grid.rows)

    assert misfit(most + 1) <= misfit(most)


@given(pages, st.sampled_from([12_544, 147_384]), st.sampled_from([1_003_520, 2_822_400]))
def test_qwen_keeps_to_its_area(page, fewest, most) -> None:
    count = tokens.qwen(fewest, most, *page).valid
    # A side of one token cannot shrink; the aspect ratio bounds the other side.
    assert fewest <= count * 784 <= max(most, 784 * 21 * 2)


@given(pages, st.integers(64, 4096))
def test_a_reduced_page_keeps_its_shape_and_is_never_enlarged(page, longest) -> None:
    width, height = reduced(*page, longest)
    assert max(width, height) == min(max(page), longest)
    assert abs(width * page[1] - height * page[0]) <= max(page)
