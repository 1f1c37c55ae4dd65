"""Image files of every mode, compression and orientation; deep greys, oblong pixels, animations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from schemas.errors import DocumentError
from schemas.recipe import Raster
from workers.rasterising.frames import count_frames, draw_frame, open_image

RASTER = Raster(longest_edge_px=256)
TYPES = {"tiff": "image/tiff", "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}

# Bright above, with a dark corner and a grey one: another picture in each of the eight ways.
LEVELS = np.full((48, 32), 220, np.uint8)
LEVELS[24:, :] = 130
LEVELS[:16, :12] = 40
SHOWN: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.T,
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].T,
    8: np.rot90,
}


MADE: dict[str, Callable[[Image.Image], Image.Image]] = {
    "1": lambda grey: grey.convert("1", dither=Image.Dither.NONE),
    "I;16": lambda _: Image.fromarray(LEVELS.astype(np.uint16) * 257),
    "I;16B": lambda _: in_mode("I;16").convert("I").convert("I;16B"),
    "F": lambda _: Image.fromarray(LEVELS.astype(np.float32) / 255),
    "I": lambda _: Image.fromarray(LEVELS.astype(np.int32) * 70_000),
    "P": lambda grey: grey.convert("RGB").quantize(8),
    "PA": lambda _: in_mode("P").convert("PA"),
    # lightness 0 to 255, a and b in the middle
    "LAB": lambda grey: Image.merge("LAB", (grey, *[Image.new("L", grey.size, 128)] * 2)),
}


def in_mode(mode: str) -> Image.Image:
    grey = Image.fromarray(LEVELS)
    return MADE[mode](grey) if mode in MADE else grey.convert(mode)


def looks(mode: str) -> np.ndarray:
    if mode == "1":
        return np.where(LEVELS < 128, 0, 255)
    if mode in ("I", "F"):  # the darkest is black, the brightest white
        return (LEVELS.astype(float) - 40) * 255 / 180
    if mode == "LAB":  # L* of 100 levels; sRGB is near it, and darker in the middle
        return np.select([LEVELS == 40, LEVELS == 130], [37, 122], 218)
    return LEVELS


def draw(path: Path, index: int = 0, raster: Raster = RASTER) -> np.ndarray:
    opened = open_image(str(path), TYPES[path.suffix[1:]])
    try:
        first = draw_frame(opened, index, raster)
        again = draw_frame(opened, index, raster)  # decoding drops what the header said
        assert first.tobytes() == again.tobytes()
        assert first.mode == "RGB"
        return np.asarray(first.convert("L")).astype(int)
    finally:
        opened.close()


def count(path: Path) -> int:
    opened = open_image(str(path), TYPES[path.suffix[1:]])
    try:
        return count_frames(opened)
    finally:
        opened.close()


TIFF_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "I;16")
PLAIN = [None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd"]
FILES = [
    *(("tiff", mode, compression) for mode in (*TIFF_MODES, "I;16B", "F") for compression in PLAIN),
    *(("tiff", "1", compression) for compression in ("group3", "group4")),
    *(("tiff", mode, "jpeg") for mode in ("L", "RGB", "CMYK")),
    *(("png", mode, None) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
    *(("jpg", mode, None) for mode in ("L", "RGB", "CMYK")),
    *(("webp", mode, None) for mode in ("RGB", "RGBA")),
]


@pytest.mark.parametrize(("suffix", "mode", "compression"), FILES)
def test_a_picture_is_upright_in_every_mode_and_compression(
    tmp_path: Path, suffix: str, mode: str, compression: str | None
) -> None:
    for orientation, shown in SHOWN.items():
        path = tmp_path / f"{orientation}.{suffix}"
        exif = Image.Exif()
        exif[0x0112] = orientation
        options: dict[str, object] = (
            {"tiffinfo": {274: orientation}} if suffix == "tiff" else {"exif": exif}
        )
        if compression:
            options["compression"] = compression
        in_mode(mode).save(path, **options)
        drawn, expected = draw(path), shown(looks(mode))
        assert drawn.shape == expected.shape
        assert np.abs(drawn - expected).mean() < 6, (orientation, drawn, expected)


# ---- greys of more than 8 bits ------------------------------------------------------------


@pytest.mark.parametrize("bits", [8, 9, 10, 12, 14, 15, 16])
@pytest.mark.parametrize("name", ["deep.png", "deep.tiff"])
def test_a_scan_of_few_bits_in_sixteen_is_as_bright_as_any(
    tmp_path: Path, name: str, bits: int
) -> None:
    white = 2**bits - 1
    Image.fromarray((LEVELS.astype(np.uint32) * white // 255).astype(np.uint16)).save(
        tmp_path / name
    )
    assert np.abs(draw(tmp_path / name) - LEVELS).max() <= 1


def test_a_dim_deep_picture_without_marks_stays_without(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(60_000, 60_100, (48, 32)).astype(np.uint16)
    Image.fromarray(noise).save(tmp_path / "paper.tiff")
    assert np.ptp(draw(tmp_path / "paper.tiff")) <= 1


def test_white_may_be_zero(tmp_path: Path) -> None:
    deep = Image.fromarray((4095 - LEVELS.astype(np.uint32) * 4095 // 255).astype(np.uint16))
    deep.save(tmp_path / "negative.tiff", tiffinfo={262: 0})
    assert np.abs(draw(tmp_path / "negative.tiff") - LEVELS).max() <= 1


def test_what_is_no_number_is_black_and_spoils_nothing(tmp_path: Path) -> None:
    values = LEVELS.astype(np.float32)
    values[0, 0], values[0, 1] = np.nan, np.inf
    Image.fromarray(values).save(tmp_path / "holes.tiff")
    drawn = draw(tmp_path / "holes.tiff")
    assert (drawn[0, 0], drawn[0, 1]) == (0, 255)
    assert np.abs(drawn - looks("F"))[1:].max() <= 1
    Image.fromarray(np.full((48, 32), np.nan, np.float32)).save(tmp_path / "none.tiff")
    assert not draw(tmp_path / "none.tiff").any()


def png_of_16_bits(channels: np.ndarray, colour_type: int) -> bytes:
    import struct
    import zlib

    height, width = channels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in channels)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@pytest.mark.parametrize(("colour_type", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_twelve_bits_of_colour_in_sixteen_are_bright_too(
    tmp_path: Path, colour_type: int, channels: int
) -> None:
    """Pillow keeps the upper 8 bits, so of 12 there are 4 left: 16 levels."""
    deep = np.repeat((LEVELS.astype(np.uint32) * 4095 // 255)[:, :, None], channels, axis=2)
    if channels in (2, 4):
        deep[:, :, -1] = 4095
    (tmp_path / "deep.png").write_bytes(png_of_16_bits(deep, colour_type))
    assert np.abs(draw(tmp_path / "deep.png") - LEVELS).max() <= 17


# ---- pixels that are not square -----------------------------------------------------------

FAX = Image.fromarray(np.repeat(LEVELS, 3, axis=1)[:, :64])  # 64 x 48


@pytest.mark.parametrize(
    ("dpi", "shape"),
    [
        ((204, 98), (100, 64)),
        ((204, 196), (50, 64)),
        ((98, 204), (48, 133)),
        ((200, 200), (48, 64)),
        ((200, 199), (48, 64)),
        ((300, 1), (48, 64)),
    ],
)
@pytest.mark.parametrize("name", ["fax.tiff", "fax.png", "fax.jpg"])
def test_pixels_become_square(
    tmp_path: Path, name: str, dpi: tuple[int, int], shape: tuple[int, int]
) -> None:
    FAX.save(tmp_path / name, dpi=dpi)
    assert draw(tmp_path / name).shape == shape


@pytest.mark.parametrize("name", ["fax.tiff", "fax.png"])
def test_oblong_pixels_of_a_turned_picture_are_told_as_it_is_stored(
    tmp_path: Path, name: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    FAX.save(tmp_path / name, dpi=(204, 98), exif=exif)
    assert draw(tmp_path / name).shape == (64, 100)


def test_a_large_fax_fits_the_longest_edge(tmp_path: Path) -> None:
    FAX.convert("1").resize((1728, 1100)).save(
        tmp_path / "fax.tiff", compression="group4", dpi=(204, 98)
    )
    assert draw(tmp_path / "fax.tiff").shape == (256, 193)


@pytest.mark.parametrize("density", [(2, 1), (0, 0)])
def test_a_shape_of_pixels_without_a_unit_counts_too(
    tmp_path: Path, density: tuple[int, int]
) -> None:
    tags = {282: float(density[0]), 283: float(density[1]), 296: 1}
    FAX.save(tmp_path / "shape.tiff", tiffinfo=tags)
    assert draw(tmp_path / "shape.tiff").shape == ((96, 64) if density == (2, 1) else (48, 64))


# ---- files of several pictures ------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "pages"),
    [("moving.png", 1), ("moving.webp", 1), ("two.jpg", 1), ("pages.tiff", 3)],
)
def test_an_animation_is_one_picture_and_a_tiff_has_pages(
    tmp_path: Path, name: str, pages: int
) -> None:
    frames = [Image.fromarray(LEVELS), Image.fromarray(255 - LEVELS), Image.fromarray(LEVELS // 2)]
    options = {"two.jpg": {"format": "MPO"}, "moving.webp": {"lossless": True}}.get(name, {})
    frames[0].convert("RGB").save(
        tmp_path / name,
        save_all=True,
        append_images=[frame.convert("RGB") for frame in frames[1:]],
        **options,
    )
    with Image.open(tmp_path / name) as stored:
        assert stored.n_frames == 3
    assert count(tmp_path / name) == pages
    assert np.abs(draw(tmp_path / name) - LEVELS).mean() < 4
    if pages > 1:
        assert np.abs(draw(tmp_path / name, 1) - (255 - LEVELS)).mean() < 4


def test_a_file_that_is_no_picture_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(DocumentError, match="corrupt: image cannot be opened"):
        count(tmp_path / "torn.png")
