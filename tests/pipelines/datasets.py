"""Read a published dataset back as plain rows, and run recipes, for the pipeline tests."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console

from cluster.progress import meter
from cluster.session import IN_PROCESS, open_session
from pipelines.dataset.state import Snapshot, load_snapshot
from pipelines.dataset.verify import verify_dataset
from pipelines.inventory import Inventory, take_inventory
from pipelines.run import Report, run
from schemas.inventory import Document
from schemas.recipe import Recipe, parse_recipe
from schemas.splits import VALIDATION
from schemas.tables import KEYS, TABLES
from workers import store
from workers.dataset import TableVersion, commit_parts, open_table, read_part, write_part

_KEYS = {**KEYS, "inventory": "doc_id"}


def recipe_for(dataset: Path, source: Path, extra: str = "") -> Recipe:
    """Return a recipe as a user writes it."""
    return parse_recipe(f"dataset: {dataset}\nsources: [{{documents: {source}}}]\n{extra}")


def run_here(recipe: Recipe, re_read: bool = False) -> Report:
    """Run a recipe in this process. What came in is what came out and what was rejected."""
    with open_session(IN_PROCESS) as session:
        report = run(recipe, session, Console(file=io.StringIO()), re_read)
    counts = report.counts
    rejected = {level: sum(why.values()) for level, why in report.rejects_by_level.items()}
    assert report.pages == counts["pages"] + counts["conversations"] + rejected["page"]
    assert report.documents == counts["documents"] + rejected["document"]
    assert sum(rejected.values()) == counts["rejects"] == sum(report.rejects.values())
    return report


def inventory_of(recipe: Recipe, known: list[Document]) -> Inventory:
    """Take the inventory in this process; nothing is staged."""
    with (
        open_session(IN_PROCESS) as session,
        meter(Console(file=io.StringIO()), "inventory", "files") as progress,
    ):
        return take_inventory(recipe, known, None, session, progress)


def problems(dataset: Path | str) -> tuple[str, ...]:
    """Return the problems that verify finds."""
    with open_session(IN_PROCESS) as session:
        return verify_dataset(str(dataset), session).problems


def run_verified(recipe: Recipe) -> Report:
    """Run a recipe in this process; its dataset must be whole afterwards."""
    report = run_here(recipe)
    assert problems(recipe.dataset) == ()
    return report


def rows(dataset: Path | str, table: str, version: int | None = None) -> list[dict[str, Any]]:
    """Return all rows of a table, in the order of their ids. Opens no more tables than it must."""
    found = open_table(store.join(str(dataset), "pages"), version)
    if found is not None and table != "pages":
        uri = store.join(str(dataset), table)
        found = open_table(uri, found.metadata["versions"][table])
    assert found is not None
    return _rows(found, table)


def all_rows(dataset: Path | str, version: int | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables. The tables are opened once for all of them."""
    tables = _snapshot(dataset, version).tables
    return {table: _rows(tables[table], table) for table in TABLES}


def _snapshot(dataset: Path | str, version: int | None) -> Snapshot:
    snapshot = load_snapshot(str(dataset), version)
    assert snapshot is not None
    return snapshot


def _rows(published: TableVersion, table: str) -> list[dict[str, Any]]:
    parts = [read_part(published.part_uri(part)) for part in published.parts]
    listed = pa.concat_tables(parts).to_pylist() if parts else []
    if table == "rejects":
        return sorted(listed, key=lambda row: (row["level"], row["page_id"] or row["doc_id"]))
    return sorted(listed, key=lambda row: row[_KEYS[table]])


def part_names(dataset: Path) -> dict[str, list[str]]:
    """Return the names of the parts of each table; a name is the hash of the part's bytes."""
    snapshot = _snapshot(dataset, None)
    return {name: [part.path for part in snapshot.tables[name].parts] for name in TABLES}


def cut_into_rows(dataset: Path) -> None:
    """Commit the newest version again, each row in a part of its own."""
    tables = _snapshot(dataset, None).tables
    parts = {
        name: [
            write_part(str(dataset), name, [whole.slice(place, 1)])
            for part in table.parts
            for whole in [read_part(table.part_uri(part))]
            for place in range(whole.num_rows)
        ]
        for name, table in tables.items()
    }
    pages = parts.pop("pages")
    versions = {
        name: commit_parts(str(dataset), name, of_table).version for name, of_table in parts.items()
    }
    metadata = {**tables["pages"].metadata, "versions": versions}
    if "validation" in metadata:
        of_validation = {
            name: sorted(part.path for part in of_table if part.split == VALIDATION)
            for name, of_table in {**parts, "pages": pages}.items()
            if name in metadata["validation"]
        }
        metadata["validation"] = of_validation
    commit_parts(str(dataset), "pages", pages, metadata)


def commit_again(dataset: str, **metadata: Any) -> None:
    """Commit the newest version again, with `metadata` replacing fields of the old metadata."""
    pages = _snapshot(dataset, None).tables["pages"]
    merged = {**pages.metadata, **metadata}
    commit_parts(dataset, "pages", pages.parts, merged)
