"""The vision-token formulas of all modes. Pure.

Each formula counts as the image processor of the family's checkpoints; the tests compare with them.
All sizes are in pixels, width before height.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

ReferenceMode = Literal["base", "large"]


class VisionTokens(NamedTuple):
    """The tokens of a page image.

    `placeholders` are the image tokens in the prompt, as the checkpoint's processor makes them.
    `valid` are the tokens of the page itself, without padding, row breaks and separators;
    `vision_tokens` and `compression` count these.
    """

    placeholders: int
    valid: int


class Grid(NamedTuple):
    """The columns and rows of tiles that a page is cut into."""

    columns: int
    rows: int

    @property
    def tiles(self) -> int:
        """The number of tiles."""
        return self.columns * self.rows


_TOKENS_OF_MODE: dict[str, int] = {
    "base": 256,  # (1024 / 16 / 4)^2: patch 16, then a 4 x 4 compressor
    "large": 400,  # (1280 / 16 / 4)^2
}


def reference_vision_tokens(mode: ReferenceMode, width: int, height: int) -> int:
    """Valid vision tokens of a padded page image: ceil(N (1 - (max - min) / max)).

    >>> reference_vision_tokens("base", 1000, 1000)
    256
    """
    return _not_padding(_TOKENS_OF_MODE[mode], width, height)


def closest_grid(width: int, height: int, tile_px: int, fewest: int, most: int) -> Grid:
    """The grid of `fewest` to `most` tiles whose aspect ratio is closest to the page's.

    This is the tiling of InternVL 1.5 (arXiv 2404.16821), which DeepSeek-OCR and GOT-OCR also use.
    On a tie it takes the larger grid if the page fills half of it.

    >>> closest_grid(1191, 1684, 640, 2, 6)
    Grid(columns=2, rows=3)
    """
    grids = [Grid(c, r) for c in range(1, most + 1) for r in range(1, most + 1)]
    aspect, area = width / height, width * height
    best, best_difference = Grid(1, 1), math.inf
    for grid in sorted((g for g in grids if fewest <= g.tiles <= most), key=lambda g: g.tiles):
        difference = abs(aspect - grid.columns / grid.rows)
        fills_half = area > 0.5 * tile_px * tile_px * grid.tiles
        if difference < best_difference or (difference == best_difference and fills_half):
            best, best_difference = grid, difference
    return best


def deepseek_squeezed(side_px: int, width: int, height: int) -> VisionTokens:
    """DeepSeek-OCR Tiny (512) and Small (640): the page is squeezed into a square."""
    tokens = _queries(side_px) ** 2
    return VisionTokens(_view_placeholders(side_px), tokens)


def deepseek_padded(side_px: int, width: int, height: int) -> VisionTokens:
    """DeepSeek-OCR Base (1024) and Large (1280): the page is padded to a square.

    arXiv 2510.18234, section 3.2.2, equation 1.

    >>> deepseek_padded(1024, 1191, 1684)
    VisionTokens(placeholders=273, valid=182)
    """
    tokens = _queries(side_px) ** 2
    return VisionTokens(_view_placeholders(side_px), _not_padding(tokens, width, height))


def deepseek_tiled(
    tile_px: int, side_px: int, most_tiles: int, width: int, height: int
) -> VisionTokens:
    """DeepSeek-OCR Gundam (640 + 1024), Gundam-M (1024 + 1280): tiles and a padded global view.

    As in the paper, n t + g tokens are valid: the padding of the global view is not subtracted. One
    token ends each row of the joined tiles and of the view, and one token separates the two.

    >>> deepseek_tiled(640, 1024, 6, 1191, 1684)
    VisionTokens(placeholders=903, valid=856)
    """
    tile, view = _queries(tile_px), _queries(side_px)
    grid = _tiles_if_larger(tile_px, most_tiles, width, height)
    if grid is None:
        return VisionTokens(_view_placeholders(side_px), view**2)
    tiles = (grid.rows * tile) * (grid.columns * tile + 1)
    return VisionTokens(tiles + _view_placeholders(side_px), grid.tiles * tile**2 + view**2)


def deepseek2(tile_px: int, side_px: int, most_tiles: int, width: int, height: int) -> VisionTokens:
    """DeepSeek-OCR-2: t for each tile, g for the global view, one separator.

    The tokens are learned queries (arXiv 2601.20552) that read the whole view, so none is padding
    and there are no row breaks. With `most_tiles` 0 there is only the global view.

    >>> deepseek2(768, 1024, 6, 905, 1280)
    VisionTokens(placeholders=1121, valid=1120)
    """
    grid = _tiles_if_larger(tile_px, most_tiles, width, height) if most_tiles else None
    tokens = (grid.tiles if grid else 0) * _queries(tile_px) ** 2 + _queries(side_px) ** 2
    return VisionTokens(tokens + 1, tokens)


def got_squeezed(width: int, height: int) -> VisionTokens:
    """GOT-OCR 2: the page is squeezed into 1024 x 1024 pixels, 256 tokens (arXiv 2409.01704)."""
    return VisionTokens(256, 256)


def got_tiled(most_tiles: int, width: int, height: int) -> VisionTokens:
    """GOT-OCR 2 in tiles of 1024 pixels, with a view of the whole page if there are several."""
    tiles = closest_grid(width, height, 1024, 1, most_tiles).tiles
    tokens = 256 * (tiles + (tiles > 1))
    return VisionTokens(tokens, tokens)


def idefics3_tiled(longest_edge_px: int, width: int, height: int) -> VisionTokens:
    """Idefics3 (granite-docling-258M): tiles of 512 pixels and a view of the whole, 64 tokens each.

    The page is scaled so that its longest edge is `longest_edge_px`, then both sides are stretched
    to whole tiles (arXiv 2408.12637). A page of one tile has no other view.

    >>> idefics3_tiled(2048, 905, 1280)
    VisionTokens(placeholders=832, valid=832)
    """
    longest, shortest = max(width, height), min(width, height)
    # The processor rounds the short side down, then up to an even number, then both to tiles.
    short_px = int(longest_edge_px * (shortest / longest))
    short_px = max(short_px + short_px % 2, 1)
    long_tiles = math.ceil(longest_edge_px / 512)
    short_tiles = math.ceil(int(long_tiles * 512 * (short_px / longest_edge_px)) / 512)
    tiles = long_tiles * short_tiles
    tokens = 64 * (tiles + (tiles > 1))
    return VisionTokens(tokens, tokens)


def pixtral(longest_edge_px: int, width: int, height: int) -> VisionTokens:
    """LightOnOCR: patches of 14 pixels, merged two by two; an odd last row or column is dropped.

    A page larger than `longest_edge_px` is reduced to it, rounded down, then up to whole patches.
    A strip with a single row of patches therefore has no token.

    >>> pixtral(1540, 1088, 1540)
    VisionTokens(placeholders=2145, valid=2145)
    """
    ratio = max(width / longest_edge_px, height / longest_edge_px, 1.0)
    if ratio > 1:
        width, height = math.floor(width / ratio), math.floor(height / ratio)
    tokens = (math.ceil(width / 14) * 14 // 28) * (math.ceil(height / 14) * 14 // 28)
    return VisionTokens(tokens, tokens)


def reduced(width: int, height: int, longest_edge_px: int) -> tuple[int, int]:
    """The size of a page image, reduced so that its longest edge is at most `longest_edge_px`."""
    scale = longest_edge_px / max(width, height)
    if scale >= 1:
        return width, height
    return max(round(width * scale), 1), max(round(height * scale), 1)


def qwen(
    fewest_px: float, most_px: float, width: int, height: int, side_px: int = 28
) -> VisionTokens:
    """Qwen2-VL and related models: patches of 14 pixels, merged two by two: a token is 28 x 28.

    Both sides become multiples of 28, with an area of `fewest_px` to `most_px` pixels and nearly
    the same aspect ratio (arXiv 2409.12191). From Qwen3-VL on, patches have 16 pixels: `side_px`,
    the side of a token, is 32.

    >>> qwen(56 * 56, 28 * 28 * 1280, 911, 1288)
    VisionTokens(placeholders=1260, valid=1260)
    """
    tokens = _whole_tokens(side_px, fewest_px, most_px, width, height).tiles
    return VisionTokens(tokens, tokens)


def qwen_picture(fewest_px: float, most_px: float, width: int, height: int) -> tuple[int, int]:
    """The size of the picture that a model sees whose tokens `qwen` counts.

    >>> qwen_picture(56 * 56, 28 * 28 * 1280, 911, 1288)
    (840, 1176)
    """
    grid = _whole_tokens(28, fewest_px, most_px, width, height)
    return 28 * grid.columns, 28 * grid.rows


def paddleocr_vl(fewest_px: int, most_px: int, width: int, height: int) -> VisionTokens:
    """PaddleOCR-VL: like `qwen`, but a side below 28 pixels is first enlarged to 28."""
    if height < 28:
        width, height = round(width * 28 / height), 28
    if width < 28:
        width, height = 28, round(height * 28 / width)
    return qwen(fewest_px, most_px, width, height)


def glm(fewest_px: int, most_px: int, width: int, height: int) -> VisionTokens:
    """GLM-OCR: like `qwen`, with the area counted twice: a still image has two frames."""
    if min(width, height) < 28:
        scale = max(28 / height, 28 / width)
        width, height = int(width * scale), int(height * scale)
    return qwen(fewest_px / 2, most_px / 2, width, height)


def hunyuan(fewest_px: int, most_px: int, width: int, height: int) -> VisionTokens:
    """HunyuanOCR: like `qwen` with patches of 16 pixels, so a token is 32 x 32 (arXiv 2511.19575).

    One token more ends each row, one begins the page, and one ends it.

    >>> hunyuan(512 * 512, 2048 * 2048, 905, 1280)
    VisionTokens(placeholders=1162, valid=1120)
    """
    grid = _whole_tokens(32, fewest_px, most_px, width, height)
    return VisionTokens(grid.tiles + grid.rows + 2, grid.tiles)


def qianfan_tiled(fewest_tiles: int, most_tiles: int, width: int, height: int) -> VisionTokens:
    """Qianfan-OCR: tiles of 448 pixels and a view of the whole, 256 tokens each (arXiv 2603.13398).

    A page of one tile has no other view.

    >>> qianfan_tiled(1, 12, 905, 1280)
    VisionTokens(placeholders=1792, valid=1792)
    """
    tiles = closest_grid(width, height, 448, fewest_tiles, most_tiles).tiles
    tokens = 256 * (tiles + (tiles > 1))
    return VisionTokens(tokens, tokens)


def _whole_tokens(side_px: int, fewest_px: float, most_px: float, width: int, height: int) -> Grid:
    """The tokens of a page whose sides become multiples of `side_px`, as in Qwen2-VL."""
    columns, rows = round(width / side_px), round(height / side_px)
    if columns * rows * side_px**2 > most_px:
        shrink = math.sqrt(width * height / most_px)
        columns = max(1, math.floor(width / shrink / side_px))
        rows = max(1, math.floor(height / shrink / side_px))
    elif columns * rows * side_px**2 < fewest_px:
        enlarge = math.sqrt(fewest_px / (width * height))
        columns = math.ceil(width * enlarge / side_px)
        rows = math.ceil(height * enlarge / side_px)
    return Grid(columns, rows)


def _queries(side_px: int) -> int:
    """The tokens along a side of a square view: patches of 16 pixels, compressed four to one."""
    return side_px // 16 // 4


def _view_placeholders(side_px: int) -> int:
    """The placeholders of DeepSeek-OCR's square view: one more ends each row, and one the view."""
    queries = _queries(side_px)
    return queries * (queries + 1) + 1


def _tiles_if_larger(tile_px: int, most: int, width: int, height: int) -> Grid | None:
    """The tiles of a page, or None if the page fits into one."""
    if max(width, height) <= tile_px:
        return None
    return closest_grid(width, height, tile_px, 2, most)


def _not_padding(tokens: int, width: int, height: int) -> int:
    shortest, longest = sorted((width, height))
    return math.ceil(tokens * shortest / longest)
