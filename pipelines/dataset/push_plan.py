"""What a push has to send and commit, and whether the Hub takes it. Pure.

The Hub's limits are those of https://huggingface.co/docs/hub/storage-limits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas.errors import RequestError
from schemas.tables import TABLES
from workers.dataset.delta import PartFile
from workers.store.hub_repository import RemoteFile

# Of one request for places to upload to. On a store, a group is copied to local disk, then sent.
GROUP_FILES = 50
GROUP_BYTES = 2**30
# The Hub checks each operation of a commit, and gives a request a minute. It advises against more
# than 100 files, takes 25,000, and `huggingface_hub` itself commits up to 1,000.
MOST_OPERATIONS = 1_000
MOST_FILES = 10_000  # of a folder
MOST_BYTES = 500 * 10**9  # of a file
_PART = re.compile(rf"(?:{'|'.join(TABLES)})/data/part-[0-9a-f]{{64}}\.parquet")


@dataclass(frozen=True, slots=True)
class Content:
    """What a version has in a repository: texts by path, and parts with their places by path."""

    texts: Mapping[str, bytes]
    parts: Mapping[str, tuple[PartFile, str]]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a push has to change: texts and parts to add, and paths to remove."""

    texts: Mapping[str, bytes]
    parts: Sequence[str]
    gone: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.texts or self.parts or self.gone)

    def __len__(self) -> int:
        return len(self.texts) + len(self.parts) + len(self.gone)


def changes_to(content: Content, there: Mapping[str, RemoteFile]) -> Changes:
    """What has to change so that files that are `there` become those of a version."""
    texts = {
        path: data
        for path, data in content.texts.items()
        if path not in there or not there[path].holds(data)
    }
    parts = [
        path
        for path, (part, _) in content.parts.items()
        if path not in there
        or there[path].size != part.size
        or there[path].sha256 not in (None, part.sha256)
    ]
    gone = [path for path in sorted(there) if _PART.fullmatch(path) and path not in content.parts]
    return Changes(texts, parts, gone)


def commits_of(changes: Changes, most: int) -> list[Changes]:
    """The changes as commits: one, unless there are more than `most` operations.

    Of several, the first bring parts, which no card names yet. Then one brings the texts, the card
    among them, and the last take away what the card before it named. So the parts that the card
    names are there after each of them.
    """
    if len(changes) <= most:
        return [changes]
    adding = [Changes({}, parts, ()) for parts in _chunks(changes.parts, most)]
    removing = [Changes({}, (), gone) for gone in _chunks(changes.gone, most)]
    texts = [Changes(changes.texts, (), ())] if changes.texts else []
    return [*adding, *texts, *removing]


def _chunks(paths: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    return (paths[start : start + most] for start in range(0, len(paths), most))


def check_limits(name: str, content: Content, changes: Changes, there: Collection[str]) -> None:
    """Raises RequestError where the Hub would refuse a commit: before anything is sent."""
    for path, (part, _) in content.parts.items():
        if part.size > MOST_BYTES:
            raise RequestError(
                f"{name}: {path} has {part.size:,} bytes, and the Hub takes {MOST_BYTES:,} a file; "
                "nothing was sent. Publish smaller parts: `publish: {part_bytes: …}`"
            )
    # What is removed may still be there while several commits are made.
    staying = set(there) - (set(changes.gone) if len(changes) <= MOST_OPERATIONS else set())
    folders = Counter(path.rpartition("/")[0] for path in staying | content.parts.keys())
    for folder, count in folders.items():
        if count > MOST_FILES:
            raise RequestError(
                f"{name}: {folder or 'its first folder'} would have {count:,} files, and the Hub "
                f"takes {MOST_FILES:,} a folder; nothing was sent. Publish larger parts: "
                "`publish: {part_bytes: …}`, or push to another repository"
            )


def groups(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """Paths in groups of at most `GROUP_FILES` files and `GROUP_BYTES` bytes, or of one file."""
    group: list[str] = []
    size = 0
    for path, more in sizes.items():
        if group and (len(group) == GROUP_FILES or size + more > GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(path)
        size += more
    if group:
        yield group
