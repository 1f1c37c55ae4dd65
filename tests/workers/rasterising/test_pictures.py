"""Encoding of page images: lossless where it says so, grey in one channel."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from schemas.recipe import Raster
from workers.rasterising.pictures import decode, encode

PNG = Raster(format="png")


def noise(channels: int) -> Image.Image:
    drawn = np.random.default_rng(0).integers(0, 256, (40, 30, channels), np.uint8)
    return Image.fromarray(np.broadcast_to(drawn, (40, 30, 3)).copy())


@pytest.mark.parametrize(("picture", "mode"), [(noise(3), "RGB"), (noise(1), "L")])
def test_a_png_keeps_every_pixel_and_grey_takes_one_channel(
    picture: Image.Image, mode: str
) -> None:
    data = encode(picture, PNG)
    assert Image.open(io.BytesIO(data)).mode == mode
    assert np.array_equal(np.asarray(decode(data)), np.asarray(picture))


def test_a_single_coloured_pixel_makes_a_picture_coloured() -> None:
    picture = noise(1)
    picture.putpixel((29, 39), (10, 10, 11))
    assert Image.open(io.BytesIO(encode(picture, PNG))).mode == "RGB"
