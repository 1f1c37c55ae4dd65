"""Which files are documents is told by their first bytes."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from workers.rasterising.media_types import PDF, sniff


@pytest.mark.parametrize(
    ("format_name", "media_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("TIFF", "image/tiff"), ("WEBP", "image/webp")],
)
def test_image_formats_are_told_by_their_first_bytes(format_name: str, media_type: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, format_name)
    assert sniff(out.getvalue()[:1024]) == media_type


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"%PDF-1.7\n", PDF),
        (b"junk before the header\n%PDF-1.4", PDF),
        (b"MM\x00*", "image/tiff"),
        (b"II+\x00", "image/tiff"),
        (b"RIFF\x10\x00\x00\x00WAVE", None),
        (b"\xff\xd8\xff\xfe%PDF-1.7\n", "image/jpeg"),
        (b"PK\x03\x04 a.pdf %PDF-1.7", PDF),
        (b"GIF89a", None),
        (b"PK\x03\x04", None),
        (b"", None),
    ],
)
def test_other_heads_are_told_too(head: bytes, media_type: str | None) -> None:
    assert sniff(head) == media_type
