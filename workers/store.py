"""All file I/O: listing sources, reading and writing objects, local copies, temporary folders.

Everything goes through fsspec, so a location is a local path or a URL such as `s3://bucket/key`.
Nothing else in the project opens a file, except libraries that are handed a local path made here.
Foreign errors leave as StorageError or SourceError; a missing object as FileNotFoundError.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote_to_bytes

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from schemas.errors import SourceError, StorageError
from schemas.shards import SeenFile

DOCUMENT_SUFFIXES = (".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
_GLOB_CHARS = "*?["
_CHUNK_BYTES = 4 * 2**20


def is_local(uri: str) -> bool:
    """Whether `uri` is a path on this machine."""
    return "://" not in uri or uri.startswith("file://")


def local_path(uri: str) -> Path:
    """The path of a local `uri`."""
    if uri.startswith("file://"):
        return Path(os.fsdecode(unquote_to_bytes(uri.removeprefix("file://"))))
    return Path(uri)


def _filesystem(uri: str) -> tuple[Any, str]:
    """The file system of a URI and the path in it. A local name is never read as a URL."""
    if is_local(uri):
        return LocalFileSystem(), str(local_path(uri))
    fs, path = url_to_fs(uri)
    return fs, path


def absolute(uri: str) -> str:
    """A local path made absolute against the working directory; a URL as it is."""
    return posixpath.abspath(local_path(uri)) if is_local(uri) else uri.rstrip("/")


def join(base: str, *parts: str) -> str:
    """`base/part/part`, for paths and URLs alike."""
    return posixpath.join(base, *parts)


@contextmanager
def _translated(action: str, uri: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, ValueError, ImportError) as exc:
        raise StorageError(f"cannot {action} {uri}: {exc}") from exc


def list_documents(patterns: Iterable[str]) -> list[SeenFile]:
    """All files that the patterns name, once each, sorted by URI.

    A folder stands for the documents below it (by suffix); a glob for exactly what it matches.
    Raises SourceError for a pattern that matches nothing or cannot be listed.
    """
    found: dict[str, SeenFile] = {}
    for pattern in patterns:
        matches = list(_list_pattern(absolute(pattern)))
        if not matches:
            raise SourceError(
                f"source {pattern!r} matches no file; name a folder or a glob like 'docs/**/*.pdf'"
            )
        found.update((file.uri, file) for file in matches)
    return [found[uri] for uri in sorted(found)]


def _list_pattern(pattern: str) -> Iterator[SeenFile]:
    try:
        fs, path = _filesystem(pattern)
        if any(char in pattern for char in _GLOB_CHARS) and not fs.exists(path):
            entries, by_suffix = fs.glob(path, detail=True), False
        else:
            by_suffix = fs.isdir(path)
            entries = fs.find(path, detail=True)
    except (OSError, ValueError, ImportError) as exc:
        raise SourceError(f"source {pattern!r} cannot be listed: {exc}") from exc
    for name, listed in entries.items():
        # A listing shows a link, not the file behind it.
        is_link = listed.get("islink", False)
        info = fs.info(name) if is_link and fs.exists(name) else listed
        if info["type"] != "file" and (fs.exists(name) or not is_link):
            continue  # a broken link stays: whoever opens it can say so
        if by_suffix and not name.lower().endswith(DOCUMENT_SUFFIXES):
            continue
        uri = _local_uri(name) if is_local(pattern) else fs.unstrip_protocol(name)
        yield SeenFile(uri, int(info["size"]), _version(info))


def _local_uri(path: str) -> str:
    """A path as it is; one whose name is not UTF-8 as a `file://` URL, which tables can hold."""
    return path if _is_utf8(path) else "file://" + quote(os.fsencode(path))


def _is_utf8(path: str) -> bool:
    # Bytes of a file name that are not UTF-8 stand in a str as lone surrogates.
    return not any("\ud800" <= char <= "\udfff" for char in path)


def _version(info: dict[str, Any]) -> str:
    etag = info.get("ETag") or info.get("etag")
    return str(etag).strip('"') if etag else f"{info.get('mtime', 0):.6f}"


def stat(uri: str) -> SeenFile:
    """Size and version of one file. Raises FileNotFoundError."""
    with _translated("stat", uri):
        fs, path = _filesystem(uri)
        info = fs.info(path)
        return SeenFile(uri, int(info["size"]), _version(info))


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder on local disk that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="pagefoundry-") as folder:
        yield Path(folder)


@contextmanager
def local_copy(uri: str) -> Iterator[Path]:
    """A path to the file's bytes: the file itself where it is local, else a temporary copy."""
    if is_local(uri):
        path = local_path(uri)
        if not path.is_file():
            raise FileNotFoundError(uri)
        if not _is_utf8(str(path)):  # a name that native libraries do not take
            with temporary_folder() as folder:
                (folder / "document").symlink_to(path)
                yield folder / "document"
        else:
            yield path
        return
    with temporary_folder() as folder:
        path = folder / "document"
        with _translated("download", uri):
            fs, remote = _filesystem(uri)
            fs.get_file(remote, str(path))
        yield path


def read_head(path: Path, length: int) -> bytes:
    """The first bytes of a local file."""
    with _translated("read", str(path)), open(path, "rb") as handle:
        return handle.read(length)


def open_input(uri: str) -> BinaryIO:
    """Open an object for reading, seekable, in blocks. The caller closes it."""
    with _translated("open", uri):
        fs, path = _filesystem(uri)
        handle: BinaryIO = fs.open(path, "rb")
        return handle


def read_bytes(uri: str) -> bytes:
    """The whole object. Raises FileNotFoundError."""
    with _translated("read", uri):
        fs, path = _filesystem(uri)
        data: bytes = fs.cat_file(path)
        return data


def read_range(uri: str, offset: int, length: int) -> bytes:
    """`length` bytes from `offset`. Raises StorageError where the object is shorter."""
    with _translated("read", uri):
        fs, path = _filesystem(uri)
        data: bytes = fs.cat_file(path, start=offset, end=offset + length)
    if len(data) != length:
        raise StorageError(f"{uri}: {length} bytes wanted at {offset}, {len(data)} found")
    return data


def write_bytes(uri: str, data: bytes) -> None:
    """Write an object whole: a reader sees the old one or the new one, never a part."""
    with _translated("write", uri):
        if is_local(uri):
            _write_local(local_path(uri), data)
        else:
            fs, path = _filesystem(uri)
            fs.pipe_file(path, data)


def _write_local(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def upload(path: Path, uri: str) -> None:
    """Move a local file to `uri`, whole or not at all."""
    with _translated("write", uri):
        if is_local(uri):
            target = local_path(uri)
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{target.name}.tmp")
            try:
                shutil.copyfile(path, temporary)
                os.replace(temporary, target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        else:
            fs, remote = _filesystem(uri)
            fs.put_file(str(path), remote)


def make_folder(uri: str) -> None:
    """Make a folder where the store has folders."""
    with _translated("make the folder", uri):
        fs, path = _filesystem(uri)
        fs.makedirs(path, exist_ok=True)


def exists(uri: str) -> bool:
    """Whether an object or folder is there."""
    with _translated("stat", uri):
        fs, path = _filesystem(uri)
        return bool(fs.exists(path))


def list_names(folder: str, suffix: str) -> list[str]:
    """URIs of the files directly in `folder` that end in `suffix`, sorted; none if it is absent."""
    with _translated("list", folder):
        fs, path = _filesystem(folder)
        fs.invalidate_cache(path)
        try:
            names = fs.ls(path, detail=False)
        except FileNotFoundError:
            return []
    found = sorted(name for name in names if name.endswith(suffix))
    return found if is_local(folder) else [fs.unstrip_protocol(name) for name in found]


def read_many(uris: list[str]) -> list[bytes]:
    """Many small objects, in order, fetched at once where the store can."""
    if not uris:
        return []
    with _translated("read", f"{len(uris)} objects under {posixpath.dirname(uris[0])}"):
        fs, _ = _filesystem(uris[0])
        paths = [fs._strip_protocol(uri) for uri in uris]
        data = fs.cat(paths)
        if isinstance(data, bytes):
            return [data]
        return [data[path] for path in paths]


def sha256_of(uri: str) -> str:
    """SHA-256 (hex) of an object, streamed in blocks of 4 MiB."""
    state = hashlib.sha256()
    with open_input(uri) as handle, _translated("read", uri):
        while block := handle.read(_CHUNK_BYTES):
            state.update(block)
    return state.hexdigest()
