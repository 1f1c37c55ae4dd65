"""Gather: bring the rows of new parts together from the files in which they lie.

    files ─► [ gather: read each once, deal its rows to the parts ] ─► [ write a part ] per part

The rows of a part are shuffled, so they come from all over the staged shards. Each file is read
once, by one gathering task, which leaves a scratch file with one piece for each part;
a part is written from its pieces. Which rows go where is decided in `pipelines.version.write`.

Images on a local disk are read from where they are when their row group is written. In an object
store each range that is read costs a request. There a piece also holds the images of its rows, so
that a staged file of images, and later the piece, are each read once and whole.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.pages import image_path
from schemas.scores import schema_with
from schemas.tables import IMAGE, KEYS, QUALITY, SCHEMAS
from workers import store
from workers.dataset import PartFile, write_part
from workers.publishing.records import RowsFile
from workers.shards import Staging
from workers.store.spans import MOST_BYTES, Range, bring

Places = npt.NDArray[np.int32]
_IMAGE_PLACE = pa.schema(
    [("images_uri", pa.string()), ("image_offset", pa.int64()), ("image_bytes", pa.int64())]
)


CLEARED = "cleared"
_OF_DUPLICATES = ("detail", "kept_id", "similarity")
_AS_THE_VERSION_SAYS = ("source", "trainer_tokens", "copies", "split")


@dataclass(frozen=True, slots=True)
class Gathering:
    """Rows of some files that go to new parts of a table; the arrays have one entry a row.

    The `row`-th row of `files[file]` becomes row `place` of part `part`. A value of `overlay` that
    is not null replaces the file's value; of `source`, `trainer_tokens`, `copies`, `split` and of
    `scores`, the columns of scores, also a null does. A row that is flagged in its column CLEARED
    was a duplicate, or may have been, and names no keeper any more.
    """

    table: str
    files: tuple[RowsFile, ...]
    file: Places
    row: Places
    part: Places
    place: Places
    overlay: pa.Table
    uri: str
    scores: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a scratch file has the rows of one part; their images follow them."""

    uri: str
    offset: int
    rows_bytes: int
    images_bytes: int


@dataclass(frozen=True, slots=True)
class Gathered:
    """A scratch file, and its pieces by the numbers of their parts."""

    uri: str
    pieces: tuple[tuple[int, Piece], ...]


@dataclass(frozen=True, slots=True)
class NewPart:
    """A part to write: the pieces of scratch files that hold its rows, and its row groups."""

    dataset: str
    table: str
    pieces: tuple[Piece, ...]
    group_rows: tuple[int, ...]
    scores: tuple[str, ...] = ()


def gather(task: Gathering) -> Gathered:
    """Read the files once, and write their rows to a scratch file, part by part."""
    tables = []
    for number, file in enumerate(task.files):
        chosen = np.flatnonzero(task.file == number)
        tables.append(_rows(task, file, task.row[chosen], chosen))
    places = np.concatenate([np.flatnonzero(task.file == n) for n in range(len(task.files))])
    rows = pa.concat_tables(tables).append_column("place", pa.array(task.place[places]))
    parts = task.part[places]
    numbers = np.unique(parts).tolist()
    by_part = [rows.take(pa.array(np.flatnonzero(parts == number))) for number in numbers]
    with store.temporary_folder() as folder:
        path = folder / "pieces"
        pieces = _write_pieces(path, task.uri, by_part)
        store.upload(path, task.uri)
    return Gathered(task.uri, tuple(zip(numbers, pieces, strict=True)))


def _write_pieces(path: Path, uri: str, by_part: list[pa.Table]) -> list[Piece]:
    """Write the pieces of a file: the rows of each part, followed by their images."""
    pieces, images = [], []
    with path.open("wb") as file:
        for table in by_part:
            offset = file.tell()
            rows, ranges = _with_images(table)
            file.write(_packed(rows))
            rows_bytes = file.tell() - offset
            images += [
                (source, span._replace(target=span.target + file.tell())) for source, span in ranges
            ]
            images_bytes = sum(span.length for _, span in ranges)
            file.seek(images_bytes, os.SEEK_CUR)
            pieces.append(Piece(uri, offset, rows_bytes, images_bytes))
        file.truncate()
    bring(images, path)
    return pieces


def _with_images(rows: pa.Table) -> tuple[pa.Table, list[tuple[str, Range]]]:
    """Rows with the offsets that their images will have, and where the images are now.

    Images on a local disk stay where they are. All images of a version are in the same store.
    """
    uris = rows["images_uri"].to_pylist() if "images_uri" in rows.column_names else []
    if all(map(store.is_local, set(uris))):
        return rows, []
    lengths = rows["image_bytes"].fill_null(0).to_pylist()
    offsets = rows["image_offset"].fill_null(0).to_pylist()
    targets = [0, *itertools.accumulate(lengths)][:-1]
    ranges = [
        (uri, Range(offset, length, target))
        for uri, offset, length, target in zip(uris, offsets, lengths, targets, strict=True)
        if length
    ]
    number = rows.column_names.index("image_offset")
    return rows.set_column(number, "image_offset", pa.array(targets, pa.int64())), ranges


def _packed(rows: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(sink, rows.schema, options=options) as writer:
        writer.write_table(rows.combine_chunks())
    return sink.getvalue()


def _rows(task: Gathering, file: RowsFile, rows: Places, chosen: npt.NDArray[np.int64]) -> pa.Table:
    """Rows of one file in the table's columns, with the overlay applied; no images yet."""
    whole = schema_with(task.table, task.scores)
    schema = pa.schema([field for field in whole if field.name not in _PICTURES])
    with file.open() as handle:
        parquet = pq.ParquetFile(handle)
        names = set(parquet.schema_arrow.names)
        wanted = [n for n in (*schema.names, "quality_score", *_IMAGE_PLACE.names) if n in names]
        table = parquet.read(columns=wanted).take(pa.array(rows))
    overlay = task.overlay.take(pa.array(chosen))
    columns = {}
    for field in schema:
        column = pa.nulls(len(rows), field.type)
        if field.name in names:
            column = table[field.name].cast(field.type)
        elif field.type == QUALITY and "quality_score" in names:
            column = _quality(table["quality_score"])
        if CLEARED in overlay.column_names and field.name in _OF_DUPLICATES:
            column = pc.if_else(overlay[CLEARED], pa.scalar(None, field.type), column)
        if field.name in overlay.column_names:
            new = overlay[field.name].cast(field.type)
            replaces = field.name in (*_AS_THE_VERSION_SAYS, *task.scores)
            column = new if replaces else pc.coalesce(new, column)
        columns[field.name] = column
    result = pa.table(columns, schema=schema)
    if not _pictures_of(task.table):
        return result
    columns |= {name: table[name] for name in ("image_offset", "image_bytes")}
    columns["images_uri"] = pa.array([Staging.images_beside(file.uri)] * len(rows), pa.string())
    return pa.table(columns, schema=pa.schema([*schema, *_IMAGE_PLACE]))


def _quality(scores: pa.ChunkedArray) -> pa.Array:
    """The quality column of documents, which have only a score."""
    columns = [
        scores.combine_chunks() if field.name == "score" else pa.nulls(len(scores), field.type)
        for field in QUALITY
    ]
    return pa.StructArray.from_arrays(columns, fields=list(QUALITY))


def write_new_part(part: NewPart) -> PartFile:
    """Write a part; the images of one row group are in memory at a time."""
    starts = [
        0,
        *itertools.accumulate(piece.rows_bytes + piece.images_bytes for piece in part.pieces),
    ]
    with store.temporary_folder() as folder:
        path = folder / "pieces"
        path.touch()
        bring(_chunks(zip(part.pieces, starts, strict=False)), path)
        tables = [
            _rows_of_piece(path, piece, start)
            for piece, start in zip(part.pieces, starts, strict=False)
        ]
        rows = pa.concat_tables(tables).sort_by("place")
        return write_part(part.dataset, part.table, _groups(rows, part), part.scores)


def _chunks(pieces: Iterable[tuple[Piece, int]]) -> Iterator[tuple[str, Range]]:
    """Whole pieces, each to its start in a local file, in ranges that fit one request."""
    for piece, start in pieces:
        size = piece.rows_bytes + piece.images_bytes
        for at in range(0, size, MOST_BYTES):
            yield piece.uri, Range(piece.offset + at, min(MOST_BYTES, size - at), start + at)


def _rows_of_piece(path: Path, piece: Piece, start: int) -> pa.Table:
    """The rows of a piece at `start` of a local file, with the place of their images there."""
    with path.open("rb") as file:
        file.seek(start)
        rows = pa.ipc.open_stream(file.read(piece.rows_bytes)).read_all()
    if piece.images_bytes:
        offsets = pc.add(rows["image_offset"], start + piece.rows_bytes)
        uris = pa.array([str(path)] * len(rows), pa.string())
        rows = rows.set_column(rows.column_names.index("image_offset"), "image_offset", offsets)
        rows = rows.set_column(rows.column_names.index("images_uri"), "images_uri", uris)
    return rows


def _groups(rows: pa.Table, part: NewPart) -> Iterator[pa.Table]:
    schema = schema_with(part.table, part.scores)
    start = 0
    for count in part.group_rows:
        group = rows.slice(start, count)
        start += count
        for name in _pictures_of(part.table):
            group = group.append_column(name, _PICTURES[name](group, part.table))
        yield group.select(schema.names).cast(schema)


def _pictures_of(table: str) -> list[str]:
    """The column of images of a table, if it has one."""
    return [name for name in _PICTURES if name in SCHEMAS[table].names]


def _stored(group: pa.Table, table: str) -> Iterator[tuple[str, bytes]]:
    """The id of each row, and the stored bytes of its images."""
    columns = [group[name].to_pylist() for name in (KEYS[table], *_IMAGE_PLACE.names)]
    for row_id, uri, offset, length in zip(*columns, strict=True):
        yield row_id, store.read_range(uri, offset, length) if length else b""


def _image(group: pa.Table, table: str) -> pa.Array:
    images = [
        {"bytes": data, "path": image_path(row_id, data)} for row_id, data in _stored(group, table)
    ]
    return pa.array(images, IMAGE)


def _images(group: pa.Table, table: str) -> pa.Array:
    """The images of each row. They are stored end to end; `shown` says how long each is."""
    rows = []
    for (row_id, data), shown in zip(
        _stored(group, table), group["shown"].to_pylist(), strict=True
    ):
        images, start = [], 0
        for number, page in enumerate(shown):
            image = data[start : start + page["bytes"]]
            start += page["bytes"]
            images.append({"bytes": image, "path": image_path(f"{row_id}-{number:02d}", image)})
        rows.append(images)
    return pa.array(rows, pa.list_(IMAGE))


_PICTURES = {"image": _image, "images": _images}
"""The functions that make the columns of images, from the rows of a group and the table's name."""
