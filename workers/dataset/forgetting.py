"""Rows of documents that are to be forgotten: find them in a part, write the part without them.

A duplicate whose keeper is forgotten stays, with another reason, as it is a row of its own
document: the next run decides on it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import IntegrityError
from schemas.reject_reasons import KEEPER_FORGOTTEN
from schemas.scores import schema_with, score_columns
from schemas.tables import is_added
from workers.dataset.columns import array
from workers.dataset.delta import PartFile
from workers.dataset.parts import open_part, write_part

OWN_IDS = ("doc_id", "page_id", "crop_id")
"""The columns that say whose a row is: a document's id, or an id that begins with it."""
ID_COLUMNS = (*OWN_IDS, "kept_id")
_ID_CHARS = 64
_NAMED_IN_REJECTS = ("detail", "kept_id", "similarity")
"""The columns in which a duplicate says what it is like."""


@dataclass(frozen=True, slots=True)
class PartWithout:
    """A part of a dataset's table, and the documents to leave out of it."""

    dataset: str
    table: str
    part: PartFile
    uri: str
    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class FoundRows:
    """What a part has of some documents.

    `rows` are theirs, and `pages` is the number of pages that rows of `inventory` count. `orphans`
    are rows of other documents that name one of them as keeper, by the documents' ids.
    """

    task: PartWithout
    rows: int
    pages: int
    orphans: tuple[str, ...]
    columns: tuple[str, ...]


def find_rows(task: PartWithout) -> FoundRows:
    """Count the rows that a part has of the documents. Reads its columns of ids.

    Raises IntegrityError for a part that is missing or damaged.
    """
    try:
        return _find_rows(task)
    except (FileNotFoundError, pa.ArrowInvalid) as exc:
        raise IntegrityError(
            f"{task.uri}: the part is missing or damaged, so it is not known whether the documents "
            "are in it; nothing was taken down. `pagefoundry verify` lists what is damaged"
        ) from exc


def _find_rows(task: PartWithout) -> FoundRows:
    ids = pa.array(sorted(task.ids), pa.string())
    rows, pages = 0, 0
    orphans: list[str] = []
    with open_part(task.uri) as handle:
        file = pq.ParquetFile(handle)
        names = file.schema_arrow.names
        counted = ["page_count"] if task.table == "inventory" else []
        wanted = [name for name in (*ID_COLUMNS, *counted) if name in names]
        for batch in file.iter_batches(columns=wanted):
            group = pa.table(batch)
            own = are_of(group, ids)
            rows += pc.sum(own).as_py() or 0
            if counted:
                pages += pc.sum(group["page_count"].filter(own)).as_py() or 0
            orphans += group["doc_id"].filter(_are_orphans(group, ids)).to_pylist()
    return FoundRows(task, rows, pages, tuple(orphans), tuple(names))


def write_without(task: PartWithout) -> PartFile | None:
    """Write the part again without rows of the documents; None where no row would be left.

    One row group is in memory at a time.
    """
    groups = _groups(task)
    first = next(groups, None)
    if first is None:
        return None

    def rest() -> Iterator[pa.Table]:
        yield first
        yield from groups

    return write_part(task.dataset, task.table, rest(), score_columns(first.column_names))


def _groups(task: PartWithout) -> Iterator[pa.Table]:
    ids = pa.array(sorted(task.ids), pa.string())
    with open_part(task.uri) as handle:
        file = pq.ParquetFile(handle)
        for number in range(file.num_row_groups):
            group = without(file.read_row_group(number), ids)
            if group.num_rows:
                yield group


# ---- rows ---------------------------------------------------------------------------------------


def without(rows: pa.Table, ids: pa.Array) -> pa.Table:
    """The rows that are of none of the documents. Rejects no longer name these as keepers.

    without(rejects, pa.array([doc_id]))
    """
    rows = rows.filter(pc.invert(are_of(rows, ids)))
    orphans = _are_orphans(rows, ids)
    if not pc.any(orphans).as_py():
        return rows
    for name in ("reason", *_NAMED_IN_REJECTS):
        column = array(rows[name])
        value = pa.scalar(KEEPER_FORGOTTEN if name == "reason" else None, column.type)
        rows = rows.set_column(
            rows.column_names.index(name), rows.field(name), pc.if_else(orphans, value, column)
        )
    return rows


def are_of(rows: pa.Table, ids: pa.Array, columns: Sequence[str] = OWN_IDS) -> pa.Array:
    """Which rows have, in one of these columns, the id of a document, or an id that begins with it.

    Columns that the rows lack are left out.
    """
    flags = pa.array([False]).take(pa.array([0] * rows.num_rows, pa.int32()))
    for name in columns:
        if name in rows.column_names:
            heads = pc.utf8_slice_codeunits(array(rows[name]).cast(pa.string()), 0, _ID_CHARS)
            flags = pc.or_(flags, pc.is_in(heads, value_set=ids, skip_nulls=True))
    return flags


def _are_orphans(rows: pa.Table, ids: pa.Array) -> pa.Array:
    """Which rows of other documents name one of the documents as their keeper."""
    return pc.and_not(are_of(rows, ids, ["kept_id"]), are_of(rows, ids))


def are_current(table: str, columns: Sequence[str]) -> bool:
    """Whether a part with these columns is of this program's tables, so that it can be rewritten.

    Columns that were added since are null for its rows.

    >>> are_current("inventory", ["doc_id"])
    False
    """
    schema = schema_with(table, score_columns(columns))
    needed = [name for name in schema.names if name in columns or not is_added(schema, name)]
    return list(columns) == needed
