"""A shard under way: what each format has, and how rows are counted into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ShardFile:
    """A finished file of a shard, by its name in the destination."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """A finished shard: its files, its rows, and the place of the first in the export's order."""

    first: int
    rows: int
    files: tuple[ShardFile, ...]


class Shard(Protocol):
    """One shard, written to a temporary folder."""

    def add(self, rows: pa.Table, most_bytes: int) -> int:
        """Add rows from the front until the shard has `most_bytes`; returns how many were added.

        The row that reaches the size is the last one. Fewer rows than given mean a full shard.
        """
        ...

    def close(self) -> None:
        """Finish its files."""
        ...


class Format(Protocol):
    """How shards are written."""

    def open(self, folder: Path, number: int) -> Shard:
        """Begin shard `number` in a folder; the files' paths in it are those in the destination."""
        ...

    def must_end_at(self, rows: int) -> int | None:
        """A place among all rows where a shard has to end, whatever its size."""
        ...

    def index(self, shards: Sequence[ShardRecord]) -> Mapping[str, bytes]:
        """Files that say where the shards are, by name, in the order to write them."""
        ...


class Stream(Protocol):
    """Rows in the order of the export."""

    @property
    def schema(self) -> pa.Schema:
        """The columns."""
        ...

    @property
    def count(self) -> int:
        """How many rows there are."""
        ...

    def batches(self, start: int) -> Iterator[pa.Table]:
        """The rows from a place on, some at a time; each row once."""
        ...


class RowWriter(Protocol):
    """Writes a shard row by row."""

    def write(self, row: Row) -> int:
        """Write a row; returns the bytes of the shard so far."""
        ...

    def close(self) -> None:
        """Finish the shard."""
        ...


class OfRows:
    """A shard whose format writes rows one by one."""

    def __init__(self, writer: RowWriter) -> None:
        self._writer = writer
        self._bytes = 0

    def add(self, rows: pa.Table, most_bytes: int) -> int:
        """See `Shard`."""
        added = 0
        for row in rows.to_pylist():
            if self._bytes >= most_bytes:
                break
            self._bytes = self._writer.write(row)
            added += 1
        return added

    def close(self) -> None:
        """See `Shard`."""
        self._writer.close()


class TableWriter(Protocol):
    """Writes a shard some rows at a time."""

    def write(self, rows: pa.Table) -> None:
        """Write rows."""
        ...

    def close(self) -> None:
        """Finish the shard."""
        ...


class OfTables:
    """A shard whose format takes Arrow tables. It is measured as Arrow has the rows in memory."""

    def __init__(self, writer: TableWriter) -> None:
        self._writer = writer
        self._bytes = 0

    def add(self, rows: pa.Table, most_bytes: int) -> int:
        """See `Shard`."""
        added = 0
        while added < rows.num_rows and self._bytes < most_bytes:
            self._bytes += rows.slice(added, 1).nbytes
            added += 1
        self._writer.write(rows.slice(0, added))
        return added

    def close(self) -> None:
        """See `Shard`."""
        self._writer.close()
