"""The rows that a table of a version holds: those of old parts that stay, and those that are new.

Old rows are named by their place: no row is read to decide whether it stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.version.records import NOBODY, Ints, Records
from pipelines.version.rows import Version
from pipelines.version.said import Said
from pipelines.version.splits import Splits
from workers.dataset import PartFile
from workers.publishing.records import RowsFile


@dataclass(frozen=True, slots=True)
class OldRows:
    """Rows of old parts that stay, in arrays of one entry a row.

    The row is the `row`-th of `uris[file]`. `renamed` is the number of its document where that has
    another URI or `source` now, which the row must say; -1 elsewhere. `said` is of these rows.
    """

    uris: Sequence[str]
    file: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    renamed: npt.NDArray[np.int32]
    said: Said

    def take(self, chosen: Ints) -> OldRows:
        """Some of the rows."""
        file, row, renamed = self.file[chosen], self.row[chosen], self.renamed[chosen]
        return OldRows(self.uris, file, row, renamed, self.said.take(chosen))


@dataclass(frozen=True, slots=True)
class NewRows:
    """Rows that go to new parts, in arrays and in their order.

    `split` is the split of each, as `Said` has it. `overlay` gives, for some of them by place, the
    columns in which a row gets another value than its file has.
    """

    files: Sequence[RowsFile]
    file: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    weight: Ints
    split: Splits
    overlay: Callable[[Ints], pa.Table]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a table of a version holds.

    `parts` are those of the last version, each with its URI, and `old` their rows that stay; `new`
    are rows that lie in other files, `at_hand` new rows that lie in none. `scores` are its columns
    of scores.
    """

    table: str
    parts: Sequence[tuple[PartFile, str]]
    old: Sequence[OldRows]
    new: Sequence[NewRows] = ()
    at_hand: Iterable[Mapping[str, object]] = ()
    scores: tuple[str, ...] = ()


def origin(version: Version, doc: npt.NDArray[np.int32]) -> dict[str, pa.Array]:
    """The columns that say where documents are from, by their numbers."""
    catalogue, numbers = version.inputs.catalogue, pa.array(doc)
    return {
        "source_uri": catalogue.uris.take(numbers),
        "source": catalogue.sources.take(numbers),
    }


def old_rows(records: Records, said: Said) -> OldRows:
    """Published records as rows that stay; `said` is along them."""
    renamed = np.where(records.moved, records.doc, np.int32(NOBODY))
    uris = [file.uri for file in records.files]
    return OldRows(uris, records.file, records.row, renamed, said)


def old_parts(version: Version, table: str) -> list[tuple[PartFile, str]]:
    """The parts that the last version's table has, and where they lie."""
    snapshot = version.inputs.snapshot
    if snapshot is None:
        return []
    old = snapshot.tables[table]
    return [(part, old.part_uri(part)) for part in old.parts]
