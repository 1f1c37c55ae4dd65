"""Bytes of containers: ranges of a stored file, a stream that only goes forward, an unpacked file.

A range is asked for by itself, so a member of a zip of terabytes costs its own bytes.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from workers import store
from workers.sources.containers.entries import Chunks, LostError
from workers.sources.containers.limits import FREE_BYTES, MAX_EXPANSION, MAX_MEMBER_BYTES
from workers.sources.containers.opened import GoneError

_PIECE_BYTES = 8 * 2**20
_HISTORY_BYTES = 2**16
_LINES_BYTES = 2**20
_MAX_LINE_BYTES = 2**20

DAMAGE = (zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, pa.ArrowInvalid)
"""What the libraries raise for packed bytes that are damaged. A StorageError is none of them."""


def ranges(uri: str, offset: int, length: int, size: int, turn: store.Turn | None = None) -> Chunks:
    """Bytes of a stored file of `size` bytes, in requests of a few megabytes, each in its turn.

    Raises LostError where the file has no such bytes, GoneError where it is missing.
    """
    stop = offset + length
    if not 0 <= offset <= stop <= size:
        raise LostError(f"the container has no bytes {offset:,} to {stop:,}: it has {size:,}")
    while offset < stop:
        count = min(_PIECE_BYTES, stop - offset)
        if turn is not None:
            turn()
        try:
            yield store.read_range(uri, offset, count)
        except FileNotFoundError as exc:
            raise GoneError(f"{uri} is missing") from exc
        offset += count


def lines_of(stream: BinaryIO | Forward) -> Iterator[bytes]:
    """The lines of a stream without their ends. Raises ValueError for a line of a megabyte."""
    rest = b""
    while piece := stream.read(_LINES_BYTES):
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
        if len(rest) > _MAX_LINE_BYTES:
            raise ValueError(f"a line of more than {_MAX_LINE_BYTES:,} bytes")
    if rest:
        yield rest


class Joined(io.RawIOBase):
    """Chunks as a file that is read once, forward."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self._rest = b""
        self._place = 0

    def read(self, size: int = -1) -> bytes:
        """Some bytes, at most `size`; none at the end."""
        if not self._rest:
            self._rest = next(self._chunks, b"")
        taken, self._rest = self._rest[:size], self._rest[size:]
        self._place += len(taken)
        return taken

    def tell(self) -> int:
        """How many bytes were read."""
        return self._place

    def readable(self) -> bool:
        """True."""
        return True


def write_bounded(chunks: Chunks, target: Path, packed_bytes: int) -> None:
    """Write what a member unpacks to. Raises LostError where that is damaged, or too much."""
    most = min(MAX_MEMBER_BYTES, max(FREE_BYTES, MAX_EXPANSION * packed_bytes))
    written = 0
    with target.open("wb") as file:
        for chunk in _undamaged(chunks):
            written += len(chunk)
            if written > most:
                raise LostError(f"it unpacks to more than {most:,} bytes", "bomb")
            file.write(chunk)


def _undamaged(chunks: Chunks) -> Chunks:
    try:
        yield from chunks
    except DAMAGE as exc:
        raise LostError(f"its bytes are damaged ({exc})") from exc


@contextmanager
def unpacked(handle: BinaryIO, packing: str) -> Iterator[Forward]:
    """What a packed file holds, as a stream. `packing` is `gz`, `bz2`, `xz` or `zst`."""
    stream = _UNPACKERS[packing](handle)
    try:
        yield Forward(stream)
    finally:
        stream.close()


_UNPACKERS: dict[str, Callable[[BinaryIO], Any]] = {
    "gz": lambda handle: gzip.GzipFile(fileobj=handle),
    "bz2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
    "zst": lambda handle: pa.CompressedInputStream(pa.PythonFile(handle, "r"), "zstd"),
}


class Forward(io.RawIOBase):
    """A stream that only goes forward, with the places of a file: `seek` skips.

    A short way back is kept, since a reader of headers looks at the byte before the next one.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._history = b""
        self._end = 0  # bytes that were taken from the stream
        self._place = 0

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; fewer only at the end."""
        if size < 0:
            raise ValueError("a stream of any length is read in pieces")
        parts = []
        if self._place < self._end:
            kept = self._history[len(self._history) - (self._end - self._place) :][:size]
            parts.append(kept)
            self._place += len(kept)
            size -= len(kept)
        while size and (part := self._stream.read(min(size, _PIECE_BYTES))):
            parts.append(part)
            size -= len(part)
            self._end += len(part)
            self._place = self._end
            self._history = (self._history + part)[-_HISTORY_BYTES:]
        return b"".join(parts)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place: forward by reading, back by at most what is kept."""
        if whence != io.SEEK_SET or offset < self._end - len(self._history):
            raise ValueError(f"a stream at byte {self._end} cannot go back to {offset}")
        self._place = min(offset, self._end)
        while self._place < offset and self.read(min(offset - self._place, _PIECE_BYTES)):
            pass
        return self._place

    def tell(self) -> int:
        """The place in the stream."""
        return self._place

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True, with the limits of `seek`."""
        return True
