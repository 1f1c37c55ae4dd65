"""Listing: the files that patterns name, the objects in a folder, one file's size and version.

Stores list page by page. Nothing is cached, because other processes write too.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas.errors import AccessError, SourceError, StorageError
from schemas.lines import error_line
from schemas.shards import SeenFile
from workers.store.folders import FoundFile, files_below, found_file
from workers.store.locations import (
    absolute,
    filesystem,
    is_local,
    join,
    local_path,
    local_uri,
    translated,
)

if TYPE_CHECKING:
    from workers.store.remote import Entry, Readable

log = logging.getLogger(__name__)

DOCUMENT_SUFFIXES = (
    ".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp",
    ".heic", ".heif", ".avif", ".jp2", ".j2k", ".jxl",
    ".epub", ".mobi", ".fb2", ".xps", ".oxps", ".cbz", ".svg",
    ".html", ".htm", ".xhtml", ".md", ".markdown",
    ".docx", ".pptx", ".xlsx", ".odt", ".odp", ".ods", ".rtf", ".doc", ".ppt", ".xls",
)  # fmt: skip
_GLOB_CHAR = re.compile(r"[*?\[]")


def list_documents(
    patterns: Iterable[str], suffixes: tuple[str, ...] = DOCUMENT_SUFFIXES
) -> list[SeenFile]:
    """All files that the patterns name, once each, sorted by URI.

    A folder means the files below it with these suffixes, also behind links; a glob means exactly
    the files that it matches. A path that exists as written is no glob, whatever its characters.
    Raises SourceError for a pattern that matches nothing or that no store could list, StorageError
    where the store does not answer.
    """
    return list_with(patterns, suffixes, _nothing)[0]


def list_with(
    patterns: Iterable[str], suffixes: tuple[str, ...], also: Callable[[str], bool]
) -> tuple[list[SeenFile], list[SeenFile]]:
    """What `list_documents` returns, and those other files that the same listing has passed by
    whose names are wanted `also`. A glob on a store passes by what begins as it does.
    """
    files: dict[str, SeenFile] = {}
    others: dict[str, SeenFile] = {}
    for pattern in patterns:
        matches = []
        for file, is_match in _list_pattern(absolute(pattern), suffixes, also):
            if is_match:
                matches.append(file)
            if also(file.uri):
                others[file.uri] = file
        if not matches:
            raise SourceError(
                f"source {pattern!r} matches no file; name a folder or a glob like 'docs/**/*.pdf'"
            )
        files.update((file.uri, file) for file in matches)
    return [files[uri] for uri in sorted(files)], [others[uri] for uri in sorted(others)]


def _nothing(name: str) -> bool:
    return False


_Listed = Iterator[tuple[SeenFile, bool]]
"""Files, each with whether a pattern means it; the others are those that are wanted also."""


def _list_pattern(pattern: str, suffixes: tuple[str, ...], also: Callable[[str], bool]) -> _Listed:
    try:
        with translated("list", pattern):
            if is_local(pattern):
                yield from _list_local(pattern, suffixes, also)
            else:
                yield from _list_remote(pattern, suffixes, also)
    except AccessError:
        raise
    except (StorageError, FileNotFoundError) as exc:
        cause = exc.__cause__ or exc
        missing = isinstance(cause, FileNotFoundError)
        kind = StorageError if isinstance(cause, OSError) and not missing else SourceError
        raise kind(f"source {pattern!r} cannot be listed: {error_line(cause)}") from exc


def _list_local(pattern: str, suffixes: tuple[str, ...], also: Callable[[str], bool]) -> _Listed:
    path = str(local_path(pattern))
    base, glob = _split_glob(path, os.path.lexists)
    if glob:
        matches = _match_of(glob)
        depth = None if "**" in glob else glob.count("/") + 1
        for file in files_below(base, depth):
            is_match = matches(file.path.removeprefix(base.rstrip("/") + "/")) is not None
            if is_match or also(file.path):
                yield _seen_here(file), is_match
    elif os.path.isdir(base):
        for file in files_below(base, into_itself=False):
            if file.path.lower().endswith(suffixes):
                yield _seen_here(file), True
            elif file.is_broken:
                log.warning("%s: a link that leads nowhere; nothing behind it is read", file.path)
            elif also(file.path):
                yield _seen_here(file), False
    elif (single := found_file(base)) is not None:
        yield _seen_here(single), True


def _match_of(glob: str) -> Callable[[str], re.Match[str] | None]:
    from fsspec.utils import glob_translate  # late, as in `filesystem`

    return re.compile(glob_translate(glob)).match


def _seen_here(file: FoundFile) -> SeenFile:
    return SeenFile(local_uri(file.path), file.size, f"{file.modified_s:.6f}")


def _split_glob(path: str, is_there: Callable[[str], bool]) -> tuple[str, str]:
    """The part of a path that exists as written, and the rest, which is a glob or empty.

    A name that exists is no glob: `docs [old]/*.pdf` means the files in `docs [old]`, if there is
    such a folder.
    """
    names = path.split("/")
    for count, name in enumerate(names):
        if _GLOB_CHAR.search(name) and not is_there("/".join(names[: count + 1])):
            return "/".join(names[:count]) or "/", "/".join(names[count:])
    return path, ""


def _list_remote(pattern: str, suffixes: tuple[str, ...], also: Callable[[str], bool]) -> _Listed:
    """List page by page, by the keys' prefix up to the first character of a glob."""
    fs, path = filesystem(pattern)
    base, glob = _split_glob(path, fs.exists)
    if first := _GLOB_CHAR.search(glob):
        matches = _match_of(glob)
        for entry in _entries(fs, f"{base}/{glob[: first.start()]}"):
            is_match = matches(entry["name"].removeprefix(f"{base}/")) is not None
            if is_match or also(entry["name"]):
                yield seen_there(fs, entry), is_match
        return
    matched = False
    for entry in _entries(fs, path + "/"):
        matched = True
        if entry["name"].lower().endswith(suffixes):
            yield seen_there(fs, entry), True
        elif also(entry["name"]):
            yield seen_there(fs, entry), False
    if not matched and "/" in path and fs.exists(path):
        single: Entry = fs.info(path)
        yield seen_there(fs, {**single, "name": path}), True


def _entries(fs: Readable, prefix: str, delimiter: str = "") -> Iterator[Entry]:
    for page in fs.pages(prefix, delimiter):
        yield from page


def seen_there(fs: Readable, entry: Entry) -> SeenFile:
    """An object of a listing, as files are known."""
    return SeenFile(f"{fs.scheme}://{entry['name']}", int(entry["size"]), entry["ETag"].strip('"'))


def stat(uri: str) -> SeenFile:
    """Size and version of one file. Raises FileNotFoundError."""
    with translated("stat", uri):
        fs, path = filesystem(uri)
        info = fs.info(path)
        version = f"{info['mtime']:.6f}" if is_local(uri) else info["ETag"].strip('"')
        return SeenFile(uri, int(info["size"]), version)


def require_listing(uri: str) -> None:
    """Raises AccessError where the store of a file refuses to list anything.

    This tells one forbidden file from a store that has shut us out since it was listed.
    """
    if not is_local(uri):
        with translated("list", uri):
            fs, path = filesystem(uri)
            next(fs.pages(path), None)


def list_names(folder: str, suffix: str) -> list[str]:
    """URIs of the files directly in `folder` with this suffix, sorted; none if it is absent."""
    with translated("list", folder):
        fs, path = filesystem(folder)
        if not is_local(folder):
            entries = _entries(fs, path + "/", delimiter="/")
            names = [f"{fs.scheme}://{entry['name']}" for entry in entries]
        else:
            try:
                names = fs.ls(path, detail=False)
            except FileNotFoundError:
                return []
    return sorted(name for name in names if name.endswith(suffix))


@dataclass(frozen=True, slots=True)
class Stored:
    """An object in a store. `modified_s` is by the store's clock, in seconds since 1970."""

    uri: str
    size: int
    modified_s: float

    @property
    def name(self) -> str:
        """The last part of the URI."""
        return self.uri.rsplit("/", 1)[-1]


def list_stored(folder: str) -> list[Stored]:
    """All objects below a folder, at any depth, sorted; none where there is no such folder."""
    with translated("list", folder):
        fs, path = filesystem(folder)
        if is_local(folder):
            return sorted(_stored_below(path, folder), key=lambda item: item.uri)
        return [
            Stored(
                join(folder, entry["name"].removeprefix(f"{path}/")),
                int(entry["size"]),
                entry["modified_s"],
            )
            for entry in sorted(_entries(fs, path + "/"), key=lambda entry: entry["name"])
            if not entry["name"].endswith("/")  # a placeholder of a folder
        ]


def _stored_below(path: str, uri: str) -> Iterator[Stored]:
    """The objects below a local folder, in a tenth of the time that fsspec takes.

    Staging has three files a shard.
    """
    try:
        with os.scandir(path) as listed:
            entries = list(listed)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _stored_below(entry.path, f"{uri}/{entry.name}")
        elif entry.is_file(follow_symlinks=False):
            try:
                status = entry.stat()
            except FileNotFoundError:
                continue  # deleted just now
            yield Stored(f"{uri}/{entry.name}", status.st_size, status.st_mtime)
