"""Walk through a tar, packed or not: by its headers, and on behind damaged ones."""

from __future__ import annotations

import functools
import io
import tarfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

from schemas.shards import Member
from workers.sources.containers.entries import Chunks, Entry, LostError, lost, printable
from workers.sources.containers.limits import MAX_HEADER_BYTES
from workers.sources.containers.streams import DAMAGE, Forward, ranges

_MAGIC, _MAGIC_AT = b"ustar", 257
_PIECE_BYTES = 2**20


def walk_tar(uri: str, handle: BinaryIO, size: int) -> Iterator[Entry]:
    """The members of a plain tar. Their bytes are read from the file at `uri` by ranges."""
    return _entries(handle, "tar", lambda member: ranges(uri, member.offset, member.length, size))


def walk_packed_tar(stream: Forward) -> Iterator[Entry]:
    """The members of a tar that is being unpacked, each with its bytes while they pass by."""
    return _entries(stream, "packed", lambda member: _passing(stream, member))


def _entries(
    handle: BinaryIO | Forward, form: str, chunks_of: Callable[[Member], Chunks]
) -> Iterator[Entry]:
    for info in _headers(handle, form):
        if isinstance(info, Entry):
            yield info
            continue
        member = _member(info, form)
        if reason := _unreadable(info):
            yield Entry(member, None, LostError(reason))
        else:
            yield Entry(member, functools.partial(chunks_of, member))


def _member(info: tarfile.TarInfo, form: str) -> Member:
    name = printable(info.name)
    return Member(name, form, info.offset_data, info.size, f"{info.size}-{info.mtime:.6f}")


def _unreadable(info: tarfile.TarInfo) -> str | None:
    if info.issym() or info.islnk():
        return f"a link to {printable(info.linkname)}; links in containers are not followed"
    if info.issparse():
        return "a sparse file; pack it as a plain one"
    return None if info.isreg() else "a device, which has no bytes"


def _passing(stream: Forward, member: Member) -> Chunks:
    stream.seek(member.offset)
    left = member.length
    while left:
        chunk = stream.read(min(left, _PIECE_BYTES))
        if not chunk:
            raise LostError(f"the container ends {left:,} bytes before the member's end")
        left -= len(chunk)
        yield chunk


class _Bounded(io.RawIOBase):
    """A file whose headers cannot claim to be long: they are read in one piece."""

    def __init__(self, handle: BinaryIO | Forward) -> None:
        self._handle = handle

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        data = self._handle.read(size)
        if len(data) < size:
            raise tarfile.ReadError("the container ends within a header")
        return data

    def tell(self) -> int:
        return self._handle.tell()


def _headers(handle: BinaryIO | Forward, form: str) -> Iterator[tarfile.TarInfo | Entry]:
    """The headers of files, links and devices, and an Entry for each stretch that is no tar."""
    # TarInfo.fromtarfile wants a TarFile; one of an empty archive holds the place and attributes.
    tar = tarfile.TarFile(fileobj=io.BytesIO(bytes(2 * tarfile.BLOCKSIZE)))
    tar.fileobj = _Bounded(handle)
    offset: int | None = 0
    is_ended = False
    while offset is not None:
        try:
            handle.seek(offset)
            block = handle.read(tarfile.BLOCKSIZE)
            if not block:
                if not is_ended:
                    yield lost(form, offset, "the container is cut off: a tar's end is missing")
                return
            if not block.strip(b"\0"):
                offset += len(block)  # the end, or where the next of several tars begins
                is_ended = True
                continue
            is_ended = False
            handle.seek(offset)
            info = tarfile.TarInfo.fromtarfile(tar)
            if tar.offset <= offset:
                raise tarfile.ReadError("a header points back")
        except (tarfile.TarError, *DAMAGE) as exc:
            following = _found_behind(handle, offset)
            where = "the rest" if following is None else f"the bytes up to {following}"
            yield lost(form, offset, f"{where} cannot be read as a tar ({exc})")
            offset = following
            continue
        offset = tar.offset
        if not info.isdir():
            yield info


def _found_behind(handle: BinaryIO | Forward, offset: int) -> int | None:
    """The next header behind a damaged one; None at the end, or where what is packed is damaged."""
    try:
        return _next_header(handle, offset + tarfile.BLOCKSIZE)
    except DAMAGE:
        return None


def _next_header(handle: BinaryIO | Forward, start: int) -> int | None:
    """The next block from `start` on that has the magic of a tar's header."""
    handle.seek(start)
    while block := handle.read(_PIECE_BYTES):
        place = block.find(_MAGIC, 0)
        while place >= 0:
            if place % tarfile.BLOCKSIZE == _MAGIC_AT:
                return start + place - _MAGIC_AT
            place = block.find(_MAGIC, place + 1)
        start += len(block)
    return None
