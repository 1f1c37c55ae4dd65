"""Walks of local folders: the files below one, also behind symbolic links.

A link to a folder is followed, and what lies behind it has the path by which it was reached. Each
link is followed once, and no folder is entered from within itself, so that links in a circle end:
what they lead to is listed already. A link that leads nowhere is given like a file, so that it is
not lost.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file, or a link that leads nowhere, which has no size then."""

    path: str
    size: int
    modified_s: float
    is_broken: bool = False


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder by the path that led to it; `links` is how many of its path's names are links."""

    path: str
    real: str
    depth: int
    links: int
    above: _Folder | None

    def is_within(self, real: str) -> bool:
        """Whether the way here led through the folder with this real path."""
        folder: _Folder | None = self
        while folder is not None and folder.real != real:
            folder = folder.above
        return folder is not None


def files_below(
    root: str, depth: int | None = None, into_itself: bool = True
) -> Iterator[FoundFile]:
    """The files below a folder, in no order; with `depth`, at most so many names below.

    Without `into_itself`, links to folders of the root's own tree are not followed: what lies
    there is found without them. Raises OSError for a folder that cannot be listed.
    """
    top = _Folder(root, os.path.realpath(root), 1, 0, None)
    followed: set[str] = set()
    waiting = deque([top])
    while waiting:
        # The folders near the root first: the way that leads to a link is then a short one.
        folder = waiting.popleft()
        below: list[_Folder] = []
        for entry in _entries(folder.path):
            child = _child(entry, folder)
            if child is None:
                found = found_file(entry.path)
                if found is not None:
                    yield found
            elif depth is None or folder.depth < depth:
                below.append(child)
        # By name, so that which way leads to a link first is the same in every walk.
        for child in sorted(below, key=lambda folder: folder.path):
            if child.links and folder.is_within(child.real):
                continue
            if child.links > folder.links:
                link = os.path.join(folder.real, os.path.basename(child.path))
                if link in followed or not (into_itself or _is_outside(child.real, top.real)):
                    continue
                followed.add(link)
            waiting.append(child)


def _child(entry: os.DirEntry[str], folder: _Folder) -> _Folder | None:
    """The folder that an entry is, or leads to."""
    child = _Folder(entry.path, "", folder.depth + 1, folder.links, folder)
    if entry.is_dir(follow_symlinks=False):
        return replace(child, real=os.path.join(folder.real, entry.name))
    if entry.is_symlink() and os.path.isdir(entry.path):
        return replace(child, real=os.path.realpath(entry.path), links=folder.links + 1)
    return None


def _is_outside(real: str, root: str) -> bool:
    return os.path.commonpath([real, root]) != root


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What lies in a folder; nothing where it has just gone."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def found_file(path: str) -> FoundFile | None:
    """The file at a path; None for what is no file, or has just gone."""
    try:
        found = os.stat(path)
    except OSError:
        # A link that leads nowhere, or in a circle, or to where we may not go.
        try:
            return FoundFile(path, 0, os.lstat(path).st_mtime, is_broken=True)
        except FileNotFoundError:
            return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return FoundFile(path, found.st_size, found.st_mtime)
