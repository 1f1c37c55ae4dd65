"""Walk local folders: the files below a folder, also behind symbolic links.

A link to a folder is followed, and files behind it have the path through the link. Each link is
followed once, and no folder is entered from within itself, so circles of links end. A broken link
is returned like a file, so that it can be reported.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file, or a broken link, whose size is 0."""

    path: str
    size: int
    modified_s: float
    is_broken: bool = False


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder and the path that led to it; `links` counts the links among that path's names."""

    path: str
    real: str
    depth: int
    links: int
    above: _Folder | None

    def is_within(self, real: str) -> bool:
        """Whether this folder was reached through the folder with this real path."""
        folder: _Folder | None = self
        while folder is not None and folder.real != real:
            folder = folder.above
        return folder is not None


def files_below(
    root: str, depth: int | None = None, into_itself: bool = True
) -> Iterator[FoundFile]:
    """The files below a folder, in no particular order, at most `depth` names below it.

    Without `into_itself`, links into the root's own tree are not followed: their files are found
    without them. Raises OSError for a folder that cannot be listed.
    """
    top = _Folder(root, os.path.realpath(root), 1, 0, None)
    followed: set[str] = set()
    waiting = deque([top])
    while waiting:
        # Folders near the root first, so that a link is reached by a short path.
        folder = waiting.popleft()
        below: list[_Folder] = []
        for entry in _entries(folder.path):
            child = _child(entry, folder)
            if child is None:
                file = found_file(entry.path)
                if file is not None:
                    yield file
            elif depth is None or folder.depth < depth:
                below.append(child)
        # By name, so that every walk reaches a link by the same path.
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
    """The folder that an entry is or links to; None where it is no folder."""
    child = _Folder(entry.path, "", folder.depth + 1, folder.links, folder)
    if entry.is_dir(follow_symlinks=False):
        return replace(child, real=os.path.join(folder.real, entry.name))
    if entry.is_symlink() and os.path.isdir(entry.path):
        return replace(child, real=os.path.realpath(entry.path), links=folder.links + 1)
    return None


def _is_outside(real: str, root: str) -> bool:
    return os.path.commonpath([real, root]) != root


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """The entries of a folder; none where it was just deleted."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def found_file(path: str) -> FoundFile | None:
    """The file at a path; None where it is not a file, or was just deleted."""
    try:
        status = os.stat(path)
    except OSError:
        # A link to nothing, in a circle, or to a place that we may not enter.
        try:
            return FoundFile(path, 0, os.lstat(path).st_mtime, is_broken=True)
        except FileNotFoundError:
            return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return FoundFile(path, status.st_size, status.st_mtime)
