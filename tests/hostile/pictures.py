"""Hostile image files: giant pictures in tiny files, endless frames, false headers."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes = b"", before: bytes = b"") -> bytes:
    """An 8-bit grey PNG of these sides with any data; the chunks in `before` precede it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = _chunk(b"IHDR", header) + before + _chunk(b"IDAT", data or zlib.compress(b"\0" * 99))
    return b"\x89PNG\r\n\x1a\n" + body + _chunk(b"IEND", b"")


def full_png(side: int) -> bytes:
    """A grey PNG with all its pixels, compressed a thousand to one."""
    packer = zlib.compressobj(9)
    row = b"\0" + b"\0" * side
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return png(side, side, data)


def text_bomb_png() -> bytes:
    """A small PNG whose comments unpack to 4 GiB."""
    note = _chunk(b"zTXt", b"k\0\0" + zlib.compress(b"A" * 2**26, 9))
    return png(64, 64, zlib.compress(b"\0" * (65 * 64)), note * 64)


def jpeg(side: int) -> bytes:
    """A JPEG whose header claims `side` x `side` pixels."""
    out = io.BytesIO()
    Image.new("L", (64, 64), 128).save(out, "JPEG")
    data = bytearray(out.getvalue())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
    return bytes(data)


def tiff(width: int, height: int, frames: int = 1, is_cyclic: bool = False) -> bytes:
    """An uncompressed grey TIFF whose frames share eight bytes of data."""
    out = io.BytesIO()
    out.write(b"II*\0" + struct.pack("<I", 16) + b"\0" * 8)
    tags = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, width * height % 2**32),
    ]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    size = 2 + len(entries) + 4
    for number in range(frames):
        is_last = number == frames - 1
        following = (16 if is_cyclic else 0) if is_last else 16 + (number + 1) * size
        out.write(struct.pack("<H", len(tags)) + entries + struct.pack("<I", following))
    return out.getvalue()


def webp(frames: int = 1, side: int = 2**14) -> bytes:
    """An animated WebP with a canvas of `side` x `side` and frames of one pixel."""
    pixel = io.BytesIO()
    Image.new("RGB", (1, 1)).save(pixel, "WEBP", lossless=True)
    picture = pixel.getvalue()[12:]

    def chunk(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)

    canvas = struct.pack("<I", side - 1)[:3] * 2
    frame = chunk(b"ANMF", b"\0" * 6 + b"\0" * 6 + b"\1\0\0\0" + picture)
    body = b"WEBP" + chunk(b"VP8X", b"\2\0\0\0" + canvas) + chunk(b"ANIM", b"\0" * 6)
    body += frame * frames
    return b"RIFF" + struct.pack("<I", len(body)) + body
