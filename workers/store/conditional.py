"""Conditional writes: create an object that does not exist, replace one that has not changed.

- In a store this is a conditional put (by ETag on S3 and Azure, by generation on GCS), on local
  disk a hard link and a lock file beside the object. Both also hold between machines that share a
  store or an NFS folder.
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

from schemas.errors import AccessError
from workers.store.locations import (
    filesystem,
    flush_to_disk,
    is_local,
    join,
    local_path,
    replacing,
    require_writable,
    translated,
    written_beside,
)

# The lock is held for one read and one rename; a stopped holder must not block us for ever.
_LOCK_WAIT_S = 30
_LOCK_POLL_S = 0.02


def create_exclusive(uri: str, data: bytes) -> bool:
    """Create a whole object; False where there is another already.

    True also where it holds exactly `data`. Of many writers with data of their own, one gets True.
    """
    with translated("create", uri):
        if is_local(uri):
            return _create_local(local_path(uri), data)
        return _put(uri, data, None)


def read_with_version(uri: str) -> tuple[bytes, str]:
    """An object and its version. Raises FileNotFoundError."""
    with translated("read", uri):
        if is_local(uri):
            data = local_path(uri).read_bytes()
            return data, _version_of(data)
        fs, path = filesystem(uri)
        found: tuple[bytes, str] = fs.get_object(path)
        return found


def replace_if_unchanged(uri: str, data: bytes, version: str) -> bool:
    """Replace an object that is still at `version`; False where it has changed or is deleted.

    True also where it holds exactly `data` already.
    """
    with translated("replace", uri):
        if is_local(uri):
            return _replace_local(local_path(uri), data, version)
        return _put(uri, data, version)


def require_conditional_put(folder: str) -> None:
    """Check with a probe object, deleted afterwards, that the store obeys conditional puts.

    Raises AccessError where it does not: two runs could then overwrite each other unnoticed.
    Raises DatasetError where nothing can be written at all.
    """
    require_writable(folder)
    if is_local(folder):
        return
    uri = join(folder, f".probe-{uuid.uuid4().hex}")
    try:
        created = create_exclusive(uri, b"first")
        obeyed = created and not create_exclusive(uri, b"second")
        _, version = read_with_version(uri)
        obeyed = obeyed and replace_if_unchanged(uri, b"third", version)
        obeyed = obeyed and not replace_if_unchanged(uri, b"fourth", version)
    finally:
        with translated("delete", uri):
            fs, path = filesystem(uri)
            fs.delete_objects([path])
    if not obeyed:
        raise AccessError(
            f"the store of {folder} ignores conditional puts, so two runs could damage the "
            "dataset; use a store that supports them, or a local folder"
        )


def _put(uri: str, data: bytes, version: str | None) -> bool:
    fs, path = filesystem(uri)
    if fs.put_if(path, data, version):
        return True
    try:
        return bool(fs.get_object(path)[0] == data)
    except FileNotFoundError:
        return False


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
