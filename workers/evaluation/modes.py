"""Modes for engines that see pixels: how large a page is, and what it would cost DeepSeek-OCR.

A page image is brought to the longest edge of the mode (both ways, bicubic, as DeepSeek-OCR's own
code does), and keeps its aspect. In Base and Large that is what DeepSeek-OCR does, padding apart,
which is nothing to read. In Tiny and Small it makes a square of the page: its patches see letters
that are too wide, which it was trained on, and an engine for lines of text was not. So there an
engine sees fewer pixels of a page than DeepSeek-OCR, of an A4 page 0.71 of them. In Gundam a page
is as large as its tiles together allow.

A model that has modes of its own is not asked here: it reads in its own modes, and its readings
say what they cost.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from schemas.errors import RequestError
from schemas.tokens import closest_grid
from workers.engines.profiles.deepseek import DEEPSEEK_OCR
from workers.engines.profiles.profile import Mode

PIXEL_ENGINES = ("rapidocr", "ppocr")
"""The engines that see pixels and have no modes."""

_TILES = {"gundam": 640, "gundam-m": 1024}
_MOST_TILES = 6


@dataclass(frozen=True, slots=True)
class PixelMode:
    """One of DeepSeek-OCR's modes, for an engine that sees pixels."""

    name: str

    @property
    def _mode(self) -> Mode:
        return next(mode for mode in DEEPSEEK_OCR.modes if mode.name == self.name)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of a page image in this mode; its aspect stays."""
        tile_px = _TILES.get(self.name)
        side_px = int(self._mode.image_settings["base_size"])
        box = (side_px, side_px)
        if tile_px is not None and max(width, height) > tile_px:
            grid = closest_grid(width, height, tile_px, 2, _MOST_TILES)
            box = (grid.columns * tile_px, grid.rows * tile_px)
        scale = min(box[0] / width, box[1] / height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def vision_tokens(self, width: int, height: int) -> int:
        """Vision tokens of a page in this mode, those of padding not counted."""
        assert self._mode.tokens is not None  # all modes of DeepSeek-OCR have a formula
        return self._mode.tokens(width, height).valid

    def picture(self, page: Image.Image) -> Image.Image:
        """The page as the engine sees it."""
        size = self.size(*page.size)
        return page if size == page.size else page.resize(size, Image.Resampling.BICUBIC)


def pixel_modes(names: str) -> list[PixelMode]:
    """The modes in a list such as `tiny,base`, each once. Raises RequestError for another name."""
    known = [mode.name for mode in DEEPSEEK_OCR.modes]
    wanted = mode_names(names)
    for name in wanted:
        if name not in known:
            raise RequestError(f"mode {name!r} is none of {', '.join(known)}")
    return [PixelMode(name) for name in wanted]


def mode_names(names: str) -> list[str]:
    """The names in a list with commas, each once. Raises RequestError for an empty list."""
    wanted = list(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    if not wanted:
        raise RequestError(f"--modes {names!r} names no mode; give some, as tiny,small,base")
    return wanted
