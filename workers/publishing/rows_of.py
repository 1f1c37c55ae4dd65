"""Some rows of one file, which a task reads in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from workers.publishing.records import RowsFile

_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class RowsOf:
    """Rows of one file, by ascending places."""

    file: RowsFile
    rows: npt.NDArray[np.int32]

    @property
    def first(self) -> tuple[str, int]:
        """Where the first row is; no other task of the same step has it."""
        return self.file.uri, int(self.rows[0])

    def halves(self) -> tuple[RowsOf, RowsOf]:
        """The first half of the rows and the second."""
        middle = len(self.rows) // 2
        return RowsOf(self.file, self.rows[:middle]), RowsOf(self.file, self.rows[middle:])

    def batches(
        self, columns: Sequence[str], rows_at_once: int = _ROWS_AT_ONCE
    ) -> Iterator[pa.RecordBatch]:
        """The rows in their order, some at a time; row groups that have none are not read."""
        with self.file.open() as handle:
            file = pq.ParquetFile(handle)
            start = 0
            for group in range(file.num_row_groups):
                stop = start + file.metadata.row_group(group).num_rows
                if not len(self._within(start, stop)):
                    start = stop
                    continue
                for batch in file.iter_batches(rows_at_once, [group], columns=list(columns)):
                    here = self._within(start, start + batch.num_rows)
                    if len(here):
                        yield batch.take(pa.array(here - np.int32(start)))
                    start += batch.num_rows

    def _within(self, start: int, stop: int) -> npt.NDArray[np.int32]:
        first, last = np.searchsorted(self.rows, [start, stop])
        return self.rows[first:last]
