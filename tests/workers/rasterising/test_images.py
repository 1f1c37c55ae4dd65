"""Image files become pages: modes, orientation, frames, limits, damage."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.workers.rasterising.rendering import (
    EDGE,
    GREY,
    HALVES,
    open_rasterizer,
    pixels,
    reasons,
    render,
    settings,
)

MODES = {
    "grey.png": GREY,
    "grey.webp": GREY.convert("RGB"),
    "sixteen.png": Image.fromarray(HALVES.astype(np.uint16) * 257),
    "sixteen.tiff": Image.fromarray(HALVES.astype(np.uint16) * 257),
    "palette.png": GREY.convert("RGB").quantize(4),
    "opaque.png": GREY.convert("RGBA"),
    "cmyk.tiff": GREY.convert("CMYK"),
    "cmyk.jpg": GREY.convert("CMYK"),
}


@pytest.mark.parametrize("name", MODES)
def test_a_picture_looks_the_same_in_every_mode(rasterizer, tmp_path, name) -> None:
    MODES[name].save(tmp_path / name)
    (page,) = render(rasterizer, tmp_path / name)
    assert pixels(page).shape == HALVES.shape
    assert np.abs(pixels(page) - HALVES).mean() < 8


def test_one_bit_pictures_are_black_and_white(rasterizer, tmp_path) -> None:
    GREY.convert("1", dither=Image.Dither.NONE).save(tmp_path / "fax.tiff", compression="group4")
    (page,) = render(rasterizer, tmp_path / "fax.tiff")
    assert np.array_equal(pixels(page), np.where(HALVES < 128, 0, 255))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_paper(rasterizer, tmp_path, mode) -> None:
    if mode == "P":
        see_through = GREY.convert("RGB").quantize(2)
        see_through.info["transparency"] = int(np.asarray(see_through)[0, -1])
    else:
        see_through = GREY.convert(mode)
        see_through.putalpha(Image.fromarray(np.where(HALVES < 128, 255, 0).astype(np.uint8)))
    see_through.save(tmp_path / "clear.png")
    (page,) = render(rasterizer, tmp_path / "clear.png")
    assert np.abs(pixels(page) - np.where(HALVES < 128, 40, 255)).max() <= 2


def test_a_photograph_is_turned_as_its_camera_was_held(rasterizer, tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned clockwise
    GREY.save(tmp_path / "photo.jpg", exif=exif)
    (page,) = render(rasterizer, tmp_path / "photo.jpg")
    assert pixels(page).shape == (40, 60)
    top, bottom = pixels(page)[:15].mean(), pixels(page)[-15:].mean()
    assert (top < 60, bottom > 200) == (True, True)


def test_a_large_picture_is_shrunk_and_a_small_one_is_not_enlarged(rasterizer, tmp_path) -> None:
    GREY.resize((400, 600)).save(tmp_path / "large.png")
    (large,) = render(rasterizer, tmp_path / "large.png")
    assert pixels(large).shape == (EDGE, 171)


def test_each_frame_of_a_tiff_is_a_page(rasterizer, tmp_path) -> None:
    frames = [GREY, GREY.transpose(Image.Transpose.FLIP_LEFT_RIGHT), Image.new("1", (10, 10), 1)]
    frames[0].save(tmp_path / "fax.tiff", save_all=True, append_images=frames[1:])
    assert rasterizer.count_pages(tmp_path / "fax.tiff", "image/tiff") == 3
    first, second, blank = render(rasterizer, tmp_path / "fax.tiff", 3)
    assert np.array_equal(pixels(first), pixels(second)[:, ::-1])
    assert reasons([blank]) == ["blank"]


def test_pictures_past_the_limits_are_too_large(tmp_path) -> None:
    Image.new("L", (101, 100)).save(tmp_path / "many.png")
    Image.new("L", (2, 50)).save(tmp_path / "narrow.png")
    with open_rasterizer(settings(max_image_pixels=10_000)) as small:
        assert reasons(render(small, tmp_path / "many.png")) == ["page_too_large"]
        assert reasons(render(small, tmp_path / "narrow.png")) == ["page_too_large"]


@pytest.mark.parametrize("name", ["cut.png", "cut.jpg", "cut.tiff", "cut.webp"])
def test_a_picture_that_is_cut_off_is_corrupt(rasterizer, tmp_path, name) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    assert reasons(render(rasterizer, tmp_path / name)) == ["corrupt"]
