"""Rows of pages and documents, wherever they lie: in a shard, or in a part of a table.

A whole page is given as a staged row, and the bytes of its images end to end, as a shard has them;
a passage is what policies see of a row.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.labels import is_furniture
from schemas.policies import PolicyStep
from schemas.tables import CONVERSATIONS, DOCUMENTS, PAGES, STAGED
from workers import store
from workers.dataset import read_rows
from workers.policies import Passage
from workers.policies.decontamination import Piece
from workers.policies.keeping import rules_of, value_columns, values_of
from workers.publishing.records import Level, RowsFile
from workers.shards import Staging

Row = dict[str, Any]
_BLOCK_TEXTS = ["blocks.list.element.label", "blocks.list.element.text"]
_NOTHING_HIDDEN: Row = {"fragments": ()}
_IN_PARTS = {"pages": PAGES, "conversations": CONVERSATIONS}


PARTED = ["doc_id", "page_indices", "page_offsets"]
"""What of a document says on which page a place of its text is."""
OF_VERSIONS = ("findings", "trainer_tokens", "copies", "split")
"""What only a version says of a row: a row as it was read has none of it."""


def full_pages(file: RowsFile, places: Sequence[int]) -> Iterator[tuple[Row, bytes]]:
    """Pages by their ascending places in a file: each a row of `STAGED`, and its images."""
    if file.origin == "staged":
        yield from staged_rows(file, places)
        return
    schema = _IN_PARTS[file.origin]
    columns = [name for name in schema.names if name not in ("source_uri", "source", *OF_VERSIONS)]
    for row in read_rows(file.uri, places, columns):
        images = [row.pop("image")] if "image" in row else row.pop("images")
        data = b"".join(image["bytes"] for image in images)
        yield {name: row.get(name) for name in STAGED.names}, data


def staged_rows(file: RowsFile, places: Sequence[int]) -> Iterator[tuple[Row, bytes]]:
    """Rows of a shard, of pages or crops, by their ascending places, each with its images."""
    with file.open() as handle:
        table = pq.ParquetFile(handle).read().take(pa.array(places))
    images = Staging.images_beside(file.uri)
    for row in table.to_pylist():
        length = row["image_bytes"] or 0
        yield row, store.read_range(images, row["image_offset"], length) if length else b""


def full_documents(file: RowsFile, places: Sequence[int]) -> Iterator[Row]:
    """Documents by their ascending places in a file, as rows of `DOCUMENTS` that no version had."""
    columns = [name for name in DOCUMENTS.names if name not in OF_VERSIONS]
    if file.origin == "documents":
        yield from read_rows(file.uri, places, columns)
        return
    with file.open() as handle:
        yield from pq.ParquetFile(handle).read(columns=columns).take(pa.array(places)).to_pylist()


def passage_columns(level: Level, file: RowsFile, steps: Sequence[PolicyStep]) -> list[str]:
    """The columns of a file that make passages for these policies."""
    columns = ["text", "language", *value_columns(kept_by(level, steps))]
    if level == "document" and any(step.decontaminate for step in steps):
        columns += PARTED
    if level == "page" and file.origin != "conversations":
        named = {step.name for step in steps}
        columns += ["image_hash"] if "decontaminate" in named else []
        columns += _BLOCK_TEXTS if "pii" in named else []
        columns += ["hidden"] if named & {"trust", "pii"} else []
    return columns


def kept_by(level: Level, steps: Sequence[PolicyStep]) -> list[str]:
    """The names of the values by which rows are kept."""
    return list(rules_of(steps, "documents" if level == "document" else "pages"))


def passages_of(
    rows: Sequence[Row],
    places: Sequence[int],
    file: RowsFile,
    crops: Mapping[int, tuple[str, ...]] = MappingProxyType({}),
    names: Sequence[str] = (),
    pieces: Mapping[int, tuple[Piece, ...]] = MappingProxyType({}),
) -> list[Passage]:
    """The passages of some rows, which lie at these places of a file, with the named values;
    `crops` are texts, and `pieces` those of items that pages part, by row."""
    return [
        Passage(
            row["text"],
            row["language"] or "und",
            (
                *(b["text"] for b in row.get("blocks") or () if is_furniture(b["label"])),
                *(row.get("hidden") or _NOTHING_HIDDEN)["fragments"],
            ),
            row.get("image_hash"),
            functools.partial(_picture, file, place),
            row.get("hidden"),
            crops.get(place, ()),
            values=values_of(row, names),
            offsets=tuple(row.get("page_offsets") or ()),
            pieces=pieces.get(place, ()),
        )
        for row, place in zip(rows, places, strict=True)
    ]


def _picture(file: RowsFile, place: int) -> bytes:
    return next(full_pages(file, [place]))[1]
