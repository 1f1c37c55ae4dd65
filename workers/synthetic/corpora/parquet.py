"""Records of a Parquet file, streamed by row groups; only the columns of a source are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import DocumentError
from workers.synthetic.corpora.record import Record, chat, decoded, failed

_BATCH_ROWS = 64
# What Arrow raises for damaged files; an OSError with an errno is the disk's fault.
_DAMAGE = (pa.ArrowException, OSError)


class Columns(NamedTuple):
    """The columns of a record's text (or chat) and of its name, None where records have none."""

    text: str
    name: str | None
    has_chats: bool = False


def parquet_rows(path: Path, uri: str, columns: Columns, first: int = 0) -> Iterator[Record]:
    """The records from row `first` on.

    The rows of a group after a damaged place are one record with an error; reading continues with
    the next group. Raises DocumentError where the file is not Parquet or lacks the columns.
    """
    with _opened(path, uri) as file:
        _check_columns(file.schema_arrow, uri, columns)
        start = 0
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            if start + count > first:
                yield from _group_rows(file, group, start, max(first, start), columns)
            start += count


def group_ends(path: Path, uri: str) -> list[int]:
    """The row after the last of each row group."""
    with _opened(path, uri) as file:
        counts = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    return [sum(counts[: i + 1]) for i in range(len(counts))]


@contextmanager
def _opened(path: Path, uri: str) -> Iterator[pq.ParquetFile]:
    try:
        file = pq.ParquetFile(path, pre_buffer=False)
    except _DAMAGE as exc:
        _reraise_if_disk(exc)
        raise DocumentError("corrupt", f"{uri}: not Parquet: {exc}") from exc
    with file:
        yield file


def _reraise_if_disk(exc: Exception) -> None:
    if isinstance(exc, OSError) and exc.errno is not None:
        raise exc


def _check_columns(schema: pa.Schema, uri: str, columns: Columns) -> None:
    column, id_column, has_chats = columns
    for field, name in (("column", column), ("id_column", id_column)):
        if name is not None and name not in schema.names:
            raise DocumentError(
                "no_corpus",
                f"{uri}: no column `{name}`; give the source `{field}:` one of its columns: "
                + ", ".join(schema.names),
            )
    kind = schema.field(column).type
    if has_chats and not (_is_text(kind) or _is_list_of_objects(kind)):
        raise DocumentError(
            "no_corpus",
            f"{uri}: column `{column}` holds {kind}; give the source `column:` one of lists of "
            "turns, or of long texts",
        )
    if not has_chats and not _is_text(kind):
        raise DocumentError(
            "no_corpus",
            f"{uri}: column `{column}` holds {schema.field(column).type}; give the source "
            "`column:` one of strings",
        )
    if id_column and not _is_name(schema.field(id_column).type):
        raise DocumentError(
            "no_corpus",
            f"{uri}: column `{id_column}` holds {schema.field(id_column).type}; give the source "
            "`id_column:` one of strings or whole numbers",
        )


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in (*tests, pa.types.is_binary, pa.types.is_large_binary))


def _is_list_of_objects(kind: pa.DataType) -> bool:
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    return bool(is_list and pa.types.is_struct(kind.value_type))


def _is_name(kind: pa.DataType) -> bool:
    return _is_text(kind) or pa.types.is_integer(kind)


def _group_rows(
    file: pq.ParquetFile, group: int, start: int, first: int, columns: Columns
) -> Iterator[Record]:
    """The rows of a group from row `first` on; the group begins at row `start`."""
    names = [name for name in (columns.text, columns.name) if name is not None]
    count = file.metadata.row_group(group).num_rows
    at = start
    try:
        batches = file.iter_batches(
            _BATCH_ROWS, row_groups=[group], columns=names, use_threads=False
        )
        for batch in batches:
            if at + len(batch) > first:
                rows = batch.slice(max(first - at, 0))
                yield from _batch_rows(rows, max(first, at), columns)
            at += len(batch)
    except _DAMAGE as exc:
        _reraise_if_disk(exc)
        yield failed(max(first, at), f"rows from {max(first, at)} on are damaged: {exc}")
        return
    if at < start + count:
        yield failed(max(first, at), f"rows from {max(first, at)} to {start + count} are missing")


def _batch_rows(batch: pa.RecordBatch, first: int, columns: Columns) -> Iterator[Record]:
    texts = batch.column(columns.text)
    count = len(texts)
    names = [None] * count if columns.name is None else _names(batch.column(columns.name))
    if not _is_text(texts.type):
        for row, name in enumerate(names):
            yield _chat(first + row, columns.text, texts[row], name)
        return
    for number, (data, name) in enumerate(zip(_bytes(texts), names, strict=True), first):
        if data is None:
            yield failed(number, f"row {number}: `{columns.text}` is null", name)
            continue
        record = decoded(number, f"row {number}", data, name)
        if columns.has_chats and record.error is None:
            record = chat(number, f"row {number}: `{columns.text}`", record.text, name)
        yield record


def _chat(number: int, column: str, value: pa.Scalar, name: str | None) -> Record:
    try:
        turns = value.as_py()
    except UnicodeDecodeError as exc:
        return failed(number, f"row {number}: `{column}` is not UTF-8: {exc.reason}", name)
    return chat(number, f"row {number}: `{column}`", turns, name)


def _bytes(array: pa.Array) -> list[bytes | None]:
    """The values as bytes: Arrow does not check that strings are UTF-8; decoding may fail."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    values: list[bytes | None] = array.cast(pa.large_binary()).to_pylist()
    return values


def _names(array: pa.Array) -> list[str | None]:
    if pa.types.is_integer(array.type):
        return [None if value is None else str(value) for value in array.to_pylist()]
    return [
        None if value is None else value.decode("utf-8", "backslashreplace")
        for value in _bytes(array)
    ]
