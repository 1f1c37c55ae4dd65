"""The log of a Delta table, read entry by entry.

deltalake's own history is empty under a name that has a `#`, a `?` or a `:`; and it numbers commits
from the version that a table was opened at, which another may follow meanwhile.
"""

from __future__ import annotations

import json
import re
from typing import Any

from workers import store
from workers.store.listing import Stored, list_stored

_COMMIT = re.compile(r"(?P<version>\d{20})\.json")
# Between a listing and the reading, a vacuum may forget the oldest entries.
_READINGS = 5


def versions(table_uri: str) -> list[int]:
    """The versions whose commits the log still has, oldest first."""
    return sorted(_entries(table_uri))


def commit_info(table_uri: str, version: int) -> dict[str, Any]:
    """What the commit of one version says, from its entry alone.

    Raises FileNotFoundError where the log has no such entry any more.
    """
    uri = store.join(table_uri, "_delta_log", f"{version:020d}.json")
    return _info(store.read_bytes(uri))


def commits(table_uri: str) -> dict[int, dict[str, Any]]:
    """What the commits say, by version, newest first: those whose entries the log still has."""
    for _ in range(_READINGS - 1):
        try:
            return _read(_entries(table_uri))
        except FileNotFoundError:
            continue
    return _read(_entries(table_uri))


def _entries(table_uri: str) -> dict[int, Stored]:
    found = {}
    for item in list_stored(store.join(table_uri, "_delta_log")):
        if match := _COMMIT.fullmatch(item.name):
            found[int(match["version"])] = item
    return dict(sorted(found.items(), reverse=True))


def _read(entries: dict[int, Stored]) -> dict[int, dict[str, Any]]:
    read = store.read_many([item.uri for item in entries.values()])
    return {
        version: _said(data, item.modified_s)
        for (version, item), data in zip(entries.items(), read, strict=True)
    }


def _said(entry: bytes, modified_s: float) -> dict[str, Any]:
    """What an entry says of its commit; at least the time."""
    return {"timestamp": modified_s * 1000} | _info(entry)


def _info(entry: bytes) -> dict[str, Any]:
    infos = (json.loads(line).get("commitInfo") for line in entry.splitlines() if line.strip())
    return next((info for info in infos if info), {})
