"""Verify finds what is planted: each test breaks a sound dataset in one way, as a new version."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from cluster.session import IN_PROCESS, open_session
from pipelines.state import load_snapshot
from pipelines.verify import verify
from schemas.pages import CROP_LINK
from tests.pipelines.corpora import pdf, prose, write_pdf
from tests.pipelines.datasets import problems, recipe_for, rows, run_here
from tests.pipelines.deep import stage_deep
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


@pytest.fixture(scope="module")
def sound_deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pages, with one crop, two crops, and none."""
    folder = tmp_path_factory.mktemp("verify-deep")
    write_pdf(folder / "corpus", "a.pdf", first_seed=1, pages=3)
    recipe = recipe_for(folder / "data", folder / "corpus", "routing: only\n")
    stage_deep(recipe)
    run_here(recipe)
    assert problems(folder / "data") == ()
    return folder / "data"


@pytest.fixture
def deep(sound_deep: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound_deep, tmp_path / "data"))


def with_column(table: pa.Table, name: str, values: list[str]) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.array(values, pa.string()))


def test_crops_are_counted_and_their_parts_hashed(deep: Path) -> None:
    with open_session(IN_PROCESS) as session:
        verdict = verify(str(deep), session)
    assert (verdict.crops, verdict.parts) == (3, 4)  # inventory, documents, crops, pages
    (part,) = deep.glob("crops/data/*.parquet")
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    (line,) = problems(deep)
    assert line.startswith(f"{part}: ")


def test_a_lost_crop_leaves_a_dangling_link(deep: Path) -> None:
    lost = rows(deep, "crops")[0]
    replace_rows(
        deep,
        "crops",
        lambda table: table.filter(pc.not_equal(table["crop_id"], lost["crop_id"])),
    )
    path = lost["image"]["path"]
    assert problems(deep) == (
        f"{lost['page_id']}: crops/{path}: this link is to a crop that the page does not have",
    )


def test_a_link_to_the_crop_of_another_page_is_named(deep: Path) -> None:
    first, second, third = rows(deep, "pages")
    link = CROP_LINK.search(first["text"])
    assert link is not None
    texts = {row["page_id"]: row["text"] for row in (first, second, third)}
    texts[third["page_id"]] += link[0]

    def stolen(table: pa.Table) -> pa.Table:
        return with_column(table, "text", [texts[name] for name in table["page_id"].to_pylist()])

    replace_rows(deep, "pages", stolen)
    (line,) = problems(deep)
    assert line.startswith(f"{third['page_id']}: crops/{link[2]}: this link is to a crop")


def test_a_crop_that_no_text_links_is_named(deep: Path) -> None:
    def unlinked(table: pa.Table) -> pa.Table:
        texts = [CROP_LINK.sub("", text) for text in table["text"].to_pylist()]
        return with_column(table, "text", texts)

    replace_rows(deep, "pages", unlinked)
    assert problems(deep) == tuple(
        f"{crop['crop_id']}: this crop is not linked by the text of its page"
        for crop in rows(deep, "crops")
    )


def test_an_orphan_crop_is_named(deep: Path) -> None:
    def orphaned(table: pa.Table) -> pa.Table:
        stray = table.slice(0, 1)
        for name in ("crop_id", "page_id"):
            stray = with_column(stray, name, [stray[name][0].as_py().replace("/0", "/9")])
        return pa.concat_tables([table, stray])

    replace_rows(deep, "crops", orphaned)
    (line,) = problems(deep)
    assert line.endswith(": this crop is of a page that is not in `pages`")
    assert "/9000" in line


def test_a_doubled_crop_is_named(deep: Path) -> None:
    replace_rows(deep, "crops", first_doubled)
    (line,) = problems(deep)
    assert line.endswith(": this crop has more than one row")
