"""Walk through a column of a Parquet or Arrow file: bytes of documents, or Hugging Face Images.

An image is a struct of `bytes` and `path`. Other columns may state facts of the document in their
row. A row is read again by its number; rows that are asked for in ascending order are read once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.provenance import Provenance
from schemas.shards import Member
from workers import store
from workers.sources.beside import facts_in
from workers.sources.containers.entries import Chunks, Entry, LostError, printable

_ROWS_AT_ONCE = 16

# What pyarrow raises for a damaged file: ArrowInvalid is a ValueError, ArrowIOError an OSError.
TABLE_DAMAGE = (pa.ArrowException, OSError, ValueError, KeyError)


Facts = Sequence[tuple[str, str]]
"""Pairs of a fact and the column that states it."""


def walk_table(
    handle: BinaryIO, kind: str, column: str | None, facts: Facts = ()
) -> Iterator[Entry]:
    """The documents of a column, in the order of rows; rows without one are left out."""
    try:
        yield from map(_entry, _rows(handle, kind, column, facts=facts))
    except TABLE_DAMAGE as exc:
        raise LostError(f"the table cannot be read ({exc})") from exc


def _entry(row: _Row) -> Entry:
    member = Member(row.name, "row", row.number, len(row.data), within=row.column)
    return Entry(member, lambda: iter((row.data,)), stated=row.stated)


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    name: str
    column: str
    data: bytes
    stated: Provenance


def _rows(
    handle: BinaryIO, kind: str, column: str | None, first: int = 0, facts: Facts = ()
) -> Iterator[_Row]:
    """The rows from `first` on that hold bytes."""
    batches = _parquet if kind == "parquet" else _arrow
    for start, name, batch in batches(handle, column, first, facts):
        said = [(fact, batch.column(other).to_pylist()) for fact, other in facts]
        for number, value in enumerate(batch.column(name).to_pylist(), start):
            if number < first or value is None:
                continue
            data, path = (value["bytes"], value["path"]) if isinstance(value, dict) else (value, "")
            if data is not None:
                label = printable(f"{number}/{path}" if path else str(number))
                fields = {fact: words[number - start] for fact, words in said}
                yield _Row(number, label, name, data, facts_in(fields, "column"))


_Batches = Iterator[tuple[int, str, pa.RecordBatch]]
"""Runs of rows: the number of the first, the column of documents, the rows."""


def _parquet(handle: BinaryIO, column: str | None, first: int, facts: Facts) -> _Batches:
    file = pq.ParquetFile(handle)
    name = chosen_column(file.schema_arrow, column)
    wanted = [name, *_stating(file.schema_arrow, facts)]
    start = 0
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if start + rows > first:
            at = start
            for batch in file.iter_batches(_ROWS_AT_ONCE, row_groups=[group], columns=wanted):
                if at + len(batch) > first:
                    yield at, name, batch
                at += len(batch)
        start += rows


def _arrow(handle: BinaryIO, column: str | None, first: int, facts: Facts) -> _Batches:
    """Both forms: a file with a footer, and a stream, as `save_to_disk` of `datasets` writes it."""
    start = 0
    for batch in _batches(handle):
        # Arrow's readers trust offsets and lengths: those of a damaged file lead anywhere.
        batch.validate(full=True)
        name = chosen_column(batch.schema, column)
        _stating(batch.schema, facts)
        for at in range(0, len(batch), _ROWS_AT_ONCE):
            part = batch.slice(at, _ROWS_AT_ONCE)
            if start + at + len(part) > first:
                yield start + at, name, part
        start += len(batch)


def _batches(handle: BinaryIO) -> Iterator[pa.RecordBatch]:
    magic = handle.read(6)
    handle.seek(0)
    if magic == b"ARROW1":
        reader = pa.ipc.open_file(handle)
        yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
    else:
        yield from pa.ipc.open_stream(handle)


def chosen_column(schema: pa.Schema, column: str | None) -> str:
    """The column that holds documents. Raises LostError where none, or more than one, does."""
    holding = [field.name for field in schema if _holds_bytes(field.type)]
    if column is not None:
        if column not in holding:
            held = f"; these do: {', '.join(holding)}" if holding else ""
            raise LostError(f"no column {column!r} holds bytes or images{held}", "no_column")
        return column
    if len(holding) != 1:
        names = ", ".join(holding) or "none does"
        raise LostError(f"name in `column` which one holds documents ({names})", "no_column")
    return str(holding[0])


def _stating(schema: pa.Schema, facts: Facts) -> list[str]:
    """The columns that state facts. Raises LostError where one is not there."""
    names = [column for _, column in facts]
    lacking = [name for name in names if name not in schema.names]
    if lacking:
        there = ", ".join(map(str, schema.names))
        why = f"no column {lacking[0]!r}, which `facts` names, among {there}"
        raise LostError(why, "no_column")
    return names


def _holds_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        fields = {field.name: field.type for field in kind}
        return fields.keys() == {"bytes", "path"} and _holds_bytes(fields["bytes"])
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


class RowReader:
    """Rows of one table by their numbers; asking in ascending order reads each row once."""

    def __init__(self, uri: str, kind: str, column: str | None) -> None:
        self._uri = uri
        self._kind = kind
        self._column = column
        self._handle: BinaryIO | None = None
        self._rows: Iterator[_Row] = iter(())
        self._next = 0

    def chunks(self, number: int) -> Chunks:
        """The bytes in a row. Raises LostError where it holds none."""
        if self._handle is None or number < self._next:
            self.close()
            self._handle = store.open_input(self._uri)
            self._rows = _rows(self._handle, self._kind, self._column, number)
        try:
            for row in self._rows:
                self._next = row.number + 1
                if row.number == number:
                    yield row.data
                    return
                if row.number > number:
                    break
        except TABLE_DAMAGE as exc:
            self.close()
            raise LostError(f"the table cannot be read ({exc})") from exc
        self.close()
        raise LostError(f"row {number} holds no document")

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            self._handle.close()
        self._handle = None
