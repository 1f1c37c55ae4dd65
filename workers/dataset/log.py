"""The log of a Delta table, read entry by entry.

deltalake's own history is empty where the table's name has a `#`, a `?` or a `:`. It also counts
versions back from the one that was opened, which is wrong when another commit came meanwhile.
"""

from __future__ import annotations

import json
import re
from typing import TypedDict

from workers import store
from workers.store.listing import Stored, list_stored

_COMMIT = re.compile(r"(?P<version>\d{20})\.json")
# A vacuum may delete the oldest entries between the listing and the reading.
_READINGS = 5


class CommitInfo(TypedDict, total=False):
    """What an entry of the log says of its commit, as far as it is used here."""

    timestamp: float  # milliseconds
    pagefoundry: str  # JSON: what `workers.dataset.delta` writes


def versions(table_uri: str) -> list[int]:
    """The versions whose commits the log still has, oldest first."""
    return sorted(_entries(table_uri))


def commit_info(table_uri: str, version: int) -> CommitInfo:
    """What the commit of one version says, from its entry alone.

    Raises FileNotFoundError where the log has no such entry any more.
    """
    uri = store.join(table_uri, "_delta_log", f"{version:020d}.json")
    return _info(store.read_bytes(uri))


def commits(table_uri: str) -> dict[int, CommitInfo]:
    """What the commits say, by version, newest first: those whose entries the log still has."""
    for _ in range(_READINGS - 1):
        try:
            return _read(_entries(table_uri))
        except FileNotFoundError:
            continue
    return _read(_entries(table_uri))


def _entries(table_uri: str) -> dict[int, Stored]:
    entries = {}
    for item in list_stored(store.join(table_uri, "_delta_log")):
        if match := _COMMIT.fullmatch(item.name):
            entries[int(match["version"])] = item
    return dict(sorted(entries.items(), reverse=True))


def _read(entries: dict[int, Stored]) -> dict[int, CommitInfo]:
    read = store.read_many([item.uri for item in entries.values()])
    return {
        version: _timed_info(data, item.modified_s)
        for (version, item), data in zip(entries.items(), read, strict=True)
    }


def _timed_info(entry: bytes, modified_s: float) -> CommitInfo:
    """What an entry says of its commit, with the time of its file where it says none."""
    info = _info(entry)
    info.setdefault("timestamp", modified_s * 1000)
    return info


def _info(entry: bytes) -> CommitInfo:
    infos = (json.loads(line).get("commitInfo") for line in entry.splitlines() if line.strip())
    empty: CommitInfo = {}
    return next((info for info in infos if info), empty)
