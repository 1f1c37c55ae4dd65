"""Documents with their pictures, in the seeded order: a join on local disk.

The pictures of a document lie anywhere in their table, since rows are shuffled. So the table is
read once, and each picture put into the scratch file of the stretch of documents to which its
document belongs; then stretches are read one after another. Takes as much disk as the pictures, and
as much memory as a row group and a stretch.

    pictures, in the order of their parts ─► [ stretch 0 ] [ stretch 1 ] …  ─► documents, in order
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workers import store
from workers.exporting.interleaved import SCHEMA, Pictures, interleaved
from workers.exporting.ordered import Ordered
from workers.loading import Rows

_STRETCH_BYTES = 64 * 2**20
_MOST_STRETCHES = 512  # files that are open at once


@dataclass(frozen=True)
class Interleaved:
    """Documents as rows of text and pictures."""

    documents: Ordered
    pictures: Rows
    which: Pictures
    stretch_bytes: int = _STRETCH_BYTES

    @property
    def schema(self) -> pa.Schema:
        """See `Stream`."""
        return SCHEMA

    @property
    def count(self) -> int:
        """See `Stream`."""
        return self.documents.count

    def batches(self, start: int) -> Iterator[pa.Table]:
        """See `Stream`."""
        of_ids = Ordered(self.documents.rows.select("doc_id"), self.documents.seed)
        ids = [table["doc_id"] for table in of_ids.batches(start)]
        if not ids:
            return
        order = pa.chunked_array([chunk for column in ids for chunk in column.chunks])
        each = -(-len(order) // self._stretches())
        with store.temporary_folder() as folder:
            self._deal(order, each, folder)
            place = 0
            held: dict[str, dict[str, Any]] = {}
            for table in self.documents.batches(start):
                for document in table.to_pylist():
                    if place % each == 0:
                        held = self._stretch(folder / str(place // each))
                    mine = held.pop(document["doc_id"], {})
                    row = interleaved(document, mine, self.which)
                    yield pa.Table.from_pylist([row], schema=SCHEMA)
                    place += 1

    def _stretches(self) -> int:
        """How many scratch files: each with some `stretch_bytes` of pictures."""
        size: int = sum(
            group.part.metadata.row_group(group.number).total_byte_size
            for group in self.pictures.groups
        )
        return min(_MOST_STRETCHES, 1 + size // self.stretch_bytes)

    def _deal(self, order: pa.ChunkedArray, each: int, folder: Path) -> None:
        """Put the pictures of the documents in `order` into a file for each stretch."""
        order = order.combine_chunks()
        with ExitStack() as stack:
            files: dict[int, pa.RecordBatchFileWriter] = {}
            for group in range(len(self.pictures.groups)):
                rows = self.pictures.stored(group)
                places = pc.index_in(rows["doc_id"], value_set=order)
                # Null, for a document that is not exported, becomes -1.
                stretches = pc.fill_null(places, -each).to_numpy() // each
                for stretch in np.unique(stretches[stretches >= 0]).tolist():
                    if stretch not in files:
                        path = str(folder / str(stretch))
                        files[stretch] = stack.enter_context(pa.ipc.new_file(path, rows.schema))
                    mine = pa.array(np.flatnonzero(stretches == stretch))
                    files[stretch].write_table(rows.take(mine))

    def _stretch(self, path: Path) -> dict[str, dict[str, Any]]:
        """The pictures of a stretch by their document: crops by path, pages by number."""
        held: dict[str, dict[str, Any]] = {}
        if not path.exists():
            return held
        with pa.ipc.open_file(str(path)) as file:
            rows = file.read_all().to_pylist()
        path.unlink()
        for row in rows:
            name = row["image"]["path"] if self.which == "figures" else str(row["page_index"])
            held.setdefault(row["doc_id"], {})[name] = row
        return held
