"""What is known before a run: the published version, and a record of every page read so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cluster.planner import uncovered_ranges
from cluster.pool import Policy, Step, run_pool
from cluster.progress import Meter
from cluster.session import Session
from schemas.errors import DatasetError, IntegrityError
from schemas.inventory import Document
from schemas.recipe import Recipe, differences
from schemas.shards import PageRange, Receipt
from schemas.tables import TABLES
from workers import store
from workers.candidates import RECORDS, RowsFile, load_records
from workers.delta import TableVersion, open_table
from workers.parts import read_part
from workers.staging import Staging

_FILES_PER_TASK = 64
_PRIORITY = {"pages": 0, "staged": 1, "rejects": 2}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One published version: the `pages` version, and those of the others that its commit names."""

    tables: Mapping[str, TableVersion]

    @property
    def version(self) -> int:
        """The version of `pages`, which is the dataset's."""
        return self.tables["pages"].version

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the `pages` commit says: settings, counts, versions."""
        return self.tables["pages"].metadata

    def documents(self) -> list[Document]:
        """The published inventory."""
        table = self.tables["inventory"]
        rows = [row for part in table.parts for row in read_part(table.part_uri(part)).to_pylist()]
        return [Document.from_row(row) for row in rows]

    def rows_files(self) -> Iterator[RowsFile]:
        """The parts that hold page records."""
        for name in ("pages", "rejects"):
            table = self.tables[name]
            for part in table.parts:
                yield RowsFile(table.part_uri(part), name)

    def columns(self, name: str, columns: Sequence[str]) -> pa.Table | None:
        """Some columns of a whole table, or None where it has no part."""
        table = self.tables[name]
        found = [read_part(table.part_uri(part), columns) for part in table.parts]
        return pa.concat_tables(found) if found else None


def load_snapshot(dataset: str, version: int | None = None) -> Snapshot | None:
    """A published version, the latest by default; None where nothing is published yet.

    Raises:
        DatasetError: where there is no such version, or an older PageFoundry made it.
        IntegrityError: where the commit names tables that are not there.
    """
    pages = open_table(store.join(dataset, "pages"), version)
    if pages is None or "versions" not in pages.metadata:
        return None
    tables = {"pages": pages}
    lacking = [name for name in TABLES[:-1] if name not in pages.metadata["versions"]]
    if lacking:
        raise DatasetError(
            f"{dataset}: version {pages.version} was made by an older PageFoundry, which had no "
            f"`{lacking[0]}` table; make the dataset anew in another folder"
        )
    for name in TABLES[:-1]:
        table = open_table(store.join(dataset, name), pages.metadata["versions"][name])
        if table is None:
            raise IntegrityError(f"{dataset}: version {pages.version} names no {name} table")
        tables[name] = table
    return Snapshot(tables)


def check_settings(recipe: Recipe, snapshot: Snapshot | None, re_read: bool) -> None:
    """Raises DatasetError where the dataset was read under other settings, naming them."""
    if snapshot is None or re_read or snapshot.metadata["recipe_digest"] == recipe.digest():
        return
    lines = differences(snapshot.metadata["reading_settings"], recipe.reading_settings())
    raise DatasetError(
        f"{recipe.dataset} was made with other settings ({'; '.join(lines)}); "
        "set them back, name another dataset, or give --re-read to read every page again"
    )


@dataclass(frozen=True, slots=True)
class PageRecords:
    """One record for each page read so far: `table` in the shape of `RECORDS` plus `file`, the
    index in `files` of where its row lies. Sorted by page_id, which is unique. `crop_shards` are
    the staged shards that have crops."""

    table: pa.Table
    files: Sequence[RowsFile]
    crop_shards: frozenset[str]


def load_all_records(
    recipe: Recipe,
    snapshot: Snapshot | None,
    staging: Staging,
    receipts: Iterable[Receipt],
    documents: Iterable[Document],
    session: Session,
) -> PageRecords:
    """The records of the inventory's pages that were read under this recipe's digest.

    A page that is both published and staged is taken from `pages`, else from staging, which holds
    its image, else from `rejects`.
    """
    receipts = list(receipts)
    files = [
        *(snapshot.rows_files() if snapshot else ()),
        *(RowsFile(staging.rows_uri(receipt.shard_id), "staged") for receipt in receipts),
    ]
    near = recipe.dedup.near
    tables = _load(files, near.bands if near else 1, session)
    priorities = np.array([_PRIORITY[file.origin] for file in files], np.int64)
    table = pa.concat_tables(tables) if tables else _empty_records()
    countable = [document.doc_id for document in documents if document.page_count is not None]
    table = table.filter(
        pc.and_(
            pc.is_in(table["doc_id"], value_set=pa.array(countable, pa.string())),
            pc.equal(table["recipe_digest"], recipe.digest()),
        )
    )
    file_of_row = table["file"].to_numpy()
    table = table.append_column("priority", pa.array(priorities[file_of_row]))
    table = table.sort_by([("page_id", "ascending"), ("priority", "ascending")]).combine_chunks()
    crop_shards = frozenset(receipt.shard_id for receipt in receipts if receipt.crops)
    return PageRecords(table.filter(_first_of_each(table["page_id"])), files, crop_shards)


def _empty_records() -> pa.Table:
    return RECORDS.append(pa.field("file", pa.int64())).empty_table()


def _first_of_each(sorted_ids: pa.ChunkedArray) -> pa.Array:
    ids = sorted_ids.combine_chunks()
    if len(ids) == 0:
        return pa.array([], pa.bool_())
    changes = pc.not_equal(ids[1:], ids[:-1])
    return pa.concat_arrays([pa.array([True]), changes])


def _load(files: Sequence[RowsFile], bands: int, session: Session) -> list[pa.Table]:
    """Records of each file, in the files' order, each row with its file's index."""
    batches = [
        (start, files[start : start + _FILES_PER_TASK], bands)
        for start in range(0, len(files), _FILES_PER_TASK)
    ]
    loaded = run_tasks(load_batch, batches, session)
    return [table for _, table in sorted(loaded, key=lambda pair: pair[0])]


def load_batch(batch: tuple[int, Sequence[RowsFile], int]) -> tuple[int, pa.Table]:
    """The records of some files, numbered from the batch's first."""
    start, files, bands = batch
    tables = []
    for index, file in enumerate(files, start):
        table = load_records(file, bands)
        tables.append(table.append_column("file", pa.array([index] * len(table), pa.int64())))
    return start, pa.concat_tables(tables)


def run_tasks(
    function: Any, items: Sequence[Any], session: Session, meter: Meter | None = None
) -> list[Any]:
    """Run a one-step chain over items; results in any order. Raises the first failure."""
    results: list[Any] = []
    if not items:
        return results
    with session.runtime() as runtime:
        for done in run_pool(items, [Step(function)], runtime, Policy(lambda item: [item])):
            if done.error is not None:
                raise done.error
            results.append(done.value)
            if meter is not None:
                meter.add(1)
    return results


def uncovered(
    inventory: Iterable[Document], receipts: Iterable[Receipt], published: PageRecords | None
) -> Iterator[PageRange]:
    """The page ranges of the inventory that neither a receipt nor a published row covers."""
    covered: dict[str, set[int]] = {}
    for receipt in receipts:
        for doc_id, start, stop in receipt.ranges:
            covered.setdefault(doc_id, set()).update(range(start, stop))
    if published is not None:
        ids, indices = published.table["doc_id"], published.table["page_index"]
        for doc_id, index in zip(ids.to_pylist(), indices.to_pylist(), strict=True):
            covered.setdefault(doc_id, set()).add(index)
    for document in inventory:
        if document.page_count is not None:
            yield from uncovered_ranges(document.pages, covered.get(document.doc_id, set()))
