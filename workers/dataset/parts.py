"""Write and read parts: the Parquet files of a table, named by the hash of their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.scores import score_columns
from schemas.tables import is_added
from workers import store
from workers.dataset.delta import PartFile, described_schema
from workers.store.locations import is_utf8, translated

Row = TypeVar("Row")

# Words and small numbers that repeat; `text` and hashes never do.
_DICTIONARY_COLUMNS = {
    "doc_id",
    "source_uri",
    "text_source",
    "task",
    "engine",
    "model",
    "model_revision",
    "mode",
    "label",
    "language",
    "recipe_digest",
    "level",
    "stage",
    "reason",
    "media_type",
    "split",
}


def write_part(
    dataset: str, table: str, groups: Iterable[pa.Table], scores: Sequence[str] = ()
) -> PartFile:
    """Write one part, each of `groups` a row group, and upload it under its hash.

    `scores` are the columns of scores that it has. The part says what each column means. The same
    rows in the same groups give the same bytes, and so the same name.
    """
    schema = described_schema(table, tuple(scores))
    with store.temporary_folder() as folder:
        path = folder / "part.parquet"
        rows, split = _write(path, schema, groups)
        name = f"data/part-{_sha256(path)}.parquet"
        size = path.stat().st_size
        store.upload(path, store.join(dataset, table, name))
    return PartFile(name, size, rows, split)


def _write(path: Path, schema: pa.Schema, groups: Iterable[pa.Table]) -> tuple[int, str | None]:
    """Write the groups; how many rows they have, and the split that all of them are in."""
    rows, splits = 0, set[str | None]()
    dictionary = [name for name in schema.names if name in _DICTIONARY_COLUMNS]
    with pq.ParquetWriter(
        path,
        schema,
        compression=_compression(schema),
        use_dictionary=dictionary,
        write_page_index=True,
        use_content_defined_chunking=True,
    ) as writer:
        for group in groups:
            whole = completed(group, schema)
            writer.write_table(whole, row_group_size=max(1, group.num_rows))
            rows += group.num_rows
            if "split" in schema.names:
                splits.update(whole["split"].unique().to_pylist())
    return rows, splits.pop() if len(splits) == 1 else None


def _compression(schema: pa.Schema) -> dict[str, str]:
    """Zstandard for every leaf but the files of pictures, which are compressed already.

    Stored as they are, they are also the same bytes wherever they lie in a part, so a store that
    knows chunks by content (Hugging Face's does) takes a rewritten part for little that is new.
    Pages of the other columns are cut by content, for the same reason.
    """
    pictures = ("image.bytes", "images.list.element.bytes")
    return {
        path: "none" if path in pictures else "zstd"
        for field in schema
        for path in _leaves(field.name, field.type)
    }


def _leaves(path: str, kind: pa.DataType) -> Iterator[str]:
    """The paths of a field's leaves as Parquet names them."""
    if pa.types.is_struct(kind):
        for field in kind:
            yield from _leaves(f"{path}.{field.name}", field.type)
    elif pa.types.is_list(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    else:
        yield path


def completed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows in a table's schema, without the columns of other scores.

    Columns that an earlier release did not have are null, and those of scores that the rows lack.
    """
    scored, rows = rows, rows.drop_columns(list(score_columns(rows.column_names)))
    scores = score_columns(schema.names)
    for number, field in enumerate(schema):
        is_new = is_added(schema, field.name) or field.name in scores
        if is_new and field.name not in rows.column_names:
            is_there = field.name in scored.column_names
            column = scored[field.name] if is_there else pa.nulls(rows.num_rows, field.type)
            rows = rows.add_column(number, field, column)
    return rows.cast(schema)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@contextmanager
def open_part(uri: str) -> Iterator[pa.NativeFile | BinaryIO]:
    """Open a part for Arrow.

    Arrow opens a local file itself: reading it then takes a fifth of the time that it takes through
    a Python file, which is asked for each page of a column.
    """
    path = str(store.local_path(uri)) if store.is_local(uri) else ""
    if not path or not is_utf8(path):
        with store.open_input(uri) as handle:
            yield handle
        return
    with translated("open", uri):
        file = pa.OSFile(path)
    with file:
        yield file


def read_part(uri: str, columns: Sequence[str] | None = None) -> pa.Table:
    """A part's rows, or some of their columns, in memory."""
    with open_part(uri) as handle:
        return pq.ParquetFile(handle).read(columns=columns and list(columns))


def read_rows(uri: str, places: Sequence[int], columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Rows of a part by their ascending places from 0. One row group is in memory at a time.

    Raises IndexError for a place past the last row.
    """
    with store.open_input(uri) as handle:
        file = pq.ParquetFile(handle)
        first, waiting = 0, list(places)
        for group in range(file.num_row_groups):
            stop = first + file.metadata.row_group(group).num_rows
            here = [place - first for place in waiting if place < stop]
            if here:
                rows = file.read_row_group(group, columns=list(columns)).take(pa.array(here))
                yield from rows.to_pylist()
            waiting = waiting[len(here) :]
            first = stop
        if waiting:
            raise IndexError(f"{uri} has no row {waiting[0]}")


def first_rows(uris: Sequence[str], shape: type[Row], count: int) -> list[Row]:
    """The first `count` rows over some parts, in order, in the columns of a TypedDict.

    No more is read than needed.

        class Line(TypedDict):
            page_id: str
            text: str

        lines = first_rows(uris, Line, 3)
    """
    columns = list(shape.__annotations__)
    rows: list[Row] = []
    for uri in uris:
        with store.open_input(uri) as handle:
            batches = pq.ParquetFile(handle).iter_batches(batch_size=64, columns=columns)
            while len(rows) < count and (batch := next(batches, None)) is not None:
                rows += batch.to_pylist()
        if len(rows) >= count:
            break
    return rows[:count]
