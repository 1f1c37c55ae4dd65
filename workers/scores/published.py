"""The scores that the rows of a part say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.publishing.rows_of import RowsOf


@dataclass(frozen=True, slots=True)
class ScoresOf:
    """Columns of scores of some rows of a part. A name that is None is a column of nothing."""

    rows: RowsOf
    columns: tuple[str | None, ...]


def published_scores(task: ScoresOf) -> tuple[ScoresOf, npt.NDArray[np.float32]]:
    """The values of the rows, in their order: float32 (rows, columns), NaN for a null."""
    names = [name for name in task.columns if name is not None]
    values = np.full((len(task.rows.rows), len(task.columns)), np.nan, np.float32)
    start = 0
    for batch in task.rows.batches(names):
        for number, name in enumerate(task.columns):
            if name is not None:
                column = batch[name].to_numpy(zero_copy_only=False)
                values[start : start + batch.num_rows, number] = column
        start += batch.num_rows
    return task, values
