"""Reading and writing whole objects and ranges, local copies, temporary folders.

A location is a local path or the URL of an object in a store, such as `s3://bucket/key`. Nothing
else in the project opens a file, except libraries that get a local path from here.
Foreign errors become StorageError or SourceError; a missing object is a FileNotFoundError.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import posixpath
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from schemas.errors import StorageError
from workers.store.locations import (
    filesystem,
    is_local,
    is_utf8,
    local_path,
    paths_in,
    replacing,
    translated,
)
from workers.store.remote import RangeFile, Turn, download

_CHUNK_BYTES = 4 * 2**20


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder on local disk that is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="pagefoundry-") as folder:
        yield Path(folder)


@contextmanager
def local_copy(uri: str) -> Iterator[Path]:
    """A path to the file's bytes: the file itself where it is local, else a temporary copy."""
    if is_local(uri):
        path = local_path(uri)
        with translated("open", uri):
            is_file = path.is_file()
        if not is_file:
            raise FileNotFoundError(uri)
        if not is_utf8(str(path)):  # a name that native libraries do not take
            with temporary_folder() as folder:
                (folder / "document").symlink_to(path)
                yield folder / "document"
        else:
            yield path
        return
    with temporary_folder() as folder:
        path = folder / "document"
        with translated("download", uri):
            fs, remote = filesystem(uri)
            download(fs, remote, path)
        yield path


def read_head(path: Path, length: int) -> bytes:
    """The first bytes of a local file."""
    with translated("read", str(path)), open(path, "rb") as handle:
        return handle.read(length)


def open_input(uri: str, turn: Turn | None = None) -> BinaryIO:
    """Open an object for reading, seekable, in blocks. The caller closes it.

    Each request to a store waits for its `turn`.
    """
    with translated("open", uri):
        fs, path = filesystem(uri)
        if is_local(uri):
            return cast(BinaryIO, _Input(fs.open(path, "rb"), uri))
        handle = io.BufferedReader(RangeFile(fs, path, turn), _CHUNK_BYTES)
        return cast(BinaryIO, _Input(handle, uri))


class _Input(io.RawIOBase):
    """An open object; its reads raise our errors."""

    def __init__(self, handle: BinaryIO | io.BufferedReader, uri: str) -> None:
        self._handle = handle
        self._uri = uri

    def read(self, size: int = -1) -> bytes:
        with translated("read", self._uri):
            return bytes(self._handle.read(size))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return int(self._handle.seek(offset, whence))

    def tell(self) -> int:
        return int(self._handle.tell())

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._handle.close()
        super().close()


def read_bytes(uri: str) -> bytes:
    """The whole object. Raises FileNotFoundError."""
    with translated("read", uri):
        fs, path = filesystem(uri)
        data: bytes = fs.cat_file(path)
        return data


def read_range(uri: str, offset: int, length: int) -> bytes:
    """`length` bytes from `offset`. Raises StorageError where the object is shorter."""
    with translated("read", uri):
        fs, path = filesystem(uri)
        data: bytes = fs.cat_file(path, start=offset, end=offset + length)
    if len(data) != length:
        raise StorageError(f"{uri}: {length} bytes wanted at {offset}, {len(data)} found")
    return data


def write_bytes(uri: str, data: bytes) -> None:
    """Write an object whole: a reader sees the old one or the new one, never a part."""
    with translated("write", uri):
        if is_local(uri):
            with replacing(local_path(uri)) as temporary:
                temporary.write_bytes(data)
        else:
            fs, path = filesystem(uri)
            fs.upload(data, path)


def upload(path: Path, uri: str) -> None:
    """Copy a local file to `uri`, whole or not at all; to a store in parts."""
    with translated("write", uri):
        if is_local(uri):
            with replacing(local_path(uri)) as temporary:
                shutil.copyfile(path, temporary)
        else:
            fs, remote = filesystem(uri)
            fs.upload(path, remote)


def delete(uri: str) -> None:
    """Delete an object; a missing one is no error."""
    with translated("delete", uri):
        if is_local(uri):
            local_path(uri).unlink(missing_ok=True)
        else:
            fs, path = filesystem(uri)
            fs.delete_objects([path])


def make_folder(uri: str) -> None:
    """Make a folder, in a store that has folders."""
    with translated("make the folder", uri):
        if is_local(uri):
            local_path(uri).mkdir(parents=True, exist_ok=True)


def remove_empty_folder(uri: str) -> None:
    """Remove a folder without files, and such folders in it, in a store that has folders."""
    with translated("remove the folder", uri):
        if is_local(uri):
            for folder, _, _ in os.walk(local_path(uri), topdown=False):
                try:
                    os.rmdir(folder)
                except OSError as exc:
                    if exc.errno not in (errno.ENOTEMPTY, errno.ENOENT):
                        raise


def exists(uri: str) -> bool:
    """Whether an object or folder is there."""
    with translated("stat", uri):
        fs, path = filesystem(uri)
        return bool(fs.exists(path))


def read_many(uris: list[str]) -> list[bytes]:
    """The bytes of many small objects, in order, fetched in parallel where the store can."""
    if not uris:
        return []
    with translated("read", f"{len(uris)} objects under {posixpath.dirname(uris[0])}"):
        if is_local(uris[0]):
            return [local_path(uri).read_bytes() for uri in uris]
        fs, _ = filesystem(uris[0])
        data: list[bytes] = fs.cat_all(paths_in(uris))
        return data


def sha256_of(uri: str) -> str:
    """SHA-256 (hex) of an object, streamed in blocks."""
    if is_local(uri):
        with translated("read", uri), open(local_path(uri), "rb", buffering=0) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    state = hashlib.sha256()
    with open_input(uri) as handle, translated("read", uri):
        while block := handle.read(_CHUNK_BYTES):
            state.update(block)
    return state.hexdigest()
