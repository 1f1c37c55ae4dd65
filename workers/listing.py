"""Listing: the files that patterns name, what lies in a folder, one file's size and version.

A listing of S3 comes page by page, and nothing of it is cached: other processes write too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fsspec.utils import glob_translate

from schemas.errors import AccessError, SourceError, StorageError
from schemas.shards import SeenFile
from workers.locations import absolute, filesystem, is_local, is_s3, join, one_line, translated

if TYPE_CHECKING:
    from workers.s3 import S3

DOCUMENT_SUFFIXES = (".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
_GLOB_CHARS = "*?["
_FIRST_GLOB_CHAR = re.compile(r"[*?\[]")


def list_documents(
    patterns: Iterable[str], suffixes: tuple[str, ...] = DOCUMENT_SUFFIXES
) -> list[SeenFile]:
    """All files that the patterns name, once each, sorted by URI.

    A folder stands for the files below it with these suffixes; a glob for exactly what it matches.
    Raises SourceError for a pattern that matches nothing or that no store could list, StorageError
    where the store does not answer.
    """
    found: dict[str, SeenFile] = {}
    for pattern in patterns:
        matches = list(_list_pattern(absolute(pattern), suffixes))
        if not matches:
            raise SourceError(
                f"source {pattern!r} matches no file; name a folder or a glob like 'docs/**/*.pdf'"
            )
        found.update((file.uri, file) for file in matches)
    return [found[uri] for uri in sorted(found)]


def _list_pattern(pattern: str, suffixes: tuple[str, ...]) -> Iterator[SeenFile]:
    try:
        with translated("list", pattern):
            listed = _list_s3 if is_s3(pattern) else _list_files
            yield from listed(pattern, suffixes)
    except AccessError:
        raise
    except (StorageError, FileNotFoundError) as exc:
        cause = exc.__cause__ or exc
        missing = isinstance(cause, FileNotFoundError)
        kind = StorageError if isinstance(cause, OSError) and not missing else SourceError
        raise kind(f"source {pattern!r} cannot be listed: {one_line(cause)}") from exc


def _list_s3(pattern: str, suffixes: tuple[str, ...]) -> Iterator[SeenFile]:
    """Page by page, by the keys' prefix up to the first character of a glob."""
    fs, path = filesystem(pattern)
    matched = False
    if glob := _FIRST_GLOB_CHAR.search(path):
        matches = re.compile(glob_translate(path)).match
        for entry in _entries(fs, path[: glob.start()]):
            if matches(entry["name"]):
                matched = True
                yield _seen_in_s3(entry)
    if matched:
        return
    for entry in _entries(fs, path + "/"):
        matched = True
        if entry["name"].lower().endswith(suffixes):
            yield _seen_in_s3(entry)
    if not matched and "/" in path and fs.exists(path):
        yield _seen_in_s3(fs.info(path))


def _entries(fs: S3, prefix: str, delimiter: str = "") -> Iterator[dict[str, Any]]:
    for page in fs.pages(prefix, delimiter):
        yield from page


def _seen_in_s3(entry: dict[str, Any]) -> SeenFile:
    return SeenFile(f"s3://{entry['name']}", int(entry["size"]), _version(entry))


def _list_files(pattern: str, suffixes: tuple[str, ...]) -> Iterator[SeenFile]:
    fs, path = filesystem(pattern)
    if any(char in pattern for char in _GLOB_CHARS) and not fs.exists(path):
        entries, by_suffix = fs.glob(path, detail=True), False
    else:
        by_suffix = fs.isdir(path)
        entries = fs.find(path, detail=True)
    for name, listed in entries.items():
        # A listing shows a link, not the file behind it.
        is_link = listed.get("islink", False)
        info = fs.info(name) if is_link and fs.exists(name) else listed
        if info["type"] != "file" and (fs.exists(name) or not is_link):
            continue  # a broken link stays: whoever opens it can say so
        if by_suffix and not name.lower().endswith(suffixes):
            continue
        uri = _local_uri(name) if is_local(pattern) else fs.unstrip_protocol(name)
        yield SeenFile(uri, int(info["size"]), _version(info))


def _local_uri(path: str) -> str:
    """A path as it is; one whose name is not UTF-8 as a `file://` URL, which tables can hold."""
    return path if is_utf8(path) else "file://" + quote(os.fsencode(path))


def is_utf8(path: str) -> bool:
    """Whether a path can stand in a table."""
    # Bytes of a file name that are not UTF-8 stand in a str as lone surrogates.
    return not any("\ud800" <= char <= "\udfff" for char in path)


def _version(info: dict[str, Any]) -> str:
    etag = info.get("ETag") or info.get("etag")
    return str(etag).strip('"') if etag else f"{info.get('mtime', 0):.6f}"


def stat(uri: str) -> SeenFile:
    """Size and version of one file. Raises FileNotFoundError."""
    with translated("stat", uri):
        fs, path = filesystem(uri)
        info = fs.info(path)
        return SeenFile(uri, int(info["size"]), _version(info))


def require_listing(uri: str) -> None:
    """Raises AccessError where the store of a file refuses to list it, as it once did.

    So one file that is denied is told from a store that denies us all.
    """
    if is_s3(uri):
        with translated("list", uri):
            fs, path = filesystem(uri)
            next(fs.pages(path))


def list_names(folder: str, suffix: str) -> list[str]:
    """URIs of the files directly in `folder` that end in `suffix`, sorted; none if it is absent."""
    with translated("list", folder):
        fs, path = filesystem(folder)
        if is_s3(folder):
            entries = _entries(fs, path + "/", delimiter="/")
            names = [f"s3://{entry['name']}" for entry in entries]
        else:
            try:
                names = fs.ls(path, detail=False)
            except FileNotFoundError:
                return []
            if not is_local(folder):
                names = [fs.unstrip_protocol(name) for name in names]
    return sorted(name for name in names if name.endswith(suffix))


@dataclass(frozen=True, slots=True)
class Stored:
    """An object that is there. `modified_s` is the store's clock, in seconds since 1970."""

    uri: str
    size: int
    modified_s: float

    @property
    def name(self) -> str:
        """The last part of the URI."""
        return self.uri.rsplit("/", 1)[-1]


def list_stored(folder: str) -> list[Stored]:
    """All objects under a folder, at any depth, sorted; none where there is no such folder."""
    with translated("list", folder):
        fs, path = filesystem(folder)
        if is_local(folder):
            return sorted(_stored_below(path, folder), key=lambda item: item.uri)
        fs.invalidate_cache(path)
        found = fs.find(path, detail=True)
    return [
        Stored(join(folder, name.removeprefix(f"{path}/")), int(info["size"]), _modified_s(info))
        for name, info in sorted(found.items())
        if info["type"] == "file"  # an S3 store may list a folder that has become empty
    ]


def _stored_below(path: str, uri: str) -> Iterator[Stored]:
    """Of a local folder: staging has three files a shard, and fsspec spends ten times as long."""
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
                found = entry.stat()
            except FileNotFoundError:
                continue  # deleted just now
            yield Stored(f"{uri}/{entry.name}", found.st_size, found.st_mtime)


def _modified_s(info: dict[str, Any]) -> float:
    if "mtime" in info:
        return float(info["mtime"])
    return float(info["LastModified"].timestamp())
