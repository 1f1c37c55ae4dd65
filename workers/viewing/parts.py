"""One value of a Parquet file, by reading the one data page that holds it.

Arrow reads a column of a row group from its start, for a picture 50 MB on average. Parts have an
offset index, which says where each data page lies, so one page of about a megabyte is enough, also
from a store: two requests for the first value of a part, then one a value.

What is read this way: strings and binaries, not within lists, plainly encoded, in data pages of the
first version, as `workers.dataset.parts` writes texts and pictures. `NotPlainError` says that a
column is another, and Arrow has to read it. The format:
https://github.com/apache/parquet-format/blob/master/README.md
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import IntegrityError
from workers import store
from workers.viewing.gone import requiring
from workers.viewing.thrift import DamagedError, Struct, read_struct, read_varint

_TAIL_BYTES = 2**19
"""What is read of the end of a part at first: mostly its footer and all its offset indexes."""
_MAGIC = b"PAR1"
# Fields of Parquet's structures, by the names of parquet.thrift.
_FILE_ROW_GROUPS, _GROUP_COLUMNS, _INDEX_OFFSET, _INDEX_LENGTH = 4, 1, 4, 5
_INDEX_PAGES, _PAGE_OFFSET, _PAGE_BYTES, _PAGE_FIRST_ROW = 1, 1, 2, 3
_HEAD_TYPE, _HEAD_PLAIN_BYTES, _HEAD_BYTES, _HEAD_DATA = 1, 2, 3, 5
_DATA_VALUES, _DATA_ENCODING, _DATA_LEVELS_ENCODING = 1, 2, 3
_DATA_PAGE, _PLAIN, _RLE = 0, 0, 3


class NotPlainError(Exception):
    """The value is not stored in the plain way that is read here."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A column of a Parquet file: its number, and how deep a value is that is not null."""

    number: int
    depth: int
    is_plain: bool


class Part:
    """The footer of a part, read once. Raises IntegrityError where the part is no Parquet file."""

    def __init__(self, uri: str, size: int) -> None:
        self.uri = uri
        self._size = size
        with requiring(uri):
            self._tail = store.read_range(uri, max(0, size - _TAIL_BYTES), min(size, _TAIL_BYTES))
        length = int.from_bytes(self._tail[-8:-4], "little")
        if self._tail[-4:] != _MAGIC or length + 8 > size:
            raise IntegrityError(f"{uri} is no Parquet file; `pagefoundry verify` says what is bad")
        footer = self.read(size - length - 8, length + 8)
        self.metadata = pq.read_metadata(pa.BufferReader(_MAGIC + footer))
        self._groups = _groups(footer[:-8], uri)
        schema = self.metadata.schema
        self._leaves = {
            (leaf := schema.column(number)).path: _Leaf(
                number,
                leaf.max_definition_level,
                leaf.physical_type == "BYTE_ARRAY" and leaf.max_repetition_level == 0,
            )
            for number in range(len(schema))
        }
        self._pages: dict[tuple[int, int], Sequence[Struct]] = {}
        self._starts = [0]
        for group in range(self.metadata.num_row_groups):
            self._starts.append(self._starts[-1] + self.metadata.row_group(group).num_rows)

    @property
    def columns(self) -> frozenset[str]:
        """The paths of the columns, such as `image.bytes`."""
        return frozenset(self._leaves)

    def group_of(self, place: int) -> tuple[int, int]:
        """The row group that has a row of the part, and the row's place in it."""
        group = bisect.bisect_right(self._starts, place) - 1
        return group, place - self._starts[group]

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the part."""
        start = offset - (self._size - len(self._tail))
        if start >= 0:
            return self._tail[start : start + length]
        with requiring(self.uri):
            return store.read_range(self.uri, offset, length)

    def value(self, column: str, place: int) -> bytes | None:
        """The value of a column in a row of the part; None where it is null.

        Raises NotPlainError where Arrow has to read it.
        """
        group, row = self.group_of(place)
        leaf = self._leaves[column]
        if not leaf.is_plain:
            raise NotPlainError(f"{column} is no column of plain strings")
        pages = self._pages_of(group, leaf)
        at = bisect.bisect_right(pages, row, key=lambda page: int(page[_PAGE_FIRST_ROW])) - 1
        data = self.read(pages[at][_PAGE_OFFSET], pages[at][_PAGE_BYTES])
        codec = self.metadata.row_group(group).column(leaf.number).compression
        try:
            return _value_in(data, codec, leaf.depth, row - pages[at][_PAGE_FIRST_ROW])
        except (DamagedError, KeyError, IndexError, struct.error, pa.ArrowException) as exc:
            raise IntegrityError(f"{self.uri}: a page of {column} is damaged ({exc})") from exc

    def _pages_of(self, group: int, leaf: _Leaf) -> Sequence[Struct]:
        """Where the data pages of a column lie, in the order of their rows."""
        key = (group, leaf.number)
        if key not in self._pages:
            chunk = self._groups[group][_GROUP_COLUMNS][leaf.number]
            if _INDEX_OFFSET not in chunk:
                raise NotPlainError(f"{self.uri} has no offset index")
            index, _ = read_struct(self.read(chunk[_INDEX_OFFSET], chunk[_INDEX_LENGTH]))
            self._pages[key] = index[_INDEX_PAGES]
        return self._pages[key]


def _groups(footer: bytes, uri: str) -> Sequence[Struct]:
    try:
        groups: Sequence[Struct] = read_struct(footer)[0][_FILE_ROW_GROUPS]
    except (DamagedError, KeyError) as exc:
        raise IntegrityError(f"{uri}: its footer is damaged ({exc})") from exc
    return groups


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
