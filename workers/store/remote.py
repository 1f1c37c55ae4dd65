"""What the room asks of every object store, and what it does the same with each of them.

A store is a `Remote`: `s3.S3` for `s3://`, `cloud.Cloud` for `gs://` and Azure, `hub.Hub` for
`hf://`. A path in it is a URI without its scheme: bucket and key.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypedDict

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# One request moves at most this much, so that a try has a deadline. Stores take parts from 5 MiB.
TRANSFER_BYTES = 16 * 2**20
MAX_PARTS = 10_000
# Parts in flight for one file: 64 MiB of memory.
CONCURRENT_PARTS = 4
CONNECT_TIMEOUT_S = 10


Turn = Callable[[], None]
"""Returns when another request may be sent."""


class Entry(TypedDict):
    """An object in a listing; `name` is its path, `modified_s` by the store's clock."""

    name: str
    size: int
    ETag: str
    modified_s: float


class Readable(Protocol):
    """A store that holds documents. A missing object is a FileNotFoundError."""

    scheme: str

    def pages(self, path: str, delimiter: str = "") -> Iterator[list[Entry]]:
        """The objects whose paths begin with `path`, a page at a time; with a delimiter, only
        those that do not contain it after the prefix."""

    def info(self, path: str) -> Entry:
        """Size and version of an object; the name may say the version, too."""

    def exists(self, path: str) -> bool:
        """Whether there is an object, or a folder with objects."""

    def cat_file(self, path: str, start: int | None = None, end: int | None = None) -> bytes:
        """An object's bytes, or some of them."""

    def read_span(self, entry: Entry, start: int, stop: int) -> bytes:
        """Bytes of the version that `entry` names; an OSError where the object has changed."""


class Remote(Readable, Protocol):
    """A store that holds datasets, too."""

    def cat_all(self, paths: Sequence[str]) -> list[bytes]:
        """The bytes of many small objects, in order."""

    def get_object(self, path: str) -> tuple[bytes, str]:
        """An object's bytes and the version that `put_if` takes."""

    def put_if(self, path: str, data: bytes, version: str | None) -> bool:
        """Write a small object if it is still at `version`, or if there is none where that is None.

        False where the store refuses. A put whose answer was lost may be refused when it is sent
        again.
        """

    def upload(self, source: Path | bytes, path: str) -> None:
        """Write a local file, or bytes, as an object; in parts where it is large."""

    def delete_objects(self, paths: Sequence[str]) -> None:
        """Delete at most 1,000 objects; a missing one is no error."""


def part_bytes(size: int) -> int:
    """The size of the parts in which a file goes up."""
    return max(TRANSFER_BYTES, -(-size // MAX_PARTS))


def download(store: Readable, path: str, target: Path) -> None:
    """Copy an object to a local file, range by range, all of one version."""
    entry = store.info(path)
    with target.open("wb") as handle:
        for start in range(0, entry["size"], TRANSFER_BYTES):
            handle.write(store.read_span(entry, start, min(start + TRANSFER_BYTES, entry["size"])))


def _at_once() -> None:
    """No wait."""


class RangeFile(io.RawIOBase):
    """An object as a seekable file, of which each read is a request. All reads see one version.

    Each request waits for its `turn`.
    """

    def __init__(self, store: Readable, path: str, turn: Turn | None = None) -> None:
        self._store = store
        self._turn = turn or _at_once
        self._turn()
        self._entry = store.info(path)
        self._at = 0

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer, by one request."""
        view = memoryview(buffer).cast("B")
        stop = min(self._at + min(len(view), TRANSFER_BYTES), self._entry["size"])
        if stop <= self._at:
            return 0
        self._turn()
        data = self._store.read_span(self._entry, self._at, stop)
        view[: len(data)] = data
        self._at = stop
        return len(data)

    def readall(self) -> bytes:
        """What is left, in requests of bounded size."""
        parts = []
        while part := self.read(TRANSFER_BYTES):
            parts.append(part)
        return b"".join(parts)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; no request is sent."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._entry["size"]}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True
