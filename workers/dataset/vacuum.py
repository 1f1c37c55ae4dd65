"""Remove objects under a dataset's folders, and entries of its tables' logs.

What may be removed is decided in `pipelines.dataset.vacuum`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from urllib.parse import unquote

from workers import store
from workers.dataset.delta import open_table, write_checkpoint
from workers.store.listing import Stored, list_stored
from workers.store.locations import filesystem, is_local, paths_in, translated

# As many as S3 takes in one DeleteObjects request.
_REMOVED_AT_ONCE = 1000
# The twenty digits of a version, and whether the entry is a commit or a checkpoint. Files that a
# torn write left end in something else.
_LOG_ENTRY = re.compile(r"(?P<version>\d{20})\.(?P<kind>json|checkpoint\.(.+\.)?parquet)")


def remove(objects: Sequence[Stored]) -> None:
    """Delete objects, in any order. An object that is gone already is no error."""
    for start in range(0, len(objects), _REMOVED_AT_ONCE):
        uris = [item.uri for item in objects[start : start + _REMOVED_AT_ONCE]]
        if is_local(uris[0]):
            for uri in uris:
                store.delete(uri)
            continue
        with translated("delete", f"{uris[0]} and {len(uris) - 1} more"):
            fs, _ = filesystem(uris[0])
            fs.delete_objects(paths_in(uris))


# ---- the log of a table ---------------------------------------------------------------------


def named_parts(table_uri: str) -> frozenset[str]:
    """Paths of the parts of every version that is still in the table's log.

    These are the parts of the oldest version that can be opened, and those that commits added.
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
    """Make the log begin at `version`: write a checkpoint there, then delete older entries.

    This is the Delta protocol's "Metadata Cleanup". A reader that asks for an older version then
    fails at once, and not later when its parts are missing. The commit of `version` itself stays,
    because of its metadata.
    """
    old = log_before(table_uri, version)
    if not old:
        return
    if all(kind == "json" for at, kind, _ in _log_entries(table_uri) if at == version):
        write_checkpoint(table_uri, version)
    remove(old)


def _log_entries(table_uri: str) -> list[tuple[int, str, Stored]]:
    """Version, kind and object of each log entry, oldest first."""
    entries = []
    for entry in list_stored(store.join(table_uri, "_delta_log")):
        match = _LOG_ENTRY.fullmatch(entry.name)
        if match:
            kind = "json" if match["kind"] == "json" else "checkpoint"
            entries.append((int(match["version"]), kind, entry))
    return sorted(entries, key=lambda entry: entry[0])
