"""Lines of local files, plain or compressed: streamed, or read from a line's number on.

Owns reading with bounded memory, and the byte offsets of lines in plain files. Does not know what a
line says.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MAX_LINE_BYTES = 32_000_000
"""Room for a text of 4 MB whose characters are all six-byte escapes, and for other fields."""

_STRIDE = 64  # one offset is kept for as many lines: 100 million lines cost 12.5 MB
_CHUNK_BYTES = 2**20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line without its end; `problem` says why it could not be read. Damage ends the file."""

    number: int
    data: bytes
    problem: str | None = None
    is_damaged: bool = False


@contextmanager
def opened(path: Path, compression: str) -> Iterator[BinaryIO]:
    """A local file's bytes, decompressed; `compression` is `gz`, `zst` or empty."""
    if compression == "gz":
        with gzip.open(path, "rb") as unpacked:
            yield cast(BinaryIO, unpacked)
    elif compression == "zst":
        with pa.input_stream(str(path), compression="zstd") as stream:
            # Arrow's streams have no `readline`.
            yield cast(BinaryIO, io.BufferedReader(stream, _CHUNK_BYTES))
    else:
        with path.open("rb") as plain:
            yield plain


def lines(stream: BinaryIO, first: int = 0) -> Iterator[Line]:
    """The lines of `stream`, whose position is the start of line `first`.

    A line that is too long is skipped and has a problem. Where compressed data are damaged or end
    too early, a last line says so.
    """
    number = first
    while True:
        try:
            line = _read_line(stream, number)
        except (EOFError, zlib.error, OSError) as exc:
            if isinstance(exc, OSError) and exc.errno is not None:
                raise  # the disk's, not the data's
            yield Line(number, b"", f"the compressed data are damaged: {exc}", True)
            return
        if line is None:
            return
        yield line
        number += 1


def _read_line(stream: BinaryIO, number: int) -> Line | None:
    data = stream.readline(MAX_LINE_BYTES + 1)
    if not data:
        return None
    if number == 0:
        data = data.removeprefix(_BYTE_ORDER_MARK)
    if len(data) <= MAX_LINE_BYTES or data.endswith(b"\n"):
        return Line(number, data.rstrip(b"\r\n"))
    while (more := stream.readline(_CHUNK_BYTES)) and not more.endswith(b"\n"):
        pass
    return Line(number, b"", f"over {MAX_LINE_BYTES:,} bytes; split it")


def lines_from(path: Path, number: int) -> Iterator[Line]:
    """The lines of a plain file from `number` on; none where it has fewer."""
    starts = _line_starts(path, *version(path))
    block = number // _STRIDE
    if block >= len(starts):
        return
    with path.open("rb") as stream:
        stream.seek(int(starts[block]))
        yield from (line for line in lines(stream, block * _STRIDE) if line.number >= number)


def version(path: Path) -> tuple[int, int]:
    """Size, and time of the last change in nanoseconds: if either differs, the file has changed."""
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=8)
def _line_starts(path: Path, size: int, modified_ns: int) -> NDArray[np.int64]:
    """Byte offsets of lines 0, 64, 128 and so on: int64 (ceil(lines / 64),)."""
    starts = [np.zeros(1, np.int64)]
    position = ended = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == ord("\n"))
            # The line after the k-th end of this chunk has the number ended + k + 1.
            starts.append(position + ends[-(ended + 1) % _STRIDE :: _STRIDE] + 1)
            ended += len(ends)
            position += len(chunk)
    return np.concatenate(starts)
