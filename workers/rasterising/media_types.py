"""Media types of documents, by the first bytes of a file."""

from __future__ import annotations

PDF = "application/pdf"


def sniff(head: bytes) -> str | None:
    """The media type by a file's first 1024 bytes, or None for what is no document here.

    A file that is several at once is what its very first bytes say.
    """
    for magic, media_type in (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"II*\x00", "image/tiff"),
        (b"MM\x00*", "image/tiff"),
        (b"II+\x00", "image/tiff"),
        (b"MM\x00+", "image/tiff"),
    ):
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return PDF if b"%PDF-" in head[:1024] else None
