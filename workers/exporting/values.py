"""Values of a row as JSON has them, and the names of pictures."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

from schemas.pages import image_path

PICTURES = ("image", "images")
"""The columns that hold pictures."""
SIGNATURES = ("text_hash", "minhash", "image_hash")
"""Columns that find duplicates, and that no trainer reads: left out unless they are asked for."""


def json_bytes(value: object) -> bytes:
    """A value as JSON in UTF-8. Bytes are written in base64; what is no number is null."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_base64)
    except ValueError:
        text = json.dumps(_with_numbers(value), ensure_ascii=False, default=_base64)
    return text.encode()


def _base64(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _with_numbers(value: object) -> object:
    """The value with null for NaN and the infinities, which JSON does not have."""
    if isinstance(value, dict):
        return {name: _with_numbers(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_numbers(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def pictures_of(row: dict[str, Any], key: str) -> list[tuple[str, bytes]]:
    """The pictures of a row, each with a file name: the key, and the suffix of its own format.

    Those of a list are numbered, and its empty places skipped.

    >>> pictures_of({"image": {"bytes": b"\\x89PNG"}}, "0123/00004")
    [('0123-00004.png', b'\\x89PNG')]
    """
    found = []
    if picture := row.get("image"):
        found.append((image_path(key, picture["bytes"]), picture["bytes"]))
    for number, picture in enumerate(row.get("images") or ()):
        if picture is not None:
            stem, _, suffix = image_path(key, picture["bytes"]).rpartition(".")
            found.append((f"{stem}.{number:03d}.{suffix}", picture["bytes"]))
    return found
