"""One value of a Parquet file, by reading the one data page that holds it.

Arrow reads a column of a row group from its start, for a picture 50 MB on average. Parts have an
offset index, which says where each data page lies, so one page of less than a megabyte is enough,
also from a store. The places of the pages of texts and pictures are read once, when a part is
opened, and take a few kilobytes.

What is read this way: strings and binaries, not within lists, plainly encoded, in data pages of the
first version, as `workers.dataset.parts` writes texts and pictures. `NotPlainError` says that a
column is another, and Arrow has to read it. The format:
https://github.com/apache/parquet-format/blob/master/README.md
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import IntegrityError
from workers import store
from workers.viewing.gone import requiring
from workers.viewing.thrift import DamagedError, Struct, Wanted, read_struct, read_varint

TEXT, PICTURE = "text", "image.bytes"
"""The columns of which single values are read."""

_TAIL_BYTES = 2**19
"""What is read of the end of a part at first: mostly its footer and all its offset indexes."""
_MAGIC = b"PAR1"
# Fields of Parquet's structures, in the order of parquet.thrift.
_GROUPS, _CHUNKS, _INDEX_OFFSET, _INDEX_BYTES = 4, 1, 4, 5
_FOOTER: Final[Wanted] = {_GROUPS: {_CHUNKS: {_INDEX_OFFSET: {}, _INDEX_BYTES: {}}}}
_INDEX_PAGES, _PAGE_OFFSET, _PAGE_BYTES, _PAGE_FIRST_ROW = 1, 1, 2, 3
_HEAD_TYPE, _HEAD_PLAIN_BYTES, _HEAD_BYTES, _HEAD_DATA = 1, 2, 3, 5
_DATA_ENCODING, _DATA_LEVELS_ENCODING = 2, 3
_DATA_PAGE, _PLAIN, _RLE = 0, 0, 3


class NotPlainError(Exception):
    """The value is not stored in the plain way that is read here."""


@dataclass(frozen=True, slots=True)
class _Pages:
    """The data pages of a column of a row group, in their order.

    `depth` is the level of a value that is not null. Page `i` begins with row `first_rows[i]` of
    the group, and is `sizes[i]` bytes at `offsets[i]`.
    """

    codec: str
    depth: int
    first_rows: Sequence[int]
    offsets: Sequence[int]
    sizes: Sequence[int]


@dataclass(frozen=True, slots=True)
class Part:
    """Where the rows of a part lie, and their texts and pictures.

    `columns` are the names of its columns, `starts` the first row of each row group, and the number
    of rows.
    """

    uri: str
    columns: frozenset[str]
    starts: Sequence[int]
    _pages: Mapping[tuple[int, str], _Pages]

    def group_of(self, place: int) -> tuple[int, int]:
        """The row group that has a row of the part, and the row's place in it."""
        group = bisect.bisect_right(self.starts, place) - 1
        return group, place - self.starts[group]

    def value(self, column: str, place: int) -> bytes | None:
        """The value of `TEXT` or `PICTURE` in a row of the part; None where it is null.

        Raises NotPlainError where Arrow has to read it, IntegrityError where it is damaged.
        """
        group, row = self.group_of(place)
        pages = self._pages.get((group, column))
        if pages is None:
            raise NotPlainError(f"{self.uri}: {column} is not indexed, or no column of strings")
        at = bisect.bisect_right(pages.first_rows, row) - 1
        with requiring(self.uri):
            data = store.read_range(self.uri, pages.offsets[at], pages.sizes[at])
        try:
            return _value_in(data, pages.codec, pages.depth, row - pages.first_rows[at])
        except (DamagedError, KeyError, IndexError, struct.error, pa.ArrowException) as exc:
            raise IntegrityError(f"{self.uri}: a page of {column} is damaged ({exc})") from exc


def look_into(uri: str, size: int) -> tuple[Part, pq.FileMetaData]:
    """A part by its footer. Raises IntegrityError where it is no Parquet file."""
    with requiring(uri):
        tail = store.read_range(uri, max(0, size - _TAIL_BYTES), min(size, _TAIL_BYTES))
        length = int.from_bytes(tail[-8:-4], "little") + 8
        if tail[-4:] != _MAGIC or length > size:
            raise IntegrityError(
                f"{uri} is no Parquet file; `pagefoundry verify` names what is bad"
            )
        if length > len(tail):
            tail = store.read_range(uri, size - length, length)
    metadata = pq.read_metadata(pa.BufferReader(_MAGIC + tail[-length:]))
    starts = np.cumsum([0, *(_rows_of(metadata, n) for n in range(metadata.num_row_groups))])
    names = frozenset(str(name) for name in metadata.schema.to_arrow_schema().names)
    try:
        groups = read_struct(tail[-length:-8], 0, _FOOTER)[0].get(_GROUPS, [])
        with requiring(uri):
            pages = _pages_of(uri, size, tail, metadata, groups)
    except (DamagedError, KeyError, IndexError) as exc:
        raise IntegrityError(f"{uri}: its footer is damaged ({exc})") from exc
    return Part(uri, names, starts.tolist(), pages), metadata


def _rows_of(metadata: pq.FileMetaData, group: int) -> int:
    rows: int = metadata.row_group(group).num_rows
    return rows


def _pages_of(
    uri: str, size: int, tail: bytes, metadata: pq.FileMetaData, groups: Sequence[Struct]
) -> dict[tuple[int, str], _Pages]:
    """The pages of texts and pictures by row group and column, as far as they are indexed."""
    found = {}
    for number in range(len(metadata.schema)):
        leaf = metadata.schema.column(number)
        is_plain = leaf.physical_type == "BYTE_ARRAY" and leaf.max_repetition_level == 0
        if leaf.path not in (TEXT, PICTURE) or not is_plain:
            continue
        for group, stored in enumerate(groups):
            chunk = stored[_CHUNKS][number]
            if _INDEX_OFFSET not in chunk:
                continue
            offset, length = chunk[_INDEX_OFFSET], chunk[_INDEX_BYTES]
            start = offset - (size - len(tail))
            if start >= 0:
                data = tail[start : start + length]
            else:
                data = store.read_range(uri, offset, length)
            codec = metadata.row_group(group).column(number).compression
            found[group, leaf.path] = _pages_in(data, codec, leaf.max_definition_level)
    return found


def _pages_in(index: bytes, codec: str, depth: int) -> _Pages:
    pages = read_struct(index)[0][_INDEX_PAGES]
    first_rows, offsets, sizes = (
        [page[field] for page in pages] for field in (_PAGE_FIRST_ROW, _PAGE_OFFSET, _PAGE_BYTES)
    )
    return _Pages(codec, depth, first_rows, offsets, sizes)


def _value_in(page: bytes, codec: str, depth: int, row: int) -> bytes | None:
    """The value of a row of a data page, of which the header is a part."""
    head, start = read_struct(page)
    data = head.get(_HEAD_DATA)
    if head[_HEAD_TYPE] != _DATA_PAGE or data is None or data[_DATA_ENCODING] != _PLAIN:
        raise NotPlainError("the page is encoded in another way")
    body = page[start : start + head[_HEAD_BYTES]]
    if codec != "UNCOMPRESSED":
        body = pa.decompress(body, head[_HEAD_PLAIN_BYTES], codec.lower(), asbytes=True)
    before, place = row, 0
    if depth:
        if data[_DATA_LEVELS_ENCODING] != _RLE:
            raise NotPlainError("the levels are encoded in another way")
        (length,) = struct.unpack_from("<I", body)
        levels = _levels(body[4 : 4 + length], depth.bit_length(), row + 1)
        if levels[row] != depth:
            return None
        before, place = levels[:row].count(depth), 4 + length
    for _ in range(before):
        place += 4 + struct.unpack_from("<I", body, place)[0]
    (length,) = struct.unpack_from("<I", body, place)
    return body[place + 4 : place + 4 + length]


def _levels(data: bytes, width: int, count: int) -> list[int]:
    """At least the first `count` levels: runs of one level, or levels of `width` bits packed."""
    levels: list[int] = []
    place = 0
    while len(levels) < count:
        head, place = read_varint(data, place)
        if head & 1:  # groups of eight levels, each group of `width` bytes
            size = (head >> 1) * width
            packed = np.frombuffer(data[place : place + size], np.uint8)
            bits = np.unpackbits(packed, bitorder="little").reshape(-1, width)
            levels += (bits @ (1 << np.arange(width))).tolist()
            place += size
        else:
            levels += [data[place]] * min(head >> 1, count - len(levels))
            place += 1
    return levels
