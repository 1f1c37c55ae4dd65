"""Write a part again that loses or changes rows, or join several small parts into one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workers import store
from workers.dataset import PartFile, write_part

Places = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Survivors:
    """The rows of a part that stay, as ascending places.

    `moved` are those of them whose document has another URI now, and `source_uris` these URIs.
    """

    uri: str
    rows: Places
    moved: Places
    source_uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RewrittenPart:
    """A part made of the rows that stay of other parts; row groups are joined to `group_bytes`."""

    dataset: str
    table: str
    sources: tuple[Survivors, ...]
    group_bytes: int


def rewrite_part(part: RewrittenPart) -> PartFile | None:
    """Write the rows that stay; None where none stays."""
    if all(len(source.rows) == 0 for source in part.sources):
        return None
    groups = (group for source in part.sources for group in _surviving(source))
    return write_part(part.dataset, part.table, _joined(groups, part.group_bytes))


def _surviving(source: Survivors) -> Iterator[pa.Table]:
    with store.open_input(source.uri) as handle:
        file = pq.ParquetFile(handle)
        first = 0
        for number in range(file.num_row_groups):
            count = file.metadata.row_group(number).num_rows
            kept = _within(source.rows, first, count)
            if len(kept):
                group = _renamed(file.read_row_group(number), source, first)
                yield group.take(pa.array(kept))
            first += count


def _within(rows: Places, first: int, count: int) -> Places:
    """The places that lie in a run of `count` rows, counted from its `first` row."""
    start, stop = np.searchsorted(rows, [first, first + count])
    return rows[start:stop] - np.int32(first)


def _renamed(group: pa.Table, source: Survivors, first: int) -> pa.Table:
    start, stop = np.searchsorted(source.moved, [first, first + group.num_rows])
    if start == stop:
        return group
    mask = np.zeros(group.num_rows, bool)
    mask[source.moved[start:stop] - first] = True
    names = pc.replace_with_mask(
        group["source_uri"].combine_chunks(), mask, pa.array(source.source_uris[start:stop])
    )
    return group.set_column(group.column_names.index("source_uri"), "source_uri", names)


def _joined(groups: Iterator[pa.Table], group_bytes: int) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    for group in groups:
        if waiting and sum(table.nbytes for table in waiting) + group.nbytes > group_bytes:
            yield pa.concat_tables(waiting)
            waiting = []
        waiting.append(group)
    if waiting:
        yield pa.concat_tables(waiting)
