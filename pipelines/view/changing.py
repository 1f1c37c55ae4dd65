"""What differs between two versions, kept so that it can be listed in parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.dataset.diff import changes, published, setting_lines
from schemas.changes import Counts
from schemas.rows import ChangeRow
from workers.dataset.forgotten import read_forgotten


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions: the settings that differ, the counts of changed rows, and these rows."""

    old: int
    new: int
    settings: Sequence[str]
    counts: Counts
    rows: Mapping[str, pa.Table]

    def listed(
        self, table: str, change: str, why: str, start: int, count: int
    ) -> tuple[int, list[ChangeRow]]:
        """How many rows of a table changed so, and some of them; an empty word is any."""
        rows = self.rows.get(table)
        if rows is None:
            return 0, []
        for column, word in (("change", change), ("why", why)):
            if word:
                rows = rows.filter(pc.equal(rows[column], word))
        return len(rows), rows.slice(start, count).to_pylist()


def compare(dataset: str, old: int, new: int) -> Comparison:
    """Compare two versions. Raises DatasetError where one of them is not there."""
    before, after = (published(dataset, number) for number in (old, new))
    changed = changes(before.tables, after.tables, read_forgotten(dataset).ids)
    settings = list(setting_lines(before.metadata, after.metadata))
    return Comparison(old, new, settings, changed.counts, changed.rows)
