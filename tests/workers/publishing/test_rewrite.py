"""A part that is written again has the rows that stay, in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.tables import REJECTS
from workers import store
from workers.dataset import read_part, write_part
from workers.publishing.rewrite import RewrittenPart, Survivors, rewrite_part


def int32(values: list[int]) -> np.ndarray:
    return np.array(values, np.int32)


def reject_part(folder: Path, group_rows: list[int], start: int) -> str:
    rows = [
        {"level": "page", "page_id": f"{start + n}", "source_uri": "/old"}
        for n in range(sum(group_rows))
    ]
    whole = pa.Table.from_pylist(rows, schema=REJECTS)
    starts = np.cumsum([0, *group_rows])
    groups = [whole.slice(a, n) for a, n in zip(starts[:-1].tolist(), group_rows, strict=True)]
    return store.join(str(folder), "rejects", write_part(str(folder), "rejects", groups).path)


@given(
    stay=st.sets(st.integers(0, 9)),
    renamed=st.sets(st.integers(0, 9)),
    group_bytes=st.sampled_from([0, 10**9]),
)
@settings(max_examples=25, deadline=None)
def test_a_rewritten_part_has_what_stays_in_order(
    tmp_path_factory, stay: set[int], renamed: set[int], group_bytes: int
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    sources = []
    for start, groups in ((0, [2, 3]), (5, [1, 4])):
        uri = reject_part(folder, groups, start)
        rows = sorted(row - start for row in stay if start <= row < start + 5)
        moved = [row for row in rows if row + start in renamed]
        names = tuple(f"/new {row + start}" for row in moved)
        sources.append(Survivors(uri, int32(rows), int32(moved), names))
    part = rewrite_part(RewrittenPart(str(folder), "rejects", tuple(sources), group_bytes))
    if not stay:
        assert part is None
        return
    assert part is not None
    uri = store.join(str(folder), "rejects", part.path)
    found = [(row["page_id"], row["source_uri"]) for row in read_part(uri).to_pylist()]
    assert found == [(str(n), f"/new {n}" if n in renamed else "/old") for n in sorted(stay)]
    assert part.rows == len(stay)
    if group_bytes:
        assert pq.ParquetFile(uri).num_row_groups == 1
