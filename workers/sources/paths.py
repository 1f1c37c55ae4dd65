"""Lists of paths: which files they name, and what of it is no file that they may name.

    read = read_paths(list_file, Paths())
    found = find_paths(read.uris)
    found.files, found.missing, read.rejects

A list may be written by somebody else than the recipe, and the run may read more than its author.
So nothing is taken from outside these bounds:

- A relative path is below `paths.base`, or else below the folder of the list. No path has a `..`.
- With `paths.base` everything is below it.
- Without it, a list on this machine names any file of this machine and of any store. A list in a
  store names no file of this machine, and only objects of its own bucket.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.document_source import Paths
from schemas.errors import AccessError, RequestError
from schemas.ids import digest
from schemas.lines import one_line
from schemas.shards import SeenFile
from workers import store
from workers.sources.containers.opened import opened
from workers.sources.documents import Examined
from workers.sources.lists import readable, words_of
from workers.store.locations import is_utf8

_MAX_KEY_BYTES = 1024  # of S3 and Google; Azure counts characters
_BUCKET = re.compile(r"[\w.@-]{1,255}|arn:[\w:-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class PathsRead:
    """The URIs that a list names, each once and in its order, and what in it names no file."""

    file: SeenFile
    uris: tuple[str, ...]
    rejects: tuple[Examined, ...]
    bytes_read: int


@dataclass(frozen=True, slots=True)
class PathsFound:
    """The files that are there, rejects of those that are not, and those that we may not see."""

    files: tuple[SeenFile, ...]
    missing: tuple[Examined, ...]
    unreadable: tuple[Examined, ...]


class RefusedError(Exception):
    """What a list may not name, or nobody can."""


def read_paths(file: SeenFile, settings: Paths) -> PathsRead:
    """The paths in a list. Raises SourceError where it cannot be read to its end."""
    reach = Reach.of(file.uri, settings.base)
    uris: dict[str, None] = {}
    rejects: dict[str, Examined] = {}
    with opened(file.uri) as handle, readable("a list of paths", file.uri, "paths.column"):
        words = words_of(file.uri, handle.binary, settings.column, _in_text, "surrogateescape")
        for word in words:
            try:
                if word.fault:
                    raise RefusedError(word.fault)
                uris[reach.place(word.text)] = None
            except (RefusedError, RequestError) as exc:
                # Not by its line: a line that is added above makes no other reject.
                name = f"{file.uri}!{one_line(word.text)}"
                rejects[name] = _no_file(name, one_line(exc))
        return PathsRead(file, tuple(uris), tuple(rejects.values()), handle.bytes_read)


def find_paths(uris: Sequence[str]) -> PathsFound:
    """Look for the files at these URIs.

    Raises StorageError where a store does not answer, AccessError where all that we look for is
    refused.
    """
    files: list[SeenFile] = []
    missing: list[Examined] = []
    refused: dict[str, AccessError] = {}
    for uri, found in zip(uris, store.find_files(uris), strict=True):
        if isinstance(found, SeenFile):
            files.append(found)
        elif found is None:
            missing.append(_no_file(uri, "there is no such file, or it is a folder"))
        else:
            refused[uri] = found
    if refused and not files:
        raise next(iter(refused.values()))
    unreadable = tuple(
        Examined(SeenFile(uri, 0, ""), reason="unreadable", detail=one_line(exc))
        for uri, exc in refused.items()
    )
    return PathsFound(tuple(files), tuple(missing), unreadable)


def _no_file(name: str, why: str) -> Examined:
    return Examined(SeenFile(name, 0, ""), digest(["path", name]), reason="no_file", detail=why)


def _in_text(line: str) -> str:
    """A line as it is: a name may have spaces at its ends, and a `#` within."""
    return "" if line.startswith("#") or not line.strip() else line


@dataclass(frozen=True, slots=True)
class Reach:
    """What a list may name: `folder` is that of relative paths, `bound` what all must be below.

    `why` says so without naming a place, which `as` may hide.
    """

    folder: str
    bound: str | None
    why: str = "a list in a store names objects of its own bucket only, or of `paths.base`"

    @staticmethod
    def of(uri: str, base: str | None) -> Reach:
        """The reach of the list at a URI. Raises RequestError where `base` is no place."""
        if base is not None:
            place = _one_name(store.absolute(base))
            return Reach(place, place, "it is not below `paths.base`")
        place = _one_name(store.absolute(uri))
        return Reach(place.rpartition("/")[0], None if store.is_local(uri) else _bucket(place))

    def place(self, word: str) -> str:
        """The URI of what a list names.

        >>> Reach.of("s3://lake/lists/a.txt", None).place("scans/7.pdf")
        's3://lake/lists/scans/7.pdf'

        Raises RefusedError where it is out of reach, RequestError where it is no place.
        """
        if "\0" in word or not _is_encodable(word):
            raise RefusedError("it has characters that no path has")
        if word.lower().startswith(("http://", "https://")):
            raise RefusedError("it is a link; a source with `links` fetches these")
        is_url, path = _parted(word)
        if ".." in path.split("/"):
            raise RefusedError("it has a `..`, which may lead out of its folder")
        if is_url or path.startswith("/"):
            uri = _one_name(store.absolute(word))
        else:
            uri = self._below_folder(path)
        if not store.is_local(uri) and not _is_object(uri):
            raise RefusedError("it names no object of a store")
        if self.bound is not None and not _is_below(uri, self.bound):
            raise RefusedError(self.why)
        return uri

    def _below_folder(self, path: str) -> str:
        relative = "/".join(step for step in path.split("/") if step != ".").rstrip("/")
        if not relative:
            raise RefusedError("it names no file")
        if not store.is_local(self.folder):
            return store.join(self.folder, relative)
        return store.absolute(store.join(str(store.local_path(self.folder)), relative))


def _parted(word: str) -> tuple[bool, str]:
    """Whether a word is a URL, and its path, in which nothing is quoted any more."""
    if word.startswith("file://"):
        return True, str(store.local_path(word))
    scheme, mark, path = word.partition("://")
    return (True, path) if mark else (False, scheme)


def _is_object(uri: str) -> bool:
    """Whether a store can have such an object. Some answer other names as if they were broken."""
    bucket, slash, key = uri.partition("://")[2].partition("/")
    return bool(
        _BUCKET.fullmatch(bucket)
        and slash
        and is_utf8(key)
        and 0 < len(key.encode()) <= _MAX_KEY_BYTES
    )


def _is_encodable(word: str) -> bool:
    try:
        return bool(os.fsencode(word))
    except UnicodeEncodeError:
        return False


def _is_below(uri: str, bound: str) -> bool:
    if store.is_local(uri) and store.is_local(bound):
        uri, bound = str(store.local_path(uri)), str(store.local_path(bound))
    return uri.startswith(bound.rstrip("/") + "/")


def _one_name(uri: str) -> str:
    """A URI with the scheme that listings give."""
    return uri.replace("s3a://", "s3://", 1) if uri.startswith("s3a://") else uri


def _bucket(uri: str) -> str:
    """The bucket of an object, or the repository of a file on the Hub."""
    parts = uri.split("/")
    return "/".join(parts[: 5 if uri.startswith("hf://") else 3])
