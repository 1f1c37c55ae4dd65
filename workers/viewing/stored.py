"""One row, or one picture, out of the parts of a table, reading as little of them as can be."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow.parquet as pq
from PIL import Image

from schemas.errors import RequestError
from schemas.lines import error_line
from workers.dataset import TableVersion
from workers.dataset.parts import open_part
from workers.viewing.gone import requiring
from workers.viewing.parts import NotPlainError, Part
from workers.viewing.recent import Recent

_PARTS_HELD = 64
_BATCH_ROWS = 512
_SIGNATURES = ("minhash", "image_hash", "text_hash")
_PICTURES = ("image", "images")
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
    """The rows of one table of one version. For threads."""

    def __init__(self, table: TableVersion, parts: Recent[Part]) -> None:
        self._table = table
        self._parts = parts

    @staticmethod
    def recent_parts() -> Recent[Part]:
        """Footers of parts, for all tables of a dataset together."""
        return Recent(_PARTS_HELD)

    def row(self, part: int, place: int) -> Mapping[str, Any]:
        """A whole row as plain values, without its pictures and signatures."""
        footer = self._part(part)
        names = {path.partition(".")[0] for path in footer.columns}
        columns = sorted(names - {*_SIGNATURES, *_PICTURES, "text"})
        values = self._values(footer, place, columns)
        # The text, the largest column, without those of the rows before it.
        return {**values, "text": self._text(footer, place)} if "text" in names else values

    def text(self, part: int, place: int) -> str:
        """The text of a row; an empty one where it is null."""
        return self._text(self._part(part), place) or ""

    def _text(self, footer: Part, place: int) -> str | None:
        try:
            data = footer.value("text", place)
            return None if data is None else data.decode()
        except NotPlainError:
            text: str | None = self._values(footer, place, ["text"])["text"]
            return text

    def picture(self, part: int, place: int, number: int = 0) -> Picture | None:
        """The picture of a row, or one of several; None where there is none."""
        footer = self._part(part)
        if "image.bytes" in footer.columns:
            data = self._image(footer, place) if number == 0 else None
            return None if data is None else Picture.of(data)
        images = [name for name in footer.columns if name.startswith("images.")]
        if not images:
            return None
        stored = self._values(footer, place, ["images"])["images"] or []
        if not 0 <= number < len(stored):
            return None
        return Picture.of(stored[number]["bytes"])

    def _image(self, footer: Part, place: int) -> bytes | None:
        try:
            return footer.value("image.bytes", place)
        except NotPlainError:  # a part of an earlier release
            stored = self._values(footer, place, ["image"])["image"]
            data: bytes | None = stored and stored["bytes"]
            return data

    def _part(self, number: int) -> Part:
        part = self._table.parts[number]
        uri = self._table.part_uri(part)
        return self._parts.get(uri, lambda: Part(uri, part.size))

    def _values(self, footer: Part, place: int, columns: list[str]) -> Mapping[str, Any]:
        """Values that Arrow reads, from the start of the row group."""
        group, row = footer.group_of(place)
        with requiring(footer.uri), open_part(footer.uri) as handle:
            file = pq.ParquetFile(handle, metadata=footer.metadata)
            # A row group is read batch by batch, and no further than the row's.
            batches = file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=columns)
            for batch in batches:
                if row < batch.num_rows:
                    values: Mapping[str, Any] = batch.slice(row, 1).to_pylist()[0]
                    return values
                row -= batch.num_rows
        raise IndexError(f"{footer.uri} has no row {place}")


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
