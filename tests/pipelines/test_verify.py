"""Verify finds what is planted: each test breaks a sound dataset in one way, as a new version."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.state import load_snapshot
from tests.pipelines.corpora import pdf, prose, write_pdf
from tests.pipelines.datasets import problems, recipe_for, run_here
from workers.delta import commit_parts
from workers.parts import read_part, write_part


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify")
    write_pdf(folder / "corpus", "a.pdf", first_seed=1, pages=3)
    write_pdf(folder / "corpus", "b.pdf", first_seed=20, pages=2)
    (folder / "corpus/copy.pdf").write_bytes(pdf([prose(1) + " coda", prose(70)]))
    (folder / "corpus/note.pdf").write_text("not a document")
    run_here(recipe_for(folder / "data", folder / "corpus", "routing: only\n"))
    assert problems(folder / "data") == ()
    return folder / "data"


@pytest.fixture
def dataset(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "data"))


def replace_rows(dataset: Path, name: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Commit a table with other rows, and a version of the dataset that names it."""
    snapshot = load_snapshot(str(dataset))
    assert snapshot is not None
    table = snapshot.tables[name]
    rows = pa.concat_tables([read_part(table.part_uri(part)) for part in table.parts])
    part = write_part(str(dataset), name, [change(rows)])
    pages = [part] if name == "pages" else snapshot.tables["pages"].parts
    versions = dict(snapshot.metadata["versions"])
    if name != "pages":
        versions[name] = commit_parts(str(dataset), name, [part], "planted").version
    metadata = {**snapshot.metadata, "versions": versions, "planted": name}
    commit_parts(str(dataset), "pages", pages, "planted", metadata)


def without_first(rows: pa.Table) -> pa.Table:
    return rows.slice(1)


def first_doubled(rows: pa.Table) -> pa.Table:
    return pa.concat_tables([rows, rows.slice(0, 1)])


@pytest.mark.parametrize("name", ["pages", "documents", "rejects"])
def test_a_lost_row_is_named(dataset: Path, name: str) -> None:
    replace_rows(dataset, name, without_first)
    found = problems(dataset)
    assert any("has no row and no reject" in line for line in found)


@pytest.mark.parametrize("name", ["pages", "documents", "rejects"])
def test_a_doubled_row_is_named(dataset: Path, name: str) -> None:
    replace_rows(dataset, name, first_doubled)
    (line,) = problems(dataset)
    assert "is not in the inventory, or has more than one row" in line


def test_rows_of_a_document_that_left_the_inventory_are_named(dataset: Path) -> None:
    replace_rows(dataset, "inventory", without_first)
    assert any("is not in the inventory" in line for line in problems(dataset))


def test_a_duplicate_whose_keeper_is_gone_is_named(dataset: Path) -> None:
    def other_keeper(rows: pa.Table) -> pa.Table:
        kept = [None if kept is None else "0" * 64 for kept in rows["kept_id"].to_pylist()]
        place = rows.column_names.index("kept_id")
        return rows.set_column(place, "kept_id", pa.array(kept, pa.string()))

    replace_rows(dataset, "rejects", other_keeper)
    (line,) = problems(dataset)
    assert f"names {'0' * 64}, which is not kept" in line


def test_a_missing_part_is_named(dataset: Path) -> None:
    (part,) = dataset.glob("documents/data/*.parquet")
    part.unlink()
    assert problems(dataset) == (f"{part}: the part is missing",)


def test_a_flipped_byte_is_named(dataset: Path) -> None:
    (part,) = dataset.glob("pages/data/*.parquet")
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    (line,) = problems(dataset)
    assert line.startswith(f"{part}: ")
