"""DeepSeek-OCR's modes for engines that have none: a page's size and its cost in vision tokens.

A page image is scaled, up or down, to the mode's longest edge (bicubic, as in DeepSeek-OCR's own
code), and keeps its aspect:

- Base and Large: DeepSeek-OCR does the same, and adds padding, which holds no text.
- Tiny and Small: DeepSeek-OCR squeezes the page into a square, and was trained on the distorted
  letters. Engines for lines of text were not, so they get the undistorted page, which has fewer
  pixels: 0.71 of the square for an A4 page.
- Gundam: the page is as large as its tiles together allow.

A model with modes of its own is not concerned: its readings say what they cost.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from schemas.errors import RequestError
from schemas.tokens import closest_grid
from workers.engines.profiles.deepseek import DEEPSEEK_OCR
from workers.engines.profiles.profile import Mode

PIXEL_ENGINES = ("rapidocr", "ppocr")
"""The engines that read pixels and have no modes."""

_TILES = {"gundam": 640, "gundam-m": 1024}
_MOST_TILES = 6


@dataclass(frozen=True, slots=True)
class PixelMode:
    """One of DeepSeek-OCR's modes, for an engine that has none."""

    name: str

    @property
    def _mode(self) -> Mode:
        return next(mode for mode in DEEPSEEK_OCR.modes if mode.name == self.name)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of a page image in this mode; its aspect stays."""
        tile_px = _TILES.get(self.name)
        side_px = self._mode.image_settings["base_size"]
        assert isinstance(side_px, int)  # a number in all modes of DeepSeek-OCR
        box = (side_px, side_px)
        if tile_px is not None and max(width, height) > tile_px:
            grid = closest_grid(width, height, tile_px, 2, _MOST_TILES)
            box = (grid.columns * tile_px, grid.rows * tile_px)
        scale = min(box[0] / width, box[1] / height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def vision_tokens(self, width: int, height: int) -> int:
        """Vision tokens of a page in this mode, without those of padding."""
        assert self._mode.tokens is not None  # all modes of DeepSeek-OCR have a formula
        return self._mode.tokens(width, height).valid

    def picture(self, page: Image.Image) -> Image.Image:
        """The page at its size in this mode."""
        size = self.size(*page.size)
        return page if size == page.size else page.resize(size, Image.Resampling.BICUBIC)


def pixel_modes(names: str) -> list[PixelMode]:
    """The modes in a list such as `tiny,base`, each once. Raises RequestError for another name."""
    known = [mode.name for mode in DEEPSEEK_OCR.modes]
    unique = mode_names(names)
    for name in unique:
        if name not in known:
            raise RequestError(
                f"--modes: there is no mode {name!r}; choose from {', '.join(known)}"
            )
    return [PixelMode(name) for name in unique]


def mode_names(names: str) -> list[str]:
    """The names in a list with commas, each once. Raises RequestError for an empty list."""
    unique = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    if not unique:
        raise RequestError(f"--modes {names!r} names no mode; give some, as tiny,small,base")
    return unique
