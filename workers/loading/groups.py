"""The row groups of a table, and which of their rows a filter chooses."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from schemas.errors import DatasetError
from schemas.lines import error_line
from workers.loading.opening import OpenTable

_PARTS_AT_ONCE = 16

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Group:
    """A row group of a part, and the places of its chosen rows; None where all are."""

    part: ds.ParquetFileFragment
    number: int
    rows: int
    chosen: Places | None = None

    @property
    def count(self) -> int:
        """How many rows are chosen."""
        return self.rows if self.chosen is None else len(self.chosen)

    def read(self, columns: Sequence[str], schema: pa.Schema) -> pa.Table:
        """Columns of the chosen rows. A column that the part lacks is null.

        Raises DatasetError where the part is gone.
        """
        try:
            rows = self.part.subset(row_group_ids=[self.number]).to_table(
                schema, columns=list(columns)
            )
        except FileNotFoundError as exc:
            raise gone(self.part.path, exc) from exc
        return rows if self.chosen is None else rows.take(pa.array(self.chosen))


def chosen_groups(table: OpenTable, condition: pc.Expression | None) -> list[Group]:
    """The row groups that have rows for which the condition is true, in the order of the parts.

    Reads the end of each part, and the columns that the condition names.
    """
    with ThreadPoolExecutor(_PARTS_AT_ONCE) as pool:
        found = pool.map(lambda part: _groups(part, table.schema, condition), table.parts)
        return [group for of_part in found for group in of_part if group.count]


def _groups(
    part: ds.ParquetFileFragment, schema: pa.Schema, condition: pc.Expression | None
) -> list[Group]:
    try:
        sizes = [(info.id, info.num_rows) for info in part.row_groups]
        if condition is None:
            return [Group(part, number, rows) for number, rows in sizes]
        holds = part.to_table(schema, columns={"holds": condition})["holds"]
    except FileNotFoundError as exc:
        raise gone(part.path, exc) from exc
    flags = pc.fill_null(holds, False).combine_chunks().to_numpy(zero_copy_only=False)
    groups, start = [], 0
    for number, rows in sizes:
        here = np.flatnonzero(flags[start : start + rows])
        groups.append(Group(part, number, rows, None if len(here) == rows else here))
        start += rows
    return groups


def gone(path: str, exc: BaseException) -> DatasetError:
    """The error of a part that is not there any more."""
    return DatasetError(
        f"{path} is gone: the version was removed by `vacuum`, or the part was erased on request "
        f"({error_line(exc)}); open a newer version"
    )
