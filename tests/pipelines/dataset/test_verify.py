"""Verify finds what is planted: each test breaks a sound dataset in one way, as a new version."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from rich.console import Console

from cluster.session import IN_PROCESS, open_session
from pipelines.cli.show.results import verdict as verdict_screen
from pipelines.dataset.state import load_snapshot
from pipelines.dataset.verify import verify_dataset
from schemas.ids import page_id, split_page_id
from schemas.pages import CROP_LINK
from schemas.tables import DOCUMENTS
from tests.pipelines.corpora import pdf, prose, write_pdf
from tests.pipelines.datasets import problems, recipe_for, rows, run_here
from tests.pipelines.deep import stage_deep
from workers.dataset import commit_parts, read_part, write_part


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
        versions[name] = commit_parts(str(dataset), name, [part]).version
    metadata = {**snapshot.metadata, "versions": versions, "planted": name}
    commit_parts(str(dataset), "pages", pages, metadata)


def with_column(table: pa.Table, name: str, values: list[str | None]) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.array(values, pa.string()))


def first_doubled(rows: pa.Table) -> pa.Table:
    return pa.concat_tables([rows, rows.slice(0, 1)])


# ---- one fault at a time: each plants it, and says which id or path the line must begin with --


def row_ids(rows: pa.Table) -> list[str]:
    return [str(row.get("page_id") or row["doc_id"]) for row in rows.to_pylist()]


def first_id(rows: pa.Table) -> str:
    return row_ids(rows)[0]


def lose_row(dataset: Path, name: str) -> str:
    """Lose the first row of which no other is a duplicate: without its keeper, it is named too."""
    keepers = {reject["kept_id"] for reject in rows(dataset, "rejects")}
    lost = []

    def without_one(table: pa.Table) -> pa.Table:
        ids = row_ids(table)
        lost.append(next(row_id for row_id in ids if row_id not in keepers))
        return table.filter(pa.array([row_id != lost[0] for row_id in ids]))

    replace_rows(dataset, name, without_one)
    return lost[0]


def double_row(dataset: Path, name: str) -> str:
    doubled = []
    replace_rows(dataset, name, lambda rows: doubled.append(first_id(rows)) or first_doubled(rows))
    return doubled[0]


def add_row_of_no_page(dataset: Path) -> str:
    """A page past the last of its document."""

    def with_stray(rows: pa.Table) -> pa.Table:
        stray = with_column(rows.slice(0, 1), "page_id", [page_id(doc_id, 9)])
        return pa.concat_tables([rows, stray])

    doc_id = rows(dataset, "pages")[0]["doc_id"]
    replace_rows(dataset, "pages", with_stray)
    return page_id(doc_id, 9)


def lose_keeper(dataset: Path) -> str:
    def other_keeper(rows: pa.Table) -> pa.Table:
        kept = [None if kept is None else "0" * 64 for kept in rows["kept_id"].to_pylist()]
        return with_column(rows, "kept_id", kept)

    replace_rows(dataset, "rejects", other_keeper)
    (duplicate,) = (row for row in rows(dataset, "rejects") if row["kept_id"])
    return str(duplicate["page_id"])


def remove_part(dataset: Path) -> str:
    (part,) = dataset.glob("documents/data/*.parquet")
    part.unlink()
    return str(part)


def flip_byte(dataset: Path) -> str:
    (part,) = dataset.glob("pages/data/*.parquet")
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    return str(part)


def remove_staged(dataset: Path, suffix: str) -> str:
    """A receipt whose file of this kind is gone."""
    (path,) = dataset.glob(f"staging/*/*{suffix}")
    path.unlink()
    return str(path.with_name(path.name.removesuffix(suffix) + ".json"))


def cut_staged(dataset: Path) -> str:
    (path,) = dataset.glob("staging/*/*.images")
    path.write_bytes(path.read_bytes()[:-1])
    return str(path.with_suffix(".json"))


ANEW = "read an older version that verifies"
RESTORE = "restore it from a copy"
DELETE = "delete the receipt"
PLANTS: dict[str, tuple[Callable[[Path], str], str, str]] = {
    "missing part": (remove_part, "the part is missing", RESTORE),
    "flipped byte": (flip_byte, "the part is damaged", RESTORE),
    **{
        f"doubled row of {name}": (partial(double_row, name=name), "more than one row", ANEW)
        for name in ("pages", "documents", "rejects")
    },
    **{
        f"lost row of {name}": (partial(lose_row, name=name), "no row and no reject", ANEW)
        for name in ("pages", "documents", "rejects")
    },
    "row without its inventory page": (add_row_of_no_page, "is not in the inventory", ANEW),
    "duplicate without its keeper": (lose_keeper, f"names {'0' * 64}, which is not kept", ANEW),
    "receipt without its rows": (partial(remove_staged, suffix=".parquet"), "is missing", DELETE),
    "receipt without its images": (partial(remove_staged, suffix=".images"), "is missing", DELETE),
    "receipt with a cut file": (cut_staged, "bytes of", DELETE),
}


@pytest.mark.parametrize("name", PLANTS)
def test_what_is_planted_is_named_in_one_line_with_its_remedy(dataset: Path, name: str) -> None:
    plant, says, remedy = PLANTS[name]
    named = plant(dataset)
    (line,) = problems(dataset)
    assert line.startswith(f"{named}: ")
    assert says in line
    assert remedy in line
    assert "\n" not in line


def test_rows_of_a_document_that_left_the_inventory_are_named(dataset: Path) -> None:
    gone = lose_row(dataset, "inventory")
    found = problems(dataset)
    assert found
    assert all(line.startswith(gone) and "is not in the inventory" in line for line in found)


def test_a_fault_is_printed_with_its_file_and_page(dataset: Path) -> None:
    """In JSON it has the page's id, which counts from 0; people are told the page of a file."""
    lost = lose_row(dataset, "pages")
    with open_session(IN_PROCESS) as session:
        verdict = verify_dataset(str(dataset), session)
    (doc_id, index), (line,) = split_page_id(lost), verdict.problems
    assert line.startswith(f"{doc_id}/{index:05d}: ")
    screen = Console(file=io.StringIO(), width=500)
    screen.print(verdict_screen(verdict))
    assert isinstance(screen.file, io.StringIO)
    file = verdict.names[doc_id]
    assert f"page {index + 1} of {file}: this page" in screen.file.getvalue()
    assert f"(doc_id {doc_id})" in screen.file.getvalue()
    assert lost not in screen.file.getvalue()


def test_many_faults_of_a_kind_are_counted_after_the_first(dataset: Path) -> None:
    replace_rows(dataset, "pages", lambda rows: rows.slice(0, 0))
    *named, more = (line for line in problems(dataset) if "no row and no reject" in line)
    assert len(named) == 5
    assert more == "… and 1 more: page of the inventory has no row and no reject"


# ---- what no version names --------------------------------------------------------------------


def orphan_part(dataset: Path) -> Path:
    """A whole part that no commit names, as a publish that was killed leaves it."""
    uris = rows(dataset, "documents")
    part = write_part(str(dataset), "documents", [pa.Table.from_pylist(uris[:1], DOCUMENTS)])
    return dataset / "documents" / part.path


def torn_part(dataset: Path) -> Path:
    path = dataset / "pages/data/.torn.tmp"
    path.write_bytes(b"PAR1")
    return path


@pytest.mark.parametrize("plant", [orphan_part, torn_part])
def test_an_orphan_part_is_a_note_with_its_size(
    dataset: Path, plant: Callable[[Path], Path]
) -> None:
    path = plant(dataset)
    with open_session(IN_PROCESS) as session:
        verdict = verify_dataset(str(dataset), session)
    size = path.stat().st_size
    assert (verdict.orphans, verdict.orphan_bytes, verdict.problems) == (1, size, ())
    (note,) = verdict.notes
    assert f"1 orphan part, {size:,} bytes" in note
    assert str(path) in note
    assert "`pagefoundry vacuum` removes them" in note


def test_parts_that_only_an_older_version_needs_are_no_orphans(dataset: Path) -> None:
    lose_row(dataset, "pages")
    with open_session(IN_PROCESS) as session:
        assert verify_dataset(str(dataset), session).orphans == 0
        assert verify_dataset(str(dataset), session, version=1).problems == ()


# ---- crops ------------------------------------------------------------------------------------


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


def test_crops_are_counted_and_their_parts_hashed(deep: Path) -> None:
    with open_session(IN_PROCESS) as session:
        verdict = verify_dataset(str(deep), session)
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
    (line,) = problems(deep)
    assert line.startswith(
        f"{lost['page_id']}: crops/{path}: this link is to a crop that the page does not have; "
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
    assert [line.partition(";")[0] for line in problems(deep)] == [
        f"{crop['crop_id']}: this crop is not linked by the text of its page"
        for crop in rows(deep, "crops")
    ]


def test_an_orphan_crop_is_named(deep: Path) -> None:
    def orphaned(table: pa.Table) -> pa.Table:
        stray = table.slice(0, 1)
        for name in ("crop_id", "page_id"):
            stray = with_column(stray, name, [stray[name][0].as_py().replace("/0", "/9")])
        return pa.concat_tables([table, stray])

    replace_rows(deep, "crops", orphaned)
    (line,) = problems(deep)
    assert ": this crop is of a page that is not in `pages`; " in line
    assert "/9000" in line


def test_a_doubled_crop_is_named(deep: Path) -> None:
    replace_rows(deep, "crops", first_doubled)
    (line,) = problems(deep)
    assert ": this crop has more than one row; " in line


def test_a_receipt_without_its_crops_is_named(deep: Path) -> None:
    receipt = remove_staged(deep, ".crops.parquet")
    (line,) = problems(deep)
    assert line.startswith(f"{receipt}: this receipt's file ")
