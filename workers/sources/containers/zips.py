"""Walk through a zip by its directory, or by its members' headers where the directory is lost.

A member is read by a range of its own, so a zip is never read whole.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from schemas.shards import Member
from workers.sources.containers.entries import Chunks, Entry, LostError, lost, printable
from workers.sources.containers.streams import DAMAGE, ranges

_HEADER = struct.Struct("<4s5H3I2H")
_MAGIC = b"PK\x03\x04"
_IS_ENCRYPTED, _HAS_DESCRIPTOR, _IS_UTF8 = 0x1, 0x8, 0x800
_END = struct.Struct("<4s4H2IH")
_END_MAGIC = b"PK\x05\x06"
_IN_ZIP16, _IN_ZIP64 = 0xFFFF, 0xFFFFFFFF
_LZMA_HEADER = struct.Struct("<2BH")
_OTHER_METHODS = {9: "deflate64", 93: "zstd", 95: "xz", 98: "PPMd", 99: "AES"}
_PIECE_BYTES = 2**20


class _Local(NamedTuple):
    """The header in front of a member's bytes."""

    magic: bytes
    needs: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed: int
    size: int
    name_length: int
    extra_length: int


def walk_zip(uri: str, handle: BinaryIO, size: int) -> Iterator[Entry]:
    """The members of a zip at `uri`, in the order of their bytes."""
    try:
        infos = zipfile.ZipFile(handle).infolist()
    except (zipfile.BadZipFile, NotImplementedError, *DAMAGE) as exc:
        yield lost("zip", size, f"the zip's directory cannot be read ({exc})")
        yield from _by_headers(uri, handle, size)
        return
    count = _counted(handle, size)
    if count is not None and count != len(infos) % (_IN_ZIP16 + 1):
        yield lost("zip", size, f"the zip's directory has {len(infos)} members of {count}")
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.is_dir():
            continue
        # The header's attributes may be longer than the directory's: `chunks` asks for more then.
        head = _HEADER.size + len(info.orig_filename.encode()) + len(info.extra)
        version = f"{info.file_size}-{info.CRC:08x}"
        length = head + info.compress_size
        name = printable(info.filename)
        member = Member(name, "zip", info.header_offset, length, version)
        yield _entry(uri, member, size, is_encrypted=bool(info.flag_bits & _IS_ENCRYPTED))


def _counted(handle: BinaryIO, size: int) -> int | None:
    """The members that the end of a zip counts, by its lower 16 bits; None where it says zip64."""
    start = max(0, size - _END.size - _IN_ZIP16)
    handle.seek(start)
    tail = handle.read(size - start)
    place = tail.rfind(_END_MAGIC)
    if place < 0 or place + _END.size > len(tail):
        return None
    count = int(_END.unpack_from(tail, place)[4])
    return None if count == _IN_ZIP16 else count


def _entry(uri: str, member: Member, size: int, is_encrypted: bool) -> Entry:
    if is_encrypted:
        why = LostError("the member needs a password; unpack it and add it again", "encrypted")
        return Entry(member, None, why)
    return Entry(member, lambda: zip_chunks(uri, member, size))


def zip_chunks(uri: str, member: Member, size: int) -> Chunks:
    """The bytes of a member, checked against its CRC-32. Raises LostError where they are damaged.

    `size` is that of the container.
    """
    packed = _Packed(uri, member.offset, min(member.offset + member.length, size), size)
    header = _Local._make(_HEADER.unpack(packed.take(_HEADER.size)))
    if header.magic != _MAGIC:
        raise LostError(f"no member begins at byte {member.offset}")
    packed.take(header.name_length + header.extra_length)
    unpacked_bytes, _, crc_hex = member.version.partition("-")
    unpack = _unpacker(header.method, packed)
    crc = 0
    length = 0
    try:
        for chunk in unpack(packed, int(unpacked_bytes)):
            crc = zlib.crc32(chunk, crc)
            length += len(chunk)
            yield chunk
    except DAMAGE as exc:
        raise LostError(f"its bytes are damaged ({exc})") from exc
    if length != int(unpacked_bytes) or crc != int(crc_hex, 16):
        raise LostError("its bytes are damaged (size or CRC-32 differ from the directory's)")


class _Packed:
    """The packed bytes of a member, forward, in requests of a few megabytes."""

    def __init__(self, uri: str, start: int, stop: int, size: int) -> None:
        self._uri = uri
        self._stop = stop
        self._size = size
        self._place = start
        self._chunks = ranges(uri, start, stop - start, size)
        self._rest = b""

    def take(self, count: int) -> bytes:
        """Exactly `count` bytes. Raises LostError where the container ends before."""
        while len(self._rest) < count:
            self._rest += self._next()
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def piece(self) -> bytes:
        """Some more bytes. Raises LostError where the container ends."""
        taken, self._rest = self._rest or self._next(), b""
        return taken

    def _next(self) -> bytes:
        chunk = next(self._chunks, None)
        if chunk is None:  # the header was longer than the directory let expect
            more = min(_PIECE_BYTES // 16, self._size - self._stop)
            if more <= 0:
                raise LostError("the container ends within the member")
            self._chunks = ranges(self._uri, self._stop, more, self._size)
            self._stop += more
            chunk = next(self._chunks)
        return chunk


Unpack = Callable[[_Packed, int], Chunks]


def _unpacker(method: int, packed: _Packed) -> Unpack:
    if method == zipfile.ZIP_STORED:
        return _stored
    if method == zipfile.ZIP_DEFLATED:
        return lambda source, size: _decompressed(source, size, zlib.decompressobj(-15))
    if method == zipfile.ZIP_BZIP2:
        return lambda source, size: _decompressed(source, size, bz2.BZ2Decompressor())
    if method == zipfile.ZIP_LZMA:
        return lambda source, size: _decompressed(source, size, _lzma(source))
    name = _OTHER_METHODS.get(method, f"method {method}")
    raise LostError(f"it is packed by {name}, which is not read; pack it by deflate", "unsupported")


def _stored(packed: _Packed, size: int) -> Chunks:
    while size:
        chunk = packed.piece()[:size]
        size -= len(chunk)
        yield chunk


@dataclass(slots=True)
class _Lzma:
    """A decompressor of raw LZMA with the interface of the others."""

    inner: lzma.LZMADecompressor

    @property
    def eof(self) -> bool:
        return self.inner.eof

    def decompress(self, data: bytes, most: int) -> bytes:
        return self.inner.decompress(data, most)


def _lzma(packed: _Packed) -> _Lzma:
    # APPNOTE.TXT 5.8.8: version of the SDK, and the properties of the one filter
    _, _, length = _LZMA_HEADER.unpack(packed.take(_LZMA_HEADER.size))
    try:
        decode = lzma._decode_filter_properties  # type: ignore[attr-defined] # zipfile uses it, too
        filters = [decode(lzma.FILTER_LZMA1, packed.take(length))]
        return _Lzma(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters))
    except (lzma.LZMAError, ValueError) as exc:
        raise LostError(f"its bytes are damaged ({exc})") from exc


def _decompressed(packed: _Packed, size: int, decompressor: object) -> Chunks:
    """At most `size` + 1 bytes, so that a member that lies about its size is found out."""
    unpack = decompressor.decompress  # type: ignore[attr-defined] # three libraries, no protocol
    left = size + 1
    rest = b""
    while left and not decompressor.eof:  # type: ignore[attr-defined]
        if not rest:
            needs_input = getattr(decompressor, "needs_input", True)
            rest = packed.piece() if needs_input else b""
        chunk = unpack(rest, min(left, _PIECE_BYTES))
        rest = getattr(decompressor, "unconsumed_tail", b"")
        left -= len(chunk)
        if chunk:
            yield chunk


def _by_headers(uri: str, handle: BinaryIO, size: int) -> Iterator[Entry]:
    """The members of a zip without a directory, one behind the other."""
    offset = 0
    while (start := _next_member(handle, offset)) is not None:
        handle.seek(start)
        data = handle.read(_HEADER.size)
        if len(data) < _HEADER.size:
            yield lost("zip", start, "the container is cut off within a header")
            return
        header = _Local._make(_HEADER.unpack(data))
        raw_name = handle.read(header.name_length)
        body = start + _HEADER.size + header.name_length + header.extra_length
        name = printable(raw_name if header.flags & _IS_UTF8 else raw_name.decode("cp437"))
        if header.flags & _HAS_DESCRIPTOR or _IN_ZIP64 in (header.packed, header.size):
            yield lost("zip", start, "its size is in the lost directory only", name)
            offset = body
            continue
        version = f"{header.size}-{header.crc:08x}"
        member = Member(name, "zip", start, body + header.packed - start, version)
        if not name.endswith("/"):
            yield _entry(uri, member, size, bool(header.flags & _IS_ENCRYPTED))
        offset = body + header.packed


def _next_member(handle: BinaryIO, start: int) -> int | None:
    """The place of the next header of a member, at `start` or behind it."""
    while True:
        handle.seek(start)
        block = handle.read(_PIECE_BYTES)
        place = block.find(_MAGIC)
        if place >= 0:
            return start + place
        if len(block) < len(_MAGIC):
            return None
        start += len(block) - len(_MAGIC) + 1
