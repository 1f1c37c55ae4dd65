"""Media types of documents, by the first bytes of a file."""

from __future__ import annotations

PDF = "application/pdf"


def sniff(head: bytes) -> str | None:
    """The media type from a file's first 1024 bytes; None where we do not read such files.

    A file that is valid in several formats has the type that its very first bytes show.
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
