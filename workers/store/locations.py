"""Where things lie: paths, URLs, and the file system or store behind each.

A path is taken literally, whatever characters it has, except that a `~` as its first part is the
user's home. A `file://` URL may write any character as `%XX`, and must so write bytes that are not
UTF-8. The URL of a store is bucket and key, taken literally: nothing is decoded.

    s3://bucket/key  gs://bucket/key  az://container/key  hf://datasets/OWNER/NAME[@revision]/path

`abfs://` and `abfss://` are Azure, too, also as `abfss://container@account.dfs.core.windows.net`.

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
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from schemas.errors import AccessError, DatasetError, RequestError, StorageError
from schemas.lines import error_line

if TYPE_CHECKING:
    from schemas.recipe_sections import Storage
    from workers.store.retry import RetryPolicy

# Errors that waiting does not cure, with the remedy. A full disk or quota (ENOSPC, EDQUOT) is not
# among them: somebody may make room.
_REFUSALS = {
    errno.EACCES: "give this user the right to it, or name another place",
    errno.EPERM: "give this user the right to it, or name another place",
    errno.EROFS: "mount it for writing, or name another place",
    errno.EFBIG: "raise the limit of a file's size (ulimit -f), or name another file system",
}
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f]")
_AZURE = ("az", "abfs", "abfss")
_WRITABLE = ("s3", "s3a", "gs", *_AZURE)


def is_local(uri: str) -> bool:
    """Whether `uri` is a path on this machine."""
    return "://" not in uri or uri.startswith("file://")


def scheme_of(uri: str) -> str:
    """The scheme of a store's URL; empty for a path on this machine."""
    return "" if is_local(uri) else uri.partition("://")[0]


def local_path(uri: str) -> Path:
    """The path of a local `uri`."""
    if uri.startswith("file://"):
        return Path(os.fsdecode(unquote_to_bytes(uri.removeprefix("file://"))))
    return Path(uri)


def local_uri(path: str) -> str:
    """A path unchanged, or as a `file://` URL, which tables can hold, where it is not UTF-8."""
    return path if is_utf8(path) else "file://" + quote(os.fsencode(path))


def is_utf8(path: str) -> bool:
    """Whether a path can stand in a table."""
    # Bytes of a file name that are not UTF-8 stand in a str as lone surrogates.
    return not any("\ud800" <= char <= "\udfff" for char in path)


def absolute(uri: str) -> str:
    """A local path, made absolute; a URL without slashes at its end.

    Raises RequestError for the URL of a store that is not known or names no bucket.
    """
    if is_local(uri):
        is_in_home = uri == "~" or uri.startswith("~/")
        return local_uri(
            posixpath.abspath(Path(uri).expanduser() if is_in_home else local_path(uri))
        )
    scheme, _, place = uri.partition("://")
    if scheme not in (*_WRITABLE, "hf"):
        raise RequestError(
            f"{uri}: {scheme}:// is not a store that can be read; name a path or use s3://, gs://, "
            "az://, abfs://, abfss:// or hf://"
        )
    if scheme == "hf" and not re.match(r"datasets/[^/@]+/[^/@]+(@[^/]+)?(/|$)", place):
        raise RequestError(f"{uri}: write hf://datasets/OWNER/NAME/folder")
    if not place.strip("/"):
        raise RequestError(f"{uri} names no bucket; write {scheme}://bucket/folder")
    return uri.rstrip("/")


def join(base: str, *parts: str) -> str:
    """`base/part/part`, for paths and URLs alike."""
    return posixpath.join(base, *parts)


def require_writable(dataset: str) -> None:
    """Raises DatasetError for a place where no dataset can be."""
    if not is_local(dataset) and scheme_of(dataset) not in _WRITABLE:
        raise DatasetError(
            f"{dataset}: a dataset is in a folder or on s3://, gs:// or az://, whose stores can "
            "commit a version in one step; name one of these"
        )


def filesystem(uri: str, policy: RetryPolicy | None = None) -> tuple[Any, str]:
    """What holds a URI, and the path in it.

    That is fsspec's LocalFileSystem or a `workers.store.remote.Remote`; for `hf://` a `Readable`.
    """
    if is_local(uri):
        # Each rasterising child imports this room, and opens nothing by fsspec.
        from fsspec.implementations.local import LocalFileSystem

        return LocalFileSystem(), str(local_path(uri))
    scheme, _, path = absolute(uri).partition("://")
    if scheme in ("s3", "s3a"):
        from workers.store.s3 import s3_filesystem

        return s3_filesystem(policy), path
    if scheme == "hf":
        from workers.store.hub import hub

        return hub(policy), path
    from workers.store.cloud import cloud

    return cloud(scheme, policy), path


def paths_in(uris: Iterable[str]) -> list[str]:
    """The paths of URIs of one store."""
    return [uri.partition("://")[2] for uri in uris]


@contextmanager
def translated(action: str, uri: str) -> Iterator[None]:
    """Turn foreign errors inside into ours: see `storage_error`.

    FileNotFoundError passes, except where the bucket itself is missing.
    """
    try:
        yield
    except (OSError, ValueError, ImportError) as exc:
        error = storage_error(action, uri, exc)
        if isinstance(exc, FileNotFoundError) and not isinstance(error, AccessError):
            raise
        raise error from exc


def storage_error(action: str, uri: str, exc: BaseException) -> StorageError:
    """An error that says in one line what failed, why, and the remedy.

    It is an AccessError where the store, by its client or by deltalake, or this machine refuses us.
    """
    place = _UNPRINTED.sub(lambda found: repr(found[0])[1:-1], uri)
    if is_local(uri) and isinstance(exc, OSError) and exc.errno in _REFUSALS:
        return AccessError(f"cannot {action} {place}: {error_line(exc)}; {_REFUSALS[exc.errno]}")
    if not is_local(uri):
        from workers.store.refusals import refusal

        refused = refusal(exc, uri)
        if refused is not None:
            return AccessError(f"cannot {action} {place}: {refused}")
    return StorageError(f"cannot {action} {place}: {error_line(exc)}")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file beside `path` that replaces it at the end, complete and flushed to disk.

    Where the body or the replacement fails, `path` is unchanged and nothing is left behind.
    """
    with written_beside(path) as temporary:
        yield temporary
        flush_to_disk(temporary)
        os.replace(temporary, path)


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """An empty file in the folder of `path`, which is made; deleted at the end if still there."""
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
    """Write the bytes of a file to disk, so that they survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def use_storage(storage: Storage) -> dict[str, str]:
    """Set endpoint, region and profile of a recipe in this process and those that it starts.

    Returns the variables that were set, for processes on other machines.
    """
    chosen = {
        "AWS_ENDPOINT_URL": storage.endpoint,
        # botocore prefers this name: set too, or a value in the environment overrides the recipe.
        "AWS_ENDPOINT_URL_S3": storage.endpoint,
        "AWS_REGION": storage.region,
        "AWS_DEFAULT_REGION": storage.region,
        "AWS_PROFILE": storage.profile,
    }
    variables = {name: value for name, value in chosen.items() if value is not None}
    os.environ.update(variables)
    return variables
