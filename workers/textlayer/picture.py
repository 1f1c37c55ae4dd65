"""The drawn page as the text layer judges by it: which runs of text show ink of their own. Pure.

Owns the thresholds of what a reader can see. `hidden` finds the runs to judge, and `mask` draws
text alone where the pixels of the page do not settle it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workers.textlayer.orientation import AS_DISPLAYED, View

Grey = NDArray[np.uint8]
"""uint8 (height, width)."""
Boxes = NDArray[np.float64]
"""float64 (boxes, 4): x0, y0, x1, y1."""

MIN_CONTRAST = 16
"""Levels of 255 between ink and paper that can be seen: #efefef on white. Hidden instructions use
#fbfbfb; the faintest print, 5 points in #aaaaaa, keeps 34 levels at 1,280 px."""
_CLEAR_CONTRAST = 48
"""With this much a run is seen for certain, and is looked at no closer."""
_MIN_INKED_SHARE = 0.08
"""Of the columns of a word's box. A rule that crosses the box of a hidden word inks 1 to 3 % of
them, a row of leader dots a third."""
_GROUND_SHARE = 0.6
"""A run has the colour of its ground where so much of its box has that colour: letters, even bold
ones, cover less than half of their box."""
_PLAIN_SHARE = 0.7
"""Of a box whose ground has one colour. Letters, and the blurred edges of small ones, have the
rest."""
_MIN_EM_PX = 3.0
"""Smaller print cannot be read: its letters are 1.5 px high."""
_MIN_EM_PT = 2.0
"""No reader reads smaller print, however large the picture is; on pages smaller than A4, which are
shown as large, so much less."""
_A4_PT = 842.0
_MIN_ADVANCE_PX = 0.8
"""Of a character in a run of several: glyphs squeezed to less than this are no letters."""
_MAX_SIDE_PX = 400
"""Of the pixels that are looked at: a slanting line has a box as large as the page, 50 ms whole."""

# Where a box is sampled first: rows in the middle, where letters have their bodies.
_ROWS = np.array([0.34, 0.44, 0.52, 0.6, 0.68])
_COLUMNS = (np.arange(24) + 0.5) / 24


_WORD = re.compile(r"[^\W_].*[^\W_]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Picture:
    """The page as it was drawn in the displayed view, or turned to another; `zoom` is px a point.

    `colour` is RGB or RGBX, `grey` the same in grey.
    """

    colour: Image.Image
    grey: Grey
    zoom: float

    def turned(self, view: View) -> Picture:
        """The picture of the displayed page as `view` shows it."""
        if view == AS_DISPLAYED:
            return self
        colour, grey = self.colour, self.grey
        if view.is_mirrored:
            colour, grey = colour.transpose(Image.Transpose.FLIP_LEFT_RIGHT), np.fliplr(grey)
        if view.rotation:
            turns = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180}
            colour = colour.transpose(turns.get(view.rotation, Image.Transpose.ROTATE_90))
            grey = np.rot90(grey, -view.rotation // 90)
        return replace(self, colour=colour, grey=grey)


class Ink(Enum):
    """What the box of a run shows.

    `OWN`: ink that can be the run's. `NONE`: one colour. `FOREIGN`: ink, but the run has the colour
    of the ground that this ink stands on. `TEXTURED`: ink, but also in the colours around it, as on
    a photograph: only the run's own glyphs can tell.
    """

    OWN = auto()
    NONE = auto()
    FOREIGN = auto()
    TEXTURED = auto()


@dataclass(frozen=True, slots=True)
class Run:
    """Text in one style: its box in points of the view, font size, colour (sRGB) and opacity.

    `colour` is None for glyphs that are not painted.
    """

    text: str
    box: tuple[float, float, float, float]
    size: float
    colour: int | None
    alpha: int = 255


def are_too_small(
    boxes: Boxes, sizes: NDArray[np.float64], counts: NDArray[np.intp], picture: Picture
) -> NDArray[np.bool_]:
    """Which runs are printed too small to be read.

    `boxes` are in points, `sizes` those of the fonts, `counts` the numbers of characters. The size
    alone says nothing: that of a Type 3 font may be 1 at any size.
    """
    zoom = picture.zoom
    least_px = _MIN_EM_PT * min(zoom, max(picture.grey.shape) / _A4_PT)
    least_px = max(least_px, _MIN_EM_PX)
    advance_px = (boxes[:, 2:] - boxes[:, :2]).max(axis=1) * zoom / counts
    is_tiny = (sizes * zoom < least_px) & (advance_px < least_px)
    is_small: NDArray[np.bool_] = is_tiny | ((counts > 3) & (advance_px < _MIN_ADVANCE_PX))
    return is_small


def are_clear(boxes: Boxes, colours: NDArray[np.int64], picture: Picture) -> NDArray[np.bool_]:
    """Which runs are seen for certain, by a few pixels of each box: nine in ten, at 1 µs each.

    `boxes` are in points; `colours` are sRGB, -1 for glyphs that are not painted.
    """
    red, green, blue = colours >> 16, colours >> 8 & 255, colours & 255
    lightness = np.where(colours < 0, -255.0, 0.299 * red + 0.587 * green + 0.114 * blue)
    return _clear(boxes * picture.zoom, lightness, picture.grey)


def ink_of(runs: Sequence[Run], picture: Picture) -> list[Ink]:
    """What each run's box shows. Boxes off the picture show nothing."""
    if not runs:
        return []
    is_word = [_is_word(run.text) for run in runs]
    boxes = _inked_boxes(runs, np.array(is_word)) * picture.zoom
    lightness = np.array([_lightness(run.colour) for run in runs])
    is_clear = _clear(boxes, lightness, picture.grey)
    inks = [Ink.OWN] * len(runs)
    unclear = np.flatnonzero(~is_clear).tolist()
    for number in (number for number in unclear if is_word[number]):
        inks[number] = _ink(runs[number], boxes[number], picture)
    if any(ink in (Ink.NONE, Ink.FOREIGN) for ink in inks):
        # Dots and dashes are hidden only where words are.
        for number in (number for number in unclear if not is_word[number]):
            inks[number] = _ink(runs[number], boxes[number], picture)
    return inks


def _clear(boxes: Boxes, lightness: NDArray[np.float64], grey: Grey) -> NDArray[np.bool_]:
    """Which boxes, in pixels, show strong contrast and lie on a ground unlike their own colour."""
    height, width = grey.shape
    x0, y0, x1, y1 = boxes.T[:, :, None]
    # xs: (boxes, 1, 24), ys: (boxes, 5, 1)
    xs = np.clip(x0 + (x1 - x0) * _COLUMNS, 0, width - 1).astype(np.intp)[:, None, :]
    ys = np.clip(y0 + (y1 - y0) * _ROWS, 0, height - 1).astype(np.intp)[:, :, None]
    # samples: uint8 (boxes, 120)
    samples = grey.ravel().take(ys * width + xs).reshape(len(boxes), -1)
    contrast = samples.max(axis=1).astype(np.int16) - samples.min(axis=1)
    distance = np.abs(samples.mean(axis=1) - lightness)
    clear: NDArray[np.bool_] = (contrast >= _CLEAR_CONTRAST) & (distance >= _CLEAR_CONTRAST)
    return clear


def _ink(run: Run, box: NDArray[np.float64], picture: Picture) -> Ink:
    """What the box of `run`, in pixels, shows."""
    rows, columns = pixels_of(box, picture.grey.shape)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return Ink.NONE
    grey = picture.grey[rows, columns]
    grey = grey[:: 1 + grey.shape[0] // _MAX_SIDE_PX, :: 1 + grey.shape[1] // _MAX_SIDE_PX]
    is_word = _is_word(run.text)
    along = 0 if grey.shape[1] >= grey.shape[0] else 1
    if is_word:
        contrast = grey.max(axis=along) - grey.min(axis=along)
        is_clear = (contrast >= _CLEAR_CONTRAST).mean() >= _MIN_INKED_SHARE
        is_clear = is_clear and abs(grey.mean() - _lightness(run.colour)) >= _CLEAR_CONTRAST
    else:
        is_clear = int(grey.max()) - int(grey.min()) >= _CLEAR_CONTRAST
    return Ink.OWN if is_clear else _coloured_ink(run, rows, columns, picture)


def inked_share(run: Run, picture: Picture) -> float:
    """The share of a run's columns that differ within themselves, in any colour."""
    box = _inked_boxes([run], np.array([_is_word(run.text)]))[0] * picture.zoom
    rows, columns = pixels_of(box, picture.grey.shape)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return 0.0
    pixels = _coloured(rows, columns, picture)
    along = 0 if pixels.shape[1] >= pixels.shape[0] else 1
    return float((np.ptp(pixels, axis=along).max(axis=1) >= MIN_CONTRAST).mean())


def _coloured(rows: slice, columns: slice, picture: Picture) -> NDArray[np.int32]:
    """The pixels of a part of the picture, int32 (height, width, 3); fewer of a large part."""
    box = (columns.start, rows.start, columns.stop, rows.stop)
    size = (columns.stop - columns.start, rows.stop - rows.start)
    if max(size) > _MAX_SIDE_PX:
        size = (min(size[0], _MAX_SIDE_PX), min(size[1], _MAX_SIDE_PX))
        crop = picture.colour.resize(size, Image.Resampling.NEAREST, box)
    else:
        crop = picture.colour.crop(box)
    return np.asarray(crop)[..., :3].astype(np.int32)


def _coloured_ink(run: Run, rows: slice, columns: slice, picture: Picture) -> Ink:
    """What these pixels show, where grey does not tell."""
    pixels = _coloured(rows, columns, picture)
    if np.ptp(pixels, axis=(0, 1)).max() < MIN_CONTRAST:
        return Ink.NONE
    along = 0 if pixels.shape[1] >= pixels.shape[0] else 1
    contrast = np.ptp(pixels, axis=along).max(axis=1)
    if _is_word(run.text) and (contrast >= MIN_CONTRAST).mean() < _MIN_INKED_SHARE:
        return Ink.NONE
    if run.colour is None:
        return Ink.OWN
    rgb = np.array([run.colour >> 16, run.colour >> 8 & 255, run.colour & 255], np.int32)
    distance = np.abs(pixels - rgb).max(axis=2) * run.alpha // 255
    border = np.concatenate([distance[0], distance[-1], distance[:, 0], distance[:, -1]])
    if all((part < MIN_CONTRAST).mean() > _GROUND_SHARE for part in (distance, border)):
        return Ink.FOREIGN
    ground = np.median(pixels, axis=(0, 1))
    is_plain = (np.abs(pixels - ground).max(axis=2) < MIN_CONTRAST).mean() > _PLAIN_SHARE
    return Ink.OWN if is_plain else Ink.TEXTURED


def pixels_of(box: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The rows and columns of a box in pixels, cut to the picture."""
    x0, y0, x1, y1 = box
    height, width = shape
    rows = slice(max(int(y0), 0), min(int(np.ceil(y1)), height))
    columns = slice(max(int(x0), 0), min(int(np.ceil(x1)), width))
    return rows, columns


def _is_word(text: str) -> bool:
    return _WORD.search(text) is not None


def _inked_boxes(runs: Sequence[Run], is_word: NDArray[np.bool_]) -> Boxes:
    """Where ink is expected, in points.

    For a word, its box without the outermost tenth across the line: lines that are set tightly
    reach into the boxes of their neighbours. Dashes, quotes, accents and signs of mathematical
    fonts may lie outside of their box, and the box of a Type 3 font may have no height at all.
    """
    boxes = np.array([run.box for run in runs], np.float64)
    sizes = np.array([run.size for run in runs])
    counts = np.array([len(run.text.strip()) or 1 for run in runs], np.intp)
    # sides: (runs, 2), width and height
    sides = boxes[:, 2:] - boxes[:, :2]
    advances = sides.max(axis=1) / counts
    is_firm = is_word & (sides.min(axis=1) >= 0.6 * advances)
    reach = np.where(is_firm, -0.1 * sides.min(axis=1), np.maximum(advances, 0.5 * sizes))
    across = np.where(sides[:, 0] >= sides[:, 1], 1, 0) * is_word + (~is_word) * 1
    numbers = np.arange(len(runs))
    boxes[numbers, across] -= reach
    boxes[numbers, across + 2] += reach
    # A mark that is set over its letter has no width of its own.
    bare = np.flatnonzero(sides.min(axis=1) <= 0)
    boxes[bare, :2] -= sizes[bare, None] / 2
    boxes[bare, 2:] += sizes[bare, None] / 2
    return boxes


def _lightness(colour: int | None) -> float:
    """Of an sRGB colour, as Pillow makes grey; far from every grey for glyphs not painted."""
    if colour is None:
        return -255.0
    red, green, blue = colour >> 16, colour >> 8 & 255, colour & 255
    return 0.299 * red + 0.587 * green + 0.114 * blue
