"""A part that is written again has the rows that stay, in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.provenance import Provenance
from schemas.rows import SourceRow
from schemas.tables import REJECTS
from workers import store
from workers.dataset import read_part, write_part
from workers.publishing.rewrite import RewrittenPart, Survivors, rewrite_part


def int32(values: list[int]) -> np.ndarray:
    return np.array(values, np.int32)


def source(title: str) -> SourceRow | None:
    return Provenance(title=title).to_row()


def reject_part(folder: Path, group_rows: list[int], start: int) -> str:
    rows = [
        {"level": "page", "page_id": f"{start + n}", "source_uri": "/old", "source": source("old")}
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
        froms = tuple(source(str(row + start)) for row in moved)
        sources.append(Survivors(uri, int32(rows), int32(moved), names, froms))
    part = rewrite_part(RewrittenPart(str(folder), "rejects", tuple(sources), group_bytes))
    if not stay:
        assert part is None
        return
    assert part is not None
    uri = store.join(str(folder), "rejects", part.path)
    rows = read_part(uri).to_pylist()
    assert [(row["page_id"], row["source_uri"]) for row in rows] == [
        (str(n), f"/new {n}" if n in renamed else "/old") for n in sorted(stay)
    ]
    titles = [row["source"]["title"] for row in rows]
    assert titles == [str(n) if n in renamed else "old" for n in sorted(stay)]
    assert part.rows == len(stay)
    if group_bytes:
        assert pq.ParquetFile(uri).num_row_groups == 1


def test_a_part_of_an_earlier_release_gets_the_new_column(tmp_path: Path) -> None:
    old = REJECTS.remove(REJECTS.get_field_index("source"))
    rows = [{"page_id": name, "source_uri": "/old"} for name in ("a", "b", "c")]
    path = tmp_path / "old.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=old), path)
    survivors = Survivors(str(path), int32([0, 2]), int32([2]), ("/new",), (source("new"),))
    part = rewrite_part(RewrittenPart(str(tmp_path), "rejects", (survivors,), 0))
    assert part is not None
    table = read_part(store.join(str(tmp_path), "rejects", part.path))
    assert table.schema.names == REJECTS.names
    found = [(row["page_id"], row["source_uri"], row["source"]) for row in table.to_pylist()]
    assert found == [("a", "/old", None), ("c", "/new", source("new"))]
