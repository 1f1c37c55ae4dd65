"""Make a drawn page look scanned: ink, paper, a sheet laid askew, light, lens, sensor, JPEG.

Owns the faults, and where they move the blocks of a page. Does not decide how strong each may be
(`schemas.degrade`), nor whether a page stays legible: `tests.benchmarks.degrading` measures that.

Every step is integer arithmetic, or elementwise floats that are rounded, in Pillow and NumPy: the
same picture, generator state and settings give the same pixels on every machine. OpenCV is not
used: its filters choose their instructions by the processor, and so round differently.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from schemas.degrade import REFERENCE_EDGE_PX, Degrade
from schemas.pages import Box
from workers.synthetic.drawn import Drawn

Colour = int | tuple[int, ...]
"""As Pillow takes it: one level for a grey picture, a tuple with one for each band otherwise."""

_NEWSPRINT = (238, 224, 186)  # the colour of white paper at tint 1
_INK_LEVELS = 16  # of 255: pixels nearer to the paper are background, which may leave the page
_EDGE_PX = 3  # the distance from moved ink to the page's edge: filters smear ink by as much
_LIGHT_CELLS = 33  # the side of the light field, which is smooth, so it is enlarged to the page


@dataclass(frozen=True, slots=True)
class Placement:
    """How the points of a picture were moved: x' = a x + b y + c, y' = d x + e y + f, in pixels."""

    coefficients: tuple[float, float, float, float, float, float]
    width: int
    height: int

    def moved(self, box: Box) -> Box:
        """The upright box around the moved `box`; both in fractions of the picture."""
        a, b, c, d, e, f = self.coefficients
        corners = [(x * self.width, y * self.height) for x in box[::2] for y in box[1::2]]
        xs = [min(max((a * x + b * y + c) / self.width, 0.0), 1.0) for x, y in corners]
        ys = [min(max((d * x + e * y + f) / self.height, 0.0), 1.0) for x, y in corners]
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True, slots=True)
class Degraded:
    """A degraded picture, of unchanged size, and how its points were moved."""

    picture: Image.Image
    placement: Placement


def degrade(picture: Image.Image, rng: np.random.Generator, settings: Degrade) -> Degraded:
    """`picture` (RGB) with the faults of `settings`, each between none and its maximum.

    Switching off one fault changes no other: except for noise, which is drawn last, the number of
    random draws does not depend on the settings.
    """
    amount = _amounts(rng, settings)
    px = max(picture.size) / REFERENCE_EDGE_PX
    # A grey page takes a third of the time as one band, which it stays until the paper is tinted.
    red, green, blue = picture.split()
    is_grey = red.tobytes() == green.tobytes() == blue.tobytes()
    degraded = red if is_grey else picture
    paper = _paper(degraded)
    degraded = _bleed(degraded, paper, amount["bleed_px"] * px)
    degraded = _fade(degraded, paper, amount["fade"])
    degraded, placement = _turn(degraded, paper, amount["skew_degrees"] * amount["side"])
    if amount["blur_px"]:
        degraded = degraded.filter(ImageFilter.GaussianBlur(round(amount["blur_px"] * px, 3)))
    degraded = _light(degraded.convert("RGB"), amount)
    if amount["noise"]:
        degraded = _noise(degraded, rng, amount["noise"])
    if settings.jpeg:
        degraded = _recompress(degraded, 100 - round(amount["jpeg"]))
    return Degraded(degraded, placement)


def degrade_drawn(drawn: Drawn, rng: np.random.Generator, settings: Degrade) -> Drawn:
    """A drawn page with the faults of `settings`, and its blocks moved with the picture."""
    degraded = degrade(drawn.picture, rng, settings)
    moved = degraded.placement.moved
    blocks = tuple(replace(block, bbox=moved(block.bbox)) for block in drawn.blocks)
    return replace(drawn, picture=degraded.picture, blocks=blocks)


def _amounts(rng: np.random.Generator, settings: Degrade) -> Mapping[str, float]:
    """How strong each fault is on this page, and which way the sheet and the light lie."""
    most = {name: getattr(settings, name) for name in type(settings).model_fields}
    shares = rng.random(len(most))
    drawn = {name: float(share) * most[name] for name, share in zip(most, shares, strict=True)}
    side, light_x, light_y, fold, depth = (float(share) for share in rng.random(5))
    drawn["side"] = 1.0 if side < 0.5 else -1.0
    return drawn | {"light_x": light_x, "light_y": light_y, "fold": fold, "depth": depth}


def _paper(picture: Image.Image) -> Colour:
    """The background's colour: the median of the picture's rim."""
    pixels = np.asarray(picture)
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    levels = np.atleast_1d(np.median(rim, axis=0)).astype(int).tolist()
    return tuple(levels) if len(levels) > 1 else int(levels[0])


def _bleed(picture: Image.Image, paper: Colour, radius_px: float) -> Image.Image:
    """Spread the ink by `radius_px`; a fraction of a pixel blends in as much of the last step."""
    inkier = np.maximum if np.mean(paper) < 128 else np.minimum
    while radius_px > 0:
        pixels = np.asarray(picture)
        across, spread = pixels.copy(), pixels.copy()
        inkier(across[:, 1:], pixels[:, :-1], out=across[:, 1:])
        inkier(across[:, :-1], pixels[:, 1:], out=across[:, :-1])
        inkier(spread, across, out=spread)
        inkier(spread[1:], across[:-1], out=spread[1:])
        inkier(spread[:-1], across[1:], out=spread[:-1])
        picture = Image.blend(picture, Image.fromarray(spread), round(min(radius_px, 1.0), 3))
        radius_px -= 1
    return picture


def _fade(picture: Image.Image, paper: Colour, share: float) -> Image.Image:
    return Image.blend(picture, Image.new(picture.mode, picture.size, paper), round(share, 3))


def _turn(picture: Image.Image, paper: Colour, degrees: float) -> tuple[Image.Image, Placement]:
    """`picture` turned clockwise about the middle of its ink, on `paper`.

    Turned ink that would leave the page is moved inwards, and made smaller if it does not fit.
    """
    width, height = picture.size
    ink = _ink(picture, paper)
    if ink is None or not degrees:
        return picture, Placement((1, 0, 0, 0, 1, 0), width, height)
    cos, sin = (round(f(math.radians(degrees)), 12) for f in (math.cos, math.sin))
    x0, y0, x1, y1 = ink
    # The sides of the upright box around the turned ink.
    wide = (x1 - x0) * cos + (y1 - y0) * abs(sin)
    high = (x1 - x0) * abs(sin) + (y1 - y0) * cos
    scale = min(1.0, (width - 2 * _EDGE_PX) / wide, (height - 2 * _EDGE_PX) / high)
    from_x, from_y = (x0 + x1) / 2, (y0 + y1) / 2
    to_x = _within(from_x, scale * wide / 2 + _EDGE_PX, width)
    to_y = _within(from_y, scale * high / 2 + _EDGE_PX, height)
    a, d = scale * cos, scale * sin
    there = (a, -d, to_x - a * from_x + d * from_y, d, a, to_y - d * from_x - a * from_y)
    # Pillow asks where each pixel comes from, which is the inverse: the turn transposed.
    p, q = cos / scale, sin / scale
    back = (p, q, from_x - p * to_x - q * to_y, -q, p, from_y + q * to_x - p * to_y)
    turned = picture.transform(
        picture.size, Image.Transform.AFFINE, back, Image.Resampling.BICUBIC, fillcolor=paper
    )
    return turned, Placement(there, width, height)


def _ink(picture: Image.Image, paper: Colour) -> tuple[int, int, int, int] | None:
    """The box around all that differs from the paper, in pixels."""
    apart = ImageChops.difference(picture, Image.new(picture.mode, picture.size, paper))
    return apart.point(lambda level: 255 if level > _INK_LEVELS else 0).getbbox()


def _within(middle: float, half: float, length: int) -> float:
    """`middle`, moved just so far that `half` fits on both sides within `length`."""
    return min(max(middle, half), length - half) if 2 * half < length else length / 2


def _light(picture: Image.Image, amount: Mapping[str, float]) -> Image.Image:
    """Tinted paper under uneven light: brightness falls towards one corner and along one fold.

    Both are quadratic in the distance; `depth` is the corner's share of the shadow.
    """
    if not amount["shadow"] and not amount["tint"]:
        return picture
    across = np.linspace(0.0, 1.0, _LIGHT_CELLS)
    x, y = across[None, :], across[:, None]
    far_x, far_y = (max(amount[name], 1 - amount[name]) for name in ("light_x", "light_y"))
    corner = ((x - amount["light_x"]) / far_x) ** 2 + ((y - amount["light_y"]) / far_y) ** 2
    from_fold = np.abs(x - (0.0 if amount["fold"] < 0.5 else 1.0))
    fold = np.maximum(0.0, 1 - 3 * from_fold) ** 2  # a third of the page wide
    lost = amount["shadow"] * (amount["depth"] * corner / 2 + (1 - amount["depth"]) * fold)
    white = [255 - amount["tint"] * (255 - level) for level in _NEWSPRINT]
    field = np.stack([np.rint(level * (1 - lost)) for level in white], axis=-1)
    small = Image.fromarray(field.astype(np.uint8))
    return ImageChops.multiply(picture, small.resize(picture.size, Image.Resampling.BICUBIC))


def _noise(picture: Image.Image, rng: np.random.Generator, sigma: float) -> Image.Image:
    """Noise of `sigma` grey levels, the same in all channels.

    A sum of four bytes stands for the normal distribution: its standard deviation is
    sqrt(4 (256^2 - 1) / 12) = 147.8, and it needs no logarithm, which may round differently on
    another machine.
    """
    width, height = picture.size
    sums = np.zeros((height, width), np.uint16)
    for draw in np.frombuffer(rng.bytes(4 * width * height), np.uint8).reshape(4, height, width):
        sums += draw
    offsets = np.rint((np.arange(4 * 255 + 1) - 2 * 255) * (sigma / 147.8))
    levels = np.clip(offsets + 128, 0, 255).astype(np.uint8)
    plane = Image.fromarray(levels[sums])
    return ImageChops.add(picture, Image.merge("RGB", (plane, plane, plane)), 1, -128)


def _recompress(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    with Image.open(file) as recompressed:
        return recompressed.convert("RGB")
