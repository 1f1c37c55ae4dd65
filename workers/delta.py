"""Delta tables of a dataset: open a version, list its parts, commit a new set of parts.

`deltalake` writes the log; this module says which parts a version holds. A commit is given as the
set of parts that the table shall have, so repeating one changes nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from schemas.errors import DatasetError, StorageError
from schemas.tables import SCHEMAS
from workers import store

METADATA_KEY = "pagefoundry"


@dataclass(frozen=True, slots=True)
class PartFile:
    """A part as the table's log names it: `data/part-<sha256>.parquet`."""

    path: str
    size: int
    rows: int

    @property
    def sha256(self) -> str:
        """The digest that the name holds."""
        return self.path.rsplit("part-", 1)[-1].removesuffix(".parquet")


@dataclass(frozen=True, slots=True)
class TableVersion:
    """One version of one table: its parts, sorted by path, and what its commit says."""

    uri: str
    version: int
    parts: tuple[PartFile, ...]
    metadata: Mapping[str, Any]

    def part_uri(self, part: PartFile) -> str:
        """Where a part lies."""
        return store.join(self.uri, part.path)


def open_table(uri: str, version: int | None = None) -> TableVersion | None:
    """A version of a table, the latest by default; None where there is no table.

    Raises DatasetError where the table has no such version.
    """
    try:
        table = DeltaTable(uri)
        history = {entry["version"]: entry for entry in table.history()}
        if version is not None and version not in history:
            known = f"{min(history)} to {max(history)}"
            raise DatasetError(f"{uri} has versions {known}, not {version}")
        if version is not None and version != table.version():
            table.load_as_version(version)
        actions = pa.table(table.get_add_actions(flatten=True))
    except TableNotFoundError:
        return None
    except (DeltaError, OSError) as exc:
        raise StorageError(f"cannot open the table {uri}: {exc}") from exc
    entry = history[table.version()]
    parts = [
        PartFile(row["path"], row["size_bytes"], row["num_records"])
        for row in actions.select(["path", "size_bytes", "num_records"]).to_pylist()
    ]
    return TableVersion(
        uri,
        table.version(),
        tuple(sorted(parts, key=lambda part: part.path)),
        json.loads(entry.get(METADATA_KEY, "{}")),
    )


def table_history(uri: str) -> list[tuple[int, int, dict[str, Any]]]:
    """Versions of a table, newest first: number, timestamp in ms, and what the commit says."""
    return [
        (entry["version"], int(entry["timestamp"]), json.loads(entry.get(METADATA_KEY, "{}")))
        for entry in DeltaTable(uri).history()
    ]


def commit_parts(
    dataset: str,
    table: str,
    parts: Iterable[PartFile],
    run_id: str,
    metadata: Mapping[str, Any] | None = None,
) -> TableVersion:
    """Make `parts` the table's parts, in one commit; none is made where nothing would change.

    With `metadata` a commit is also made when only the metadata is new.
    """
    uri = store.join(dataset, table)
    wanted = {part.path: part for part in parts}
    current = open_table(uri)
    if current is None:
        schema = Schema.from_arrow(SCHEMAS[table])
        store.make_folder(store.join(uri, "data"))
        create_table_with_add_actions(uri, schema, [], name=table)
        current = open_table(uri)
        assert current is not None
    present = {part.path: part for part in current.parts}
    actions: list[AddAction | RemoveAction] = [
        _add(part) for path, part in wanted.items() if path not in present
    ]
    actions += [_remove(part) for path, part in present.items() if path not in wanted]
    if not actions and (metadata is None or current.metadata == metadata):
        return current
    custom = {METADATA_KEY: json.dumps(metadata, sort_keys=True)} if metadata else None
    try:
        DeltaTable(uri).create_write_transaction(
            actions,
            "append",
            SCHEMAS[table],
            commit_properties=CommitProperties(
                custom_metadata=custom, app_transactions=[Transaction(run_id, current.version + 1)]
            ),
        )
    except (DeltaError, OSError) as exc:
        raise StorageError(f"cannot commit to the table {uri}: {exc}") from exc
    committed = open_table(uri)
    assert committed is not None
    return committed


def _add(part: PartFile) -> AddAction:
    stats = json.dumps({"numRecords": part.rows})
    return AddAction(part.path, part.size, {}, 0, True, stats)


def _remove(part: PartFile) -> RemoveAction:
    return RemoveAction(part.path, True, int(time.time() * 1000), part.size, {})
