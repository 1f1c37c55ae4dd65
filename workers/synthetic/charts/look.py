"""How a chart looks: size, font, colours, lines; and how wide its words are.

Fonts are files that come with matplotlib, so that what is installed on a machine never changes a
picture. Sizes are in pixels.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import Literal

import numpy as np

from schemas.charts import ChartSource
from workers.synthetic.charts.fonts import text_width

LEAST_EDGE_PX = 340


@dataclass(frozen=True, slots=True)
class Font:
    """A family and its files, as matplotlib names them."""

    family: str
    regular: str
    bold: str


FONTS = (
    Font("DejaVu Sans", "DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    Font("DejaVu Serif", "DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"),
    Font("DejaVu Sans Mono", "DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf"),
    Font("STIXGeneral", "STIXGeneral.ttf", "STIXGeneralBol.ttf"),
)
_FONT_SHARES = (0.5, 0.2, 0.05, 0.25)

_PALETTES = tuple(
    tuple("#" + colour for colour in line.split())
    for line in (
        "3b6fb6 e07b39 4c9f70 c44e52 8172b2 937860 d98cb3 7f7f7f",
        "264653 2a9d8f e9c46a f4a261 e76f51 8ab17d 6d597a b56576",
        "003f5c bc5090 ffa600 58508d ff6361 2f9599 9a8c98 4a4e69",
        "1b7837 762a83 d8a31a 2c7fb8 d7301f 6a6a6a 41ab5d fd8d3c",
        "4e79a7 f28e2b e15759 76b7b2 59a14f edc948 b07aa1 9c755f",
        "5d8aa8 c0504d 9bbb59 8064a2 4bacc6 f79646 2c4d75 772c2a",
        "0072b2 e69f00 009e73 d55e00 cc79a7 56b4e9 b8a600 333333",
        "6b8e23 b8860b 4682b4 a0522d 708090 8b008b 2e8b57 cd5c5c",
    )
)
# paper, plot, ink, grid
_LIGHT = (
    ("#ffffff", "#ffffff", "#1a1a1a", "#cccccc"),
    ("#ffffff", "#f2f4f8", "#22303c", "#c3cad4"),
    ("#fbf8f1", "#fbf8f1", "#2b2620", "#d3cbbb"),
    ("#f3f6f9", "#ffffff", "#1f2933", "#ccd3da"),
    ("#ffffff", "#eaeaf2", "#262626", "#b9b9c6"),
    ("#fdf1e6", "#fff9f2", "#33261a", "#dccbb8"),
    ("#eef5ee", "#f8fcf8", "#1e2b1f", "#bfd0c0"),
)
_DARK = (
    ("#1e1e1e", "#1e1e1e", "#eaeaea", "#666666"),
    ("#0f172a", "#16213a", "#e2e8f0", "#55668a"),
    ("#222b33", "#2a343d", "#f0f0e8", "#67757f"),
    ("#000000", "#000000", "#ffffff", "#666666"),
)


@dataclass(frozen=True, slots=True)
class Look:
    """The appearance of one chart; colours are `#rrggbb`."""

    width: int
    height: int
    font: Font
    font_px: float
    title_px: float
    is_title_bold: bool
    title_place: Literal["left", "center"]
    paper: str
    plot: str
    ink: str
    grid: str
    palette: tuple[str, ...]
    outline_px: float
    line_px: float
    line_dashes: tuple[tuple[int, int], ...]
    marks: tuple[str, ...]
    mark_px: float
    bar_share: float
    spines: Literal["box", "corner", "base", "none"]
    has_ticks: bool
    has_grid: bool
    legend: Literal["right", "top"]
    hole_share: float

    @property
    def pad_px(self) -> float:
        """The empty margin along the picture's edges."""
        return 1.1 * self.font_px

    def width_of(self, text: str, px: float | None = None, is_bold: bool = False) -> float:
        """The width of a line of text, in size `px` or else `font_px`."""
        file = self.font.bold if is_bold else self.font.regular
        return text_width(file, text) * (self.font_px if px is None else px)

    def wrap(self, text: str, room_px: float, px: float, is_bold: bool = False) -> tuple[str, ...]:
        """`text` in lines of at most `room_px`, broken at spaces; a long word stays whole."""
        lines: list[str] = []
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.width_of(longer, px, is_bold) <= room_px:
                lines[-1] = longer
            else:
                lines.append(word)
        return tuple(lines)


def sample_look(rng: np.random.Generator, settings: ChartSource) -> Look:
    """A random look of a size within the settings; no side is shorter than `LEAST_EDGE_PX`."""
    width, height = _size(rng, settings)
    font_px = float(np.clip(np.sqrt(width * height) * rng.uniform(0.018, 0.026), 11, 24))
    is_dark = rng.random() < 0.2
    themes = _DARK if is_dark else _LIGHT
    paper, plot, ink, grid = themes[rng.integers(len(themes))]
    return Look(
        width=width,
        height=height,
        font=FONTS[rng.choice(len(FONTS), p=_FONT_SHARES)],
        font_px=round(font_px, 1),
        title_px=round(font_px * rng.uniform(1.15, 1.5), 1),
        is_title_bold=bool(rng.random() < 0.5),
        title_place="center" if rng.random() < 0.6 else "left",
        paper=paper,
        plot=plot,
        ink=ink,
        grid=grid,
        palette=_palette(rng, is_dark),
        outline_px=float(rng.choice((0.0, 0.0, 0.8, 1.5))),
        line_px=round(font_px * rng.uniform(0.1, 0.24), 1),
        line_dashes=((1, 0),) if rng.random() < 0.6 else ((1, 0), (6, 3), (2, 2), (9, 3)),
        marks=_marks(rng),
        mark_px=round(font_px * rng.uniform(0.45, 0.7), 1),
        bar_share=round(float(rng.uniform(0.55, 0.9)), 2),
        spines=("box", "corner", "base", "none")[rng.integers(4)],
        has_ticks=bool(rng.random() < 0.5),
        has_grid=bool(rng.random() < 0.6),
        legend="right" if width > 1.2 * height and rng.random() < 0.6 else "top",
        hole_share=round(float(rng.uniform(0.4, 0.6)), 2) if rng.random() < 0.35 else 0.0,
    )


def _size(rng: np.random.Generator, settings: ChartSource) -> tuple[int, int]:
    least, most = settings.longest_edge_px
    longest = int(rng.integers(least, most, endpoint=True))
    aspect = float(np.exp(rng.uniform(*np.log(settings.aspect))))
    shortest = max(LEAST_EDGE_PX, round(longest / max(aspect, 1 / aspect)))
    return (longest, shortest) if aspect >= 1 else (shortest, longest)


def _marks(rng: np.random.Generator) -> tuple[str, ...]:
    shapes = ("circle", "square", "triangle-up", "diamond", "triangle-down")
    if rng.random() < 0.5:
        return ("circle",)
    start = int(rng.integers(len(shapes)))
    return shapes[start:] + shapes[:start]


def _palette(rng: np.random.Generator, is_dark: bool) -> tuple[str, ...]:
    """Eight colours: a fixed set in any rotation, or evenly spread hues, or steps of one hue."""
    kind = rng.random()
    if kind < 0.5:
        colours = _PALETTES[rng.integers(len(_PALETTES))]
        start = int(rng.integers(len(colours)))
        colours = colours[start:] + colours[:start]
        return tuple(_lighter(colour) for colour in colours) if is_dark else colours
    hue, saturation = rng.random(), rng.uniform(0.35, 0.75)
    middle = 0.66 if is_dark else 0.45
    if kind < 0.85:
        # Hues are 3/8 of the circle apart, so that neighbours differ most.
        tones = [(hue + 3 * i / 8, middle + 0.08 * (-1) ** i) for i in range(8)]
    else:
        # The largest steps come first: a chart has at most four series to distinguish.
        tones = [(hue, middle + step) for step in (-0.15, 0.25, 0.05, 0.15, -0.05, 0.2, 0, 0.1)]
    return tuple(
        _hex(colorsys.hls_to_rgb(tone % 1, lightness, saturation)) for tone, lightness in tones
    )


def _hex(rgb: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in rgb)


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _lighter(colour: str) -> str:
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    return _hex(colorsys.hls_to_rgb(hue, max(lightness, 0.62), saturation))


def ink_on(colour: str) -> str:
    """Black or white, whichever has more contrast with `colour` by luma (ITU-R BT.601)."""
    red, green, blue = _channels(colour)
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "#ffffff"
