"""The quality of rows, which decides whom duplicates are dropped for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workers.publishing.rows_of import RowsOf


def qualities(task: RowsOf) -> tuple[RowsOf, npt.NDArray[np.float64]]:
    """The quality of each row, in their order: float64 (rows,)."""
    with task.file.open() as handle:
        is_staged = "quality" in pq.ParquetFile(handle).schema_arrow.names
    name = "quality" if is_staged else "quality_score"
    parts = [np.zeros(0)]
    for batch in task.batches([name]):
        column = pc.struct_field(batch[name], "score") if is_staged else batch[name]
        parts.append(column.to_numpy(zero_copy_only=False).astype(np.float64))
    return task, np.concatenate(parts)
