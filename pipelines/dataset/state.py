"""What is known before a run: the published version, and which pages are read already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cluster.planner import uncovered_ranges
from schemas.errors import DatasetError, IntegrityError
from schemas.inventory import Document
from schemas.recipe import Recipe, differences
from schemas.shards import PageRange, Receipt
from schemas.tables import TABLES
from workers import store
from workers.dataset import TableVersion, open_table, read_part

_ROWS_AT_ONCE = 4096


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
        """The published inventory, part by part."""
        table = self.tables["inventory"]
        return [
            Document.from_row(row)
            for part in table.parts
            for batch in read_part(table.part_uri(part)).to_batches(_ROWS_AT_ONCE)
            for row in batch.to_pylist()
        ]

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


def uncovered(
    inventory: Iterable[Document], known: frozenset[str], receipts: Iterable[Receipt]
) -> Iterator[PageRange]:
    """The page ranges of the inventory that neither a receipt nor the last version covers.

    `known` are the documents of the last version, if it was read under the same settings: of
    these it has every page, as a row or as a reject.
    """
    covered = runs_of(receipts)
    for document in inventory:
        if document.page_count is not None and document.doc_id not in known:
            yield from uncovered_ranges(document.pages, pages_in(covered.get(document.doc_id, ())))


def runs_of(receipts: Iterable[Receipt]) -> dict[str, list[tuple[int, int]]]:
    """The runs of pages that receipts speak for, by document: `start` and `stop` of each."""
    runs: dict[str, list[tuple[int, int]]] = {}
    for receipt in receipts:
        for doc_id, start, stop in receipt.ranges:
            runs.setdefault(doc_id, []).append((start, stop))
    return runs


def pages_in(runs: Iterable[tuple[int, int]]) -> set[int]:
    """The pages of some runs of one document."""
    return {index for start, stop in runs for index in range(start, stop)}
