"""Write a part again that loses or changes rows, or join several small parts into one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.rows import SourceRow
from schemas.scores import schema_with
from workers import store
from workers.dataset import PartFile, write_part
from workers.dataset.columns import array
from workers.dataset.parts import completed

Places = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Survivors:
    """The rows of a part that stay, as ascending places.

    `moved` are those of them whose document is from elsewhere now: `source_uris` and `sources` say
    from where. `said` are columns along `rows` whose values take the place of the part's, and
    `is_said_anew` where any of these is another.
    """

    uri: str
    rows: Places
    moved: Places
    source_uris: tuple[str, ...]
    sources: tuple[SourceRow | None, ...]
    said: Mapping[str, pa.Array] = field(default_factory=dict)
    is_said_anew: bool = False


@dataclass(frozen=True, slots=True)
class RewrittenPart:
    """A part made of the rows that stay of other parts; row groups are joined to `group_bytes`.

    `scores` are its columns of scores.
    """

    dataset: str
    table: str
    sources: tuple[Survivors, ...]
    group_bytes: int
    scores: tuple[str, ...] = ()


def rewrite_part(part: RewrittenPart) -> PartFile | None:
    """Write the rows that stay; None where none stays."""
    if all(len(source.rows) == 0 for source in part.sources):
        return None
    schema = schema_with(part.table, part.scores)
    groups = (group for source in part.sources for group in _surviving(source, schema))
    return write_part(part.dataset, part.table, _joined(groups, part.group_bytes), part.scores)


def _surviving(source: Survivors, schema: pa.Schema) -> Iterator[pa.Table]:
    with store.open_input(source.uri) as handle:
        file = pq.ParquetFile(handle)
        first = 0
        for number in range(file.num_row_groups):
            count = file.metadata.row_group(number).num_rows
            kept = _within(source.rows, first, count)
            if len(kept):
                group = _renamed(completed(file.read_row_group(number), schema), source, first)
                yield _said_anew(group.take(pa.array(kept)), source, first, count)
            first += count


def _within(rows: Places, first: int, count: int) -> Places:
    """The places that lie in a run of `count` rows, counted from its `first` row."""
    start, stop = np.searchsorted(rows, [first, first + count])
    return rows[start:stop] - np.int32(first)


def _said_anew(rows: pa.Table, source: Survivors, first: int, count: int) -> pa.Table:
    """The rows that stay of a row group of `count` rows, with what the version says of them."""
    start, stop = np.searchsorted(source.rows, [first, first + count])
    for name, column in source.said.items():
        number = rows.column_names.index(name)
        field = rows.field(number)
        rows = rows.set_column(number, field, column.slice(start, stop - start).cast(field.type))
    return rows


def _renamed(group: pa.Table, source: Survivors, first: int) -> pa.Table:
    start, stop = np.searchsorted(source.moved, [first, first + group.num_rows])
    if start == stop:
        return group
    # Each row's place in its old column, or behind that for a row that gets a new value.
    place = np.arange(group.num_rows)
    place[source.moved[start:stop] - first] = group.num_rows + np.arange(stop - start)
    for name, values in (("source_uri", source.source_uris), ("source", source.sources)):
        number = group.column_names.index(name)
        old, field = array(group[name]), group.field(number)
        both = pa.concat_arrays([old, pa.array(values[start:stop], field.type)])
        group = group.set_column(number, field, both.take(pa.array(place)))
    return group


def _joined(groups: Iterator[pa.Table], group_bytes: int) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    for group in groups:
        if waiting and sum(table.nbytes for table in waiting) + group.nbytes > group_bytes:
            yield pa.concat_tables(waiting)
            waiting = []
        waiting.append(group)
    if waiting:
        yield pa.concat_tables(waiting)
