"""What an export leaves at its destination beside the shards, and what it finds there.

`_EXPORTING` names the finished shards while the export is under way, and `_MANIFEST` once it is
whole. Both begin with `_` and have no suffix, so that readers of a whole folder pass them by.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from schemas.errors import RequestError
from workers import store
from workers.exporting.shards import ShardFile, ShardRecord
from workers.store.listing import list_stored

MANIFEST, UNDER_WAY = "_MANIFEST", "_EXPORTING"
_LEFTOVER = re.compile(r"\.[a-z0-9_]+\.tmp")  # of `workers.store`


@dataclass(frozen=True, slots=True)
class Before:
    """An export that is at the destination already."""

    options: Mapping[str, Any]
    shards: tuple[ShardRecord, ...]
    is_whole: bool


def earlier(destination: str) -> Before | None:
    """The export at a place; None where nothing is. Raises RequestError where others' files are."""
    if store.is_local(destination) and store.local_path(destination).is_file():
        raise RequestError(f"{destination} is a file, and an export is a folder; name a folder")
    for name in (MANIFEST, UNDER_WAY):
        try:
            data = json.loads(store.read_bytes(store.join(destination, name)))
        except FileNotFoundError:
            continue
        except ValueError as exc:
            raise RequestError(
                f"{store.join(destination, name)} is no file of an export; name another destination"
            ) from exc
        shards = tuple(
            ShardRecord(
                one["first"], one["rows"], tuple(ShardFile(**file) for file in one["files"])
            )
            for one in data["shards"]
        )
        return Before(data["options"], shards, name == MANIFEST)
    if others := list_stored(destination):
        raise RequestError(
            f"{destination} has other files, such as {others[0].name}; an export needs a folder "
            "of its own"
        )
    return None


def require_same(
    destination: str, before: Mapping[str, Any], options: Mapping[str, object]
) -> None:
    """Raises RequestError where the export there is another one."""
    names = dict.fromkeys([*before, *options])
    differing = [
        f"{name} {before.get(name)!r} -> {options.get(name)!r}"
        for name in names
        if before.get(name) != options.get(name)
    ]
    if differing:
        raise RequestError(
            f"{destination} has another export; these differ: {', '.join(differing)}; name "
            "another destination, or delete that one"
        )


def still_there(destination: str, shards: tuple[ShardRecord, ...]) -> tuple[ShardRecord, ...]:
    """The shards before the first one of which a file is missing, or has another size.

    Files that a kill left half written are removed.
    """
    sizes = {}
    for stored in list_stored(destination):
        sizes[stored.uri] = stored.size
        if _LEFTOVER.fullmatch(stored.name):
            store.delete(stored.uri)
    for number, shard in enumerate(shards):
        for file in shard.files:
            if sizes.get(store.join(destination, file.name)) != file.bytes:
                return shards[:number]
    return shards


def begin(destination: str, options: Mapping[str, object]) -> None:
    """Record that an export is under way. Raises RequestError where another one just was."""
    store.make_folder(destination)
    data = _record(options, ())
    if not store.create_exclusive(store.join(destination, UNDER_WAY), data):
        raise RequestError(f"{destination}: another export began there just now; run this again")


def write_record(
    destination: str, name: str, options: Mapping[str, object], shards: tuple[ShardRecord, ...]
) -> None:
    """Write the manifest, or what stands for it while the export is under way."""
    store.write_bytes(store.join(destination, name), _record(options, shards))


def _record(options: Mapping[str, object], shards: tuple[ShardRecord, ...]) -> bytes:
    value = {
        "options": options,
        "rows": sum(shard.rows for shard in shards),
        "shards": [asdict(shard) for shard in shards],
    }
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"


def put(destination: str, name: str, data: bytes) -> None:
    """Write a file of the export."""
    uri = store.join(destination, name)
    store.make_folder(uri.rpartition("/")[0])
    store.write_bytes(uri, data)
