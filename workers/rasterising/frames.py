"""Frames of image files: open and count them; draw them upright, on white, 8 bits, square pixels.

The frames of a TIFF are pages; of an animation, in any format, only the first frame is taken. All
of this runs in the child.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageCms, ImageOps

from schemas.errors import DocumentError
from schemas.recipe_sections import Raster
from workers.rasterising.media_types import AVIF, HEIC, JP2, JXL
from workers.rasterising.readers import load_reader
from workers.rasterising.settings import is_out_of_memory

TIFF = "image/tiff"
_FORMATS = {
    "image/png": "PNG", "image/jpeg": "JPEG", TIFF: "TIFF", "image/webp": "WEBP",
    JP2: "JPEG2000", AVIF: "AVIF", HEIC: "HEIF", JXL: "JXL",
}  # fmt: skip
_PHOTOMETRIC, _BITS_PER_SAMPLE = 262, 258  # TIFF tags
_PNG_DEPTH_AT = 24
_ON_ITS_SIDE = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_MAX_STRETCH = 2.5
"""Pixels of a fax are 2.08 times as high as wide (204 x 98 dpi) or 1.92 times as wide as high (204
x 391). Past this a resolution is a mistake."""

_MIN_STRETCH = 1.02  # 200 dpi beside 199 is rounding; 204 beside 196 is a fax


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An open image file; `is_deep` where a channel has 16 bits, of which Pillow may keep 8.

    `on_their_side` remembers for each drawn frame whether it is stored on its side, because
    decoding a TIFF turns the frame and drops the tag for it.
    """

    file: BinaryIO
    image: Image.Image
    is_deep: bool = False
    on_their_side: dict[int, bool] = field(default_factory=dict)

    def close(self) -> None:
        """Close the file."""
        self.image.close()
        self.file.close()


def open_image(path: str, media_type: str) -> ImageFile:
    """Open an image file. Raises DocumentError where it is not one.

    Pillow gets a file object and not the path: by path it maps an uncompressed TIFF into memory,
    and confuses width and height of a picture stored on its side.
    """
    return open_image_data(Path(path).open("rb"), media_type)  # it stays open with the image


def open_image_data(file: BinaryIO, media_type: str) -> ImageFile:
    """Open an image that `file` holds, and close it with the image, or where it is not one."""
    try:
        load_reader(media_type)
        head = file.read(_PNG_DEPTH_AT + 1)
        file.seek(0)
        image = Image.open(file, formats=[_FORMATS[media_type]])
    except (OSError, ValueError, SyntaxError, RuntimeError) as exc:
        file.close()
        if is_out_of_memory(str(exc)):
            raise MemoryError from exc
        raise DocumentError("corrupt", f"image cannot be opened: {exc}") from exc
    return ImageFile(file, image, media_type == "image/png" and head[_PNG_DEPTH_AT] == 16)


def count_frames(opened: ImageFile) -> int:
    """The pages of an image file."""
    return int(getattr(opened.image, "n_frames", 1)) if opened.image.format == "TIFF" else 1


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame upright, in RGB, in its own size, and its pixels a length across and down."""

    picture: Image.Image
    density: tuple[float, float]


def draw_frame(opened: ImageFile, index: int, raster: Raster) -> Image.Image:
    """A frame as the recipe wants it, in RGB. Raises DocumentError as `read_frame` does."""
    return fitted(read_frame(opened, index, raster), raster.longest_edge_px)


def read_frame(opened: ImageFile, index: int, raster: Raster) -> Frame:
    """A frame. Raises DocumentError where it is too large or too narrow."""
    image = opened.image
    image.seek(index)
    width, height = image.size
    if width * height > raster.max_image_pixels:
        raise DocumentError("page_too_large", f"image of {width} x {height} pixels")
    if max(width, height) > raster.max_aspect * min(width, height):
        raise DocumentError("page_too_large", f"image of {width} x {height} pixels is too narrow")
    orientation = image.getexif().get(ExifTags.Base.Orientation)
    is_on_its_side = opened.on_their_side.setdefault(index, orientation in _ON_ITS_SIDE)
    tags = getattr(image, "tag_v2", {})
    is_deep = opened.is_deep or max(tags.get(_BITS_PER_SAMPLE) or (8,)) > 8
    density = _density(image)
    frame = ImageOps.exif_transpose(image)
    if frame.mode.startswith(("I", "F")):
        frame = _eight_bits(frame, is_inverted=tags.get(_PHOTOMETRIC) == 0)
    elif is_deep:
        frame = _stretched(frame)
    return Frame(_on_white(frame), density[::-1] if is_on_its_side else density)


def _on_white(frame: Image.Image) -> Image.Image:
    if frame.mode == "LAB":
        to_rgb = ImageCms.buildTransform(
            ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
        )
        return to_rgb.apply(frame)
    if frame.mode in ("RGBA", "LA", "PA") or "transparency" in frame.info:
        frame = frame.convert("RGBA")
        paper = Image.new("RGBA", frame.size, "white")
        frame = Image.alpha_composite(paper, frame)
    return frame.convert("RGB")


def _density(image: Image.Image) -> tuple[float, float]:
    """Pixels per unit of length, across and down, as the file stores them; equal where unknown."""
    for name in ("dpi", "resolution", "aspect", "jfif_density"):
        if name in image.info:
            try:
                across, down = map(float, image.info[name])
            except (TypeError, ValueError, ZeroDivisionError):
                continue
            if math.isfinite(across + down) and across > 0 and down > 0:
                return across, down
    return 1.0, 1.0


def fitted(frame: Frame, edge: int) -> Image.Image:
    """The frame with square pixels, at the finer resolution, at most `edge` pixels long."""
    picture, (across, down) = frame.picture, frame.density
    stretch = max(across, down) / min(across, down)
    if not _MIN_STRETCH <= stretch <= _MAX_STRETCH:
        if max(picture.size) <= edge:
            return picture
        small = picture.copy()
        small.thumbnail((edge, edge), Image.Resampling.LANCZOS)
        return small
    width = picture.width * (stretch if down > across else 1)
    height = picture.height * (stretch if across > down else 1)
    scale = min(1.0, edge / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _eight_bits(frame: Image.Image, is_inverted: bool) -> Image.Image:
    """Grey of 16 or 32 bits or floats, scaled to 8 bits; `convert` would clip it at 255."""
    values = np.asarray(frame)
    grey = _of_16_bits(values) if frame.mode.startswith("I;16") else _of_any_range(values)
    return Image.fromarray(255 - grey if is_inverted else grey)


def _of_16_bits(values: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Scaled by the bits of the brightest value: scanners of 10 to 14 bits leave the upper bits
    empty."""
    bits = max(int(values.max()).bit_length(), 8)
    scaled = values >> 8 if bits == 16 else values.astype(np.uint32) * 255 // (2**bits - 1)
    return np.asarray(scaled, np.uint8)


def _of_any_range(values: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """Scaled from the darkest value to the brightest: 32-bit integers and floats have no white.

    NaN becomes the darkest.
    """
    exact = values.astype(np.float64)
    finite = exact[np.isfinite(exact)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if high <= low:
        return np.zeros(values.shape, np.uint8)
    whole = np.nan_to_num(exact, nan=low, posinf=high, neginf=low)
    return np.asarray((whole - low) * (255 / (high - low)), np.uint8)


def _stretched(frame: Image.Image) -> Image.Image:
    """16-bit colours, of which Pillow kept the upper 8 bits, scaled to the bits in use.

    Opacity is scaled by itself.
    """
    bands = frame.split()
    brightest = [int(np.asarray(band).max()) for band in bands]
    colours = len(bands) - (frame.mode in ("RGBA", "LA"))
    brightest[:colours] = [max(brightest[:colours])] * colours
    return Image.merge(frame.mode, list(map(_by_bits, bands, brightest)))


def _by_bits(band: Image.Image, brightest: int) -> Image.Image:
    white = 2 ** brightest.bit_length() - 1
    if white in (0, 255):
        return band
    return band.point([min(value * 255 // white, 255) for value in range(256)])
