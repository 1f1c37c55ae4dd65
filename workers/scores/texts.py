"""Texts to score, wherever their rows lie: in a shard, or in a part of a table.

A text is known by a hash of its characters, so texts that are equal are scored once, whether they
are a page or a document. `text_hash`, the hash of a row, would not do: it is the same for texts
that differ in marks, to which a model may give other values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from workers.dataset.columns import array
from workers.publishing.records import RowsFile

KEY_BYTES = 16

Places = npt.NDArray[np.int32]
Keys = npt.NDArray[np.void]
"""Keys of texts: `V16` (texts,)."""
KEY = np.dtype(f"V{KEY_BYTES}")


@dataclass(frozen=True, slots=True)
class RowsOf:
    """Rows of one file, by ascending places."""

    file: RowsFile
    rows: Places

    @property
    def first(self) -> tuple[str, int]:
        """Where the first row is; no other task has it."""
        return self.file.uri, int(self.rows[0])

    def halves(self) -> tuple[RowsOf, RowsOf]:
        """The first half of the rows and the second."""
        middle = len(self.rows) // 2
        return RowsOf(self.file, self.rows[:middle]), RowsOf(self.file, self.rows[middle:])


@dataclass(frozen=True, slots=True)
class ScoresOf:
    """Columns of scores of some rows of a part. A name that is None is a column of nothing."""

    rows: RowsOf
    columns: tuple[str | None, ...]


def text_keys(task: RowsOf) -> tuple[RowsOf, Keys]:
    """The keys of the rows' texts, in their order."""
    return task, np.array([text_key(text) for text in read_texts(task)], KEY)


def text_key(text: str) -> bytes:
    """The key of a text."""
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=KEY_BYTES).digest()


def read_texts(task: RowsOf) -> Iterator[str]:
    """The texts of the rows, in their order; one row group is in memory at a time."""
    for group in _groups(task, ["text"]):
        yield from group["text"].to_pylist()


def published_scores(task: ScoresOf) -> tuple[ScoresOf, npt.NDArray[np.float32]]:
    """The values of the rows, in their order: float32 (rows, columns), NaN for a null."""
    names = [name for name in task.columns if name is not None]
    values = np.full((len(task.rows.rows), len(task.columns)), np.nan, np.float32)
    start = 0
    for group in _groups(task.rows, names):
        for number, name in enumerate(task.columns):
            if name is not None:
                column = array(group[name]).to_numpy(zero_copy_only=False)
                values[start : start + group.num_rows, number] = column
        start += group.num_rows
    return task, values


def _groups(task: RowsOf, columns: list[str]) -> Iterator[pa.Table]:
    with task.file.open() as handle:
        parquet = pq.ParquetFile(handle)
        first = 0
        for number in range(parquet.num_row_groups):
            count = parquet.metadata.row_group(number).num_rows
            start, stop = np.searchsorted(task.rows, [first, first + count])
            if stop > start:
                places = pa.array(task.rows[start:stop] - np.int32(first))
                yield parquet.read_row_group(number, columns=columns).take(places)
            first += count
