"""Find many files whose URIs are known: are they there, of what size and version?

    found = find_files(["/srv/a.pdf", "s3://lake/a.pdf", "s3://lake/b.pdf"])

A store is asked for each file, except where many lie in one folder, whose listing costs fewer
requests. A listing is given up where the folder holds too much else.
"""

from __future__ import annotations

import errno
import os
import stat as kinds
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import TYPE_CHECKING

from schemas.errors import AccessError, StorageError
from schemas.shards import SeenFile
from workers.store.listing import seen_there
from workers.store.locations import filesystem, is_local, local_path, local_uri, translated

if TYPE_CHECKING:
    from workers.store.remote import Entry

_REQUESTS = 16
_FILES_A_PAGE = 8
"""A page of a listing is asked for where it may save so many requests. It has 1,000 objects."""

_URIS_AT_ONCE = 20_000
# What a name leads to that cannot be a file here; a right that is missing is another matter.
_NO_FILE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}

Found = SeenFile | AccessError | None


def find_files(uris: Sequence[str]) -> list[Found]:
    """The files at these URIs, in their order, each as a listing has it.

    None where there is no file, an AccessError where we may not know. Raises StorageError where a
    store does not answer.
    """
    parts = (uris[start : start + _URIS_AT_ONCE] for start in range(0, len(uris), _URIS_AT_ONCE))
    with ThreadPoolExecutor(_REQUESTS) as pool:
        return list(chain.from_iterable(_found(part, pool) for part in parts))


def _found(uris: Sequence[str], pool: ThreadPoolExecutor) -> Iterator[Found]:
    folders: dict[str, list[str]] = {}
    for uri in uris:
        if not is_local(uri):
            folders.setdefault(uri.rpartition("/")[0], []).append(uri)
    found: dict[str, Found] = {}
    for part in pool.map(_in_folder, folders.items()):
        found.update(part)
    left = [uri for uri in dict.fromkeys(uris) if uri not in found]
    found.update(zip(left, pool.map(_alone, left), strict=True))
    return map(found.__getitem__, uris)


def _in_folder(wanted: tuple[str, Sequence[str]]) -> dict[str, Found]:
    """What a few pages of a folder's listing say of files in it: of all, where it ends with them.

    A folder that we may not list, or that has an object with an odd name, says nothing.
    """
    folder, uris = wanted
    most = len(uris) // _FILES_A_PAGE
    if not most:
        return {}
    found: dict[str, Found] = {}
    names = {uri.partition("://")[2]: uri for uri in uris}
    try:
        with translated("list", folder):
            fs, path = filesystem(folder)
            pages = iter(fs.pages(f"{path}/"))
            for page in islice(pages, most):
                for entry in page:
                    if uri := names.pop(entry["name"], None):
                        found[uri] = seen_there(fs, entry)
                if not names:
                    return found
            if next(pages, None) is None:
                found.update(dict.fromkeys(names.values()))
    except StorageError as exc:
        if not isinstance(exc, AccessError) and not _is_about_a_name(exc):
            raise
    return found


def _alone(uri: str) -> Found:
    try:
        with translated("stat", uri):
            return _here(str(local_path(uri))) if is_local(uri) else _there(uri)
    except FileNotFoundError:
        return None
    except AccessError as exc:
        return exc
    except StorageError as exc:
        if _is_about_a_name(exc):
            return None
        raise


def _is_about_a_name(exc: StorageError) -> bool:
    """Whether a store, or its client, cannot have an object of this name."""
    return isinstance(exc.__cause__, ValueError)


def _here(path: str) -> SeenFile | None:
    try:
        status = os.stat(path)
    except OSError as exc:
        if exc.errno in _NO_FILE:
            return None
        raise
    if not kinds.S_ISREG(status.st_mode):
        return None
    return SeenFile(local_uri(path), status.st_size, f"{status.st_mtime:.6f}")


def _there(uri: str) -> SeenFile | None:
    fs, path = filesystem(uri)
    entry: Entry = fs.info(path)
    # s3fs describes a folder, too.
    return seen_there(fs, {**entry, "name": path}) if "ETag" in entry else None
