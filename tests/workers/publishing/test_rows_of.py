"""Some rows of a file are read in their order, whatever row groups and batches they lie in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workers.publishing.records import RowsFile
from workers.publishing.rows_of import RowsOf


@pytest.mark.parametrize("rows_at_once", [1, 3, 100])
@pytest.mark.parametrize(
    "places", [[], [0], [9], [4, 5], [0, 3, 4, 7, 9], list(range(10))], ids=str
)
def test_the_rows_come_in_their_order(places: list[int], rows_at_once: int, tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    pq.write_table(pa.table({"a": range(10), "b": range(10)}), path, row_group_size=4)
    rows = RowsOf(RowsFile(str(path), "pages", 10), np.array(places, np.int32))
    batches = list(rows.batches(["a"], rows_at_once))
    assert [value for batch in batches for value in batch["a"].to_pylist()] == places
    assert all(0 < batch.num_rows <= rows_at_once for batch in batches)
    assert all(batch.schema.names == ["a"] for batch in batches)


def test_halves_are_all_of_the_rows() -> None:
    rows = RowsOf(RowsFile("part", "pages", 9), np.array([1, 4, 8], np.int32))
    first, second = rows.halves()
    assert [*first.rows, *second.rows] == [1, 4, 8]
    assert (rows.first, second.first) == (("part", 1), ("part", 4))
