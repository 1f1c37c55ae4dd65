"""One row, or one picture, out of a part, reading as little of the part as can be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """The file of a picture, and its media type as its first bytes say: never what a name says.

    `media_type` is that of PNG, JPEG or WebP, else `application/octet-stream`.
    """

    data: bytes
    media_type: str
