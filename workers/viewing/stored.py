"""One row, or one picture, out of the parts of a table, reading as little of them as can be."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow.parquet as pq
from PIL import Image

from schemas.errors import RequestError
from schemas.lines import error_line
from schemas.tables import SCHEMAS
from workers.dataset.parts import open_part
from workers.viewing.gone import requiring
from workers.viewing.parts import PICTURE, TEXT, NotPlainError, Part

_BATCH_ROWS = 512
_LEFT_OUT: Final = frozenset({"image", "images", "minhash", "image_hash", "text_hash"})
_FIRST_BYTES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
_UNKNOWN = "application/octet-stream"
_READ: Final = ("PNG", "JPEG", "WEBP")
_MAX_PIXELS = 64_000_000
"""Of a picture that is made small; Pillow warns from 89 million on."""
_THUMBNAIL_QUALITY = 80


@dataclass(frozen=True, slots=True)
class Picture:
    """The file of a picture, and its media type as its first bytes say: never what a name says.

    `media_type` is that of PNG, JPEG or WebP, else `application/octet-stream`.
    """

    data: bytes
    media_type: str

    @staticmethod
    def of(data: bytes) -> Picture:
        """A picture by its bytes."""
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return Picture(data, "image/webp")
        kinds = (kind for first, kind in _FIRST_BYTES if data.startswith(first))
        return Picture(data, next(kinds, _UNKNOWN))


class StoredRows:
    """The rows of one table of one version, by their part and their place in it. For threads."""

    def __init__(self, table: str, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._nulls = dict.fromkeys(set(SCHEMAS[table].names) - _LEFT_OUT)

    def row(self, part: int, place: int) -> Mapping[str, Any]:
        """A whole row as plain values, without its pictures and signatures.

        A column that the part lacks, as one of an earlier release does, is null.
        """
        stored = self._parts[part]
        values = _values(stored, place, sorted(stored.columns - _LEFT_OUT - {TEXT}))
        # The text, the largest column, without those of the rows before it.
        text = {TEXT: _text(stored, place)} if TEXT in stored.columns else {}
        return {**self._nulls, **values, **text}

    def text(self, part: int, place: int) -> str:
        """The text of a row; an empty one where it is null."""
        return _text(self._parts[part], place) or ""

    def picture(self, part: int, place: int, number: int = 0) -> Picture | None:
        """The picture of a row, or one of several; None where there is none."""
        stored = self._parts[part]
        if "image" in stored.columns:
            data = _image(stored, place) if number == 0 else None
            return None if data is None else Picture.of(data)
        if "images" not in stored.columns:
            return None
        images = _values(stored, place, ["images"])["images"] or []
        return Picture.of(images[number]["bytes"]) if 0 <= number < len(images) else None


def _text(part: Part, place: int) -> str | None:
    try:
        data = part.value(TEXT, place)
        return None if data is None else data.decode()
    except NotPlainError:
        text: str | None = _values(part, place, [TEXT])[TEXT]
        return text


def _image(part: Part, place: int) -> bytes | None:
    try:
        return part.value(PICTURE, place)
    except NotPlainError:  # a part of an earlier release
        stored = _values(part, place, ["image"])["image"]
        data: bytes | None = stored and stored["bytes"]
        return data


def _values(part: Part, place: int, columns: Sequence[str]) -> Mapping[str, Any]:
    """Values that Arrow reads, from the start of the row group."""
    group, row = part.group_of(place)
    with requiring(part.uri), open_part(part.uri) as handle:
        # A row group is read batch by batch, and no further than the row's.
        batches = pq.ParquetFile(handle).iter_batches(
            _BATCH_ROWS, row_groups=[group], columns=list(columns)
        )
        for batch in batches:
            if row < batch.num_rows:
                values: Mapping[str, Any] = batch.slice(row, 1).to_pylist()[0]
                return values
            row -= batch.num_rows
    raise IndexError(f"{part.uri} has no row {place}")


def thumbnail(picture: Picture, longest_edge_px: int) -> Picture:
    """A picture made small, as a JPEG.

    Raises RequestError where it has too many pixels, or is none that can be decoded.
    """
    try:
        with Image.open(io.BytesIO(picture.data), formats=_READ) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                raise RequestError(
                    f"the picture has {opened.width} x {opened.height} pixels, too many to show"
                )
            opened.draft("RGB", (longest_edge_px, longest_edge_px))
            small = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        raise RequestError(f"the picture cannot be decoded ({error_line(exc)})") from exc
    small.thumbnail((longest_edge_px, longest_edge_px), reducing_gap=2.0)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=_THUMBNAIL_QUALITY)
    return Picture(out.getvalue(), "image/jpeg")
