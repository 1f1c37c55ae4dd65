"""Where things lie: paths, URLs, and the file system behind each.

A path is taken as it stands, whatever characters it has; only a `~` that is its first part is the
user's home. In a `file://` URL every character may be written as `%XX`, and one that is not UTF-8
can be written in no other way. An `s3://` URL is bucket and key as they stand, nothing decoded.

Errors of file systems and stores become ours here, in `translated`, and nowhere else.
"""

from __future__ import annotations

import errno
import os
import posixpath
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from schemas.errors import AccessError, RequestError, StorageError
from schemas.lines import error_line
from schemas.recipe import Storage

# What no waiting mends, with the remedy. A full disk or quota (ENOSPC, EDQUOT) is not among them:
# others may make room meanwhile.
_REFUSALS = {
    errno.EACCES: "give this user the right to it, or name another place",
    errno.EPERM: "give this user the right to it, or name another place",
    errno.EROFS: "mount it for writing, or name another place",
    errno.EFBIG: "raise the limit of a file's size (ulimit -f), or name another file system",
}
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f]")
_S3_SCHEMES = ("s3://", "s3a://")


def is_local(uri: str) -> bool:
    """Whether `uri` is a path on this machine."""
    return "://" not in uri or uri.startswith("file://")


def is_s3(uri: str) -> bool:
    """Whether `uri` names an object of an S3 store."""
    return uri.startswith(_S3_SCHEMES)


def local_path(uri: str) -> Path:
    """The path of a local `uri`."""
    if uri.startswith("file://"):
        return Path(os.fsdecode(unquote_to_bytes(uri.removeprefix("file://"))))
    return Path(uri)


def local_uri(path: str) -> str:
    """A path as it is; one whose name is not UTF-8 as a `file://` URL, which tables can hold."""
    return path if is_utf8(path) else "file://" + quote(os.fsencode(path))


def is_utf8(path: str) -> bool:
    """Whether a path can stand in a table."""
    # Bytes of a file name that are not UTF-8 stand in a str as lone surrogates.
    return not any("\ud800" <= char <= "\udfff" for char in path)


def absolute(uri: str) -> str:
    """A local path made absolute against the working directory; a URL without slashes at its end.

    Raises RequestError for the URL of a store that names no bucket.
    """
    if is_local(uri):
        is_in_home = uri == "~" or uri.startswith("~/")
        return local_uri(
            posixpath.abspath(Path(uri).expanduser() if is_in_home else local_path(uri))
        )
    scheme, _, place = uri.partition("://")
    if not place.strip("/"):
        raise RequestError(f"{uri} names no bucket; write {scheme}://bucket/folder")
    return uri.rstrip("/")


def join(base: str, *parts: str) -> str:
    """`base/part/part`, for paths and URLs alike."""
    return posixpath.join(base, *parts)


def filesystem(uri: str) -> tuple[Any, str]:
    """The file system of a URI and the path in it. A local name is never read as a URL."""
    if is_local(uri):
        return LocalFileSystem(), str(local_path(uri))
    if is_s3(uri):
        from workers.store.s3 import s3_filesystem

        fs = s3_filesystem()
        return fs, fs._strip_protocol(uri)
    fs, path = url_to_fs(uri)
    return fs, path


def paths_in(fs: Any, uris: Iterable[str]) -> list[str]:
    """The paths of URIs that all lie in this file system."""
    return [str(local_path(uri)) if is_local(uri) else fs._strip_protocol(uri) for uri in uris]


@contextmanager
def translated(action: str, uri: str) -> Iterator[None]:
    """Foreign errors inside become ours: see `storage_error`.

    FileNotFoundError passes, except where it is the bucket that is missing.
    """
    try:
        yield
    except (OSError, ValueError, ImportError) as exc:
        error = storage_error(action, uri, exc)
        if isinstance(exc, FileNotFoundError) and not isinstance(error, AccessError):
            raise
        raise error from exc


def storage_error(action: str, uri: str, exc: BaseException) -> StorageError:
    """The error that says in one line what could not be done, why, and the remedy.

    AccessError where the store refuses us, by s3fs or by deltalake, or the machine does.
    """
    place = _UNPRINTED.sub(lambda found: repr(found[0])[1:-1], uri)
    if is_local(uri) and isinstance(exc, OSError) and exc.errno in _REFUSALS:
        return AccessError(f"cannot {action} {place}: {error_line(exc)}; {_REFUSALS[exc.errno]}")
    if is_s3(uri):
        from workers.store.s3 import refusal

        refused = refusal(exc, bucket_of(uri))
        if refused is not None:
            return AccessError(f"cannot {action} {place}: {refused}")
    return StorageError(f"cannot {action} {place}: {error_line(exc)}")


def bucket_of(uri: str) -> str:
    """The bucket that an `s3://` URI names."""
    return uri.partition("://")[2].partition("/")[0]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file beside `path` that takes its place at the end, whole and on disk.

    Where the body, or the change of place, fails, `path` is as before and nothing is left over.
    """
    with written_beside(path) as temporary:
        yield temporary
        flush_to_disk(temporary)
        os.replace(temporary, path)


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """An empty file in the folder of `path`, which is made; gone at the end if still there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        temporary.chmod(0o644)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def flush_to_disk(path: Path) -> None:
    """Have the bytes of a file outlive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def use_storage(storage: Storage) -> dict[str, str]:
    """Take endpoint, region and profile from a recipe, in this process and what it starts.

    Returns the variables that were set, for processes on other machines.
    """
    chosen = {
        "AWS_ENDPOINT_URL": storage.endpoint,
        # botocore prefers this name, so a value of the environment would win over the recipe's.
        "AWS_ENDPOINT_URL_S3": storage.endpoint,
        "AWS_REGION": storage.region,
        "AWS_DEFAULT_REGION": storage.region,
        "AWS_PROFILE": storage.profile,
    }
    variables = {name: value for name, value in chosen.items() if value is not None}
    os.environ.update(variables)
    return variables
