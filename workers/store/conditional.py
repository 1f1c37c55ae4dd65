"""Conditional writes: create an object that does not exist, replace one that has not changed.

- On S3 this is a conditional put (`If-None-Match: *`, `If-Match`), on local disk a hard link and a
  lock file beside the object. Both also hold between machines that share a store or an NFS folder.
- The objects are small, are written in no other way, and hold data that no other writer would
  write. So a refused put whose data is there already was ours: it was done, its answer was lost,
  and a retry (ours, a library's or a load balancer's) sent it again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import AccessError, StorageError
from workers.store.locations import (
    filesystem,
    flush_to_disk,
    is_local,
    is_s3,
    join,
    local_path,
    replacing,
    translated,
    written_beside,
)

if TYPE_CHECKING:
    from workers.store.s3 import S3

# The lock is held for one read and one rename; a stopped holder must not block us for ever.
_LOCK_WAIT_S = 30
_LOCK_POLL_S = 0.02
_REFUSED = (412, 404)


def create_exclusive(uri: str, data: bytes) -> bool:
    """Create a whole object; False where there is another already.

    True also where it holds exactly `data`. Of many writers with data of their own, one gets True.
    """
    with translated("create", uri):
        if is_local(uri):
            return _create_local(local_path(uri), data)
        fs, path = _s3(uri)
        return _put(fs, path, data, IfNoneMatch="*")


def read_with_version(uri: str) -> tuple[bytes, str]:
    """An object and its version, equal for equal bytes. Raises FileNotFoundError."""
    with translated("read", uri):
        if is_local(uri):
            data = local_path(uri).read_bytes()
            return data, _version_of(data)
        fs, path = _s3(uri)
        return fs.get_object(path)


def replace_if_unchanged(uri: str, data: bytes, version: str) -> bool:
    """Replace an object that is still at `version`; False where it has changed or is deleted.

    True also where it holds exactly `data` already.
    """
    with translated("replace", uri):
        if is_local(uri):
            return _replace_local(local_path(uri), data, version)
        fs, path = _s3(uri)
        return _put(fs, path, data, IfMatch=version)


def require_conditional_put(folder: str) -> None:
    """Check with a probe object, deleted afterwards, that the store obeys conditional puts.

    Raises AccessError where it does not: two runs could then overwrite each other unnoticed.
    """
    if not is_s3(folder):
        return
    uri = join(folder, f".probe-{uuid.uuid4().hex}")
    try:
        created = create_exclusive(uri, b"first")
        obeyed = created and not create_exclusive(uri, b"second")
        _, version = read_with_version(uri)
        obeyed = obeyed and not replace_if_unchanged(uri, b"third", '"0"')
        obeyed = obeyed and replace_if_unchanged(uri, b"fourth", version)
    finally:
        with translated("delete", uri):
            fs, path = filesystem(uri)
            fs.rm_file(path)
    if not obeyed:
        raise AccessError(
            f"the store of {folder} ignores conditional puts (If-None-Match, If-Match), so two "
            "runs could damage the dataset; use a store that supports them, or a local folder"
        )


def _s3(uri: str) -> tuple[S3, str]:
    if not is_s3(uri):
        raise StorageError(f"{uri}: only local and s3:// objects can be written on a condition")
    return filesystem(uri)


def _put(fs: S3, path: str, data: bytes, **condition: str) -> bool:
    from workers.store.retry import answer_of

    try:
        fs.put_object(path, data, **condition)
    except OSError as exc:
        status, code = answer_of(exc)
        if status not in _REFUSED or code == "NoSuchBucket":
            raise
        try:
            return fs.get_object(path)[0] == data
        except FileNotFoundError:
            return False
    return True


def _version_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _create_local(path: Path, data: bytes) -> bool:
    with written_beside(path) as temporary:
        temporary.write_bytes(data)
        flush_to_disk(temporary)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return path.read_bytes() == data
    return True


def _replace_local(path: Path, data: bytes, version: str) -> bool:
    if not path.exists():
        return False
    with _locked(path):
        try:
            present = path.read_bytes()
        except FileNotFoundError:
            return False
        if _version_of(present) != version:
            return present == data
        with replacing(path) as temporary:
            temporary.write_bytes(data)
    return True


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file of `path`; the kernel frees it when its holder dies."""
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"locked by another process for {_LOCK_WAIT_S} s") from None
                time.sleep(_LOCK_POLL_S)
        yield
    finally:
        os.close(descriptor)
