"""An open container: how many bytes were read of it, and no error of a store taken for damage."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from schemas.errors import StorageError
from workers import store


class GoneError(StorageError):
    """A container is missing. It is no OSError, which walks take for damaged bytes."""


@contextmanager
def opened(uri: str, turn: store.Turn | None = None) -> Iterator[Opened]:
    """The file at a location, open for reading at any place; requests wait for their turns."""
    with store.open_input(uri, turn) as handle:
        yield Opened(handle, uri)


class Opened(io.RawIOBase):
    """An open file. `bytes_read` counts what was taken from it.

    A file that vanishes while it is read is a StorageError, which is tried again: walks take any
    OSError for damaged bytes.
    """

    def __init__(self, handle: BinaryIO, uri: str) -> None:
        self._handle = handle
        self._uri = uri
        self.bytes_read = 0

    @property
    def binary(self) -> BinaryIO:
        """This file, as libraries want its type."""
        return cast(BinaryIO, self)

    def read(self, size: int = -1) -> bytes:
        """Bytes from the place on; fewer than `size` only at the end."""
        try:
            data = self._handle.read(size)
        except FileNotFoundError as exc:
            raise GoneError(f"{self._uri} vanished while it was read") from exc
        self.bytes_read += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        return self._handle.seek(offset, whence)

    def tell(self) -> int:
        """The place."""
        return self._handle.tell()

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True
