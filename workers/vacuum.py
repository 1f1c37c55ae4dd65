"""What lies under a dataset's folders, and its removal: objects with their ages, log entries.

Nothing here decides what may go; that is `pipelines.vacuum`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from workers import store
from workers.delta import open_table, write_checkpoint
from workers.locations import filesystem, is_local, translated

# As many as S3 takes in one DeleteObjects request.
_REMOVED_AT_ONCE = 1000
# The twenty digits of a version, and whether the entry is a commit or a checkpoint; what a torn
# write left beside it has another ending.
_LOG_ENTRY = re.compile(r"(?P<version>\d{20})\.(?P<kind>json|checkpoint\.(.+\.)?parquet)")


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
        fs.invalidate_cache(path)
        found = fs.find(path, detail=True)
    return [
        Stored(
            store.join(folder, name.removeprefix(f"{path}/")), int(info["size"]), _modified_s(info)
        )
        for name, info in sorted(found.items())
        if info["type"] == "file"  # an S3 store may list a folder that has become empty
    ]


def _modified_s(info: dict[str, Any]) -> float:
    if "mtime" in info:
        return float(info["mtime"])
    return float(info["LastModified"].timestamp())


def remove(objects: Sequence[Stored]) -> None:
    """Delete objects, those of one call in any order. One that is gone already is no error."""
    for start in range(0, len(objects), _REMOVED_AT_ONCE):
        uris = [item.uri for item in objects[start : start + _REMOVED_AT_ONCE]]
        if is_local(uris[0]):
            for uri in uris:
                store.delete(uri)
            continue
        with translated("delete", f"{uris[0]} and {len(uris) - 1} more"):
            fs, _ = filesystem(uris[0])
            fs.rm([fs._strip_protocol(uri) for uri in uris])


# ---- the log of a table ---------------------------------------------------------------------


def named_parts(table_uri: str) -> frozenset[str]:
    """Paths of the parts of every version that the table's log still tells.

    They are those of the oldest version that can be opened, and what each commit added.
    """
    entries = _log_entries(table_uri)
    bases = [version for version, kind, _ in entries if version == 0 or kind != "json"]
    if not bases:
        return frozenset()
    oldest = open_table(table_uri, min(bases))
    paths = {part.path for part in oldest.parts} if oldest else set()
    commits = [entry.uri for _, kind, entry in entries if kind == "json"]
    for data in store.read_many(commits):
        for line in data.splitlines():
            added = json.loads(line).get("add")
            if added is not None:
                paths.add(unquote(added["path"]))
    return frozenset(paths)


def log_before(table_uri: str, version: int) -> list[Stored]:
    """The log entries that only versions before `version` need."""
    return [entry for older, _, entry in _log_entries(table_uri) if older < version]


def forget_before(table_uri: str, version: int) -> None:
    """Let the log begin at `version`: a checkpoint there, then older entries go, oldest first.

    So the Delta protocol has it ("Metadata Cleanup"). Readers are then told that an older version
    is not there, and do not first open it and then miss its parts. The commit of `version` itself
    stays, for what it says.
    """
    old = log_before(table_uri, version)
    if not old:
        return
    if all(kind == "json" for at, kind, _ in _log_entries(table_uri) if at == version):
        write_checkpoint(table_uri, version)
    remove(old)


def _log_entries(table_uri: str) -> list[tuple[int, str, Stored]]:
    """Version, kind and object of each log entry, oldest first."""
    found = []
    for entry in list_stored(store.join(table_uri, "_delta_log")):
        match = _LOG_ENTRY.fullmatch(entry.name)
        if match:
            kind = "json" if match["kind"] == "json" else "checkpoint"
            found.append((int(match["version"]), kind, entry))
    return sorted(found, key=lambda found: found[0])
