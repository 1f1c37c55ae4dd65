"""Erased documents are gone from old versions and staging too; whole versions still read."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from rich.console import Console

from cluster.session import IN_PROCESS, open_session
from pipelines.cli.show import dataset as show
from pipelines.dataset.diff import diff_versions
from pipelines.dataset.overview import inspect_dataset
from pipelines.dataset.vacuum import Retention, vacuum_dataset
from pipelines.dataset.verify import verify_dataset
from schemas.errors import DatasetError
from schemas.sources import DatasetSource
from schemas.tables import TABLES
from tests.faults.consumer import read_version
from tests.faults.crash_points import KILLED, CrashPoint, run_until
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import part_names, problems, rows, run_here
from tests.pipelines.takedown.bytes_left import files_with, needles
from tests.pipelines.takedown.published import (
    World,
    forget,
    search,
    write_chats,
)
from workers.dataset.forgotten import LIST_NAME, read_forgotten
from workers.sources.copies import list_copies


def test_no_byte_is_left_in_any_file_of_any_version(world: World) -> None:
    """Searched for by other means than ours: texts, images, hashes, addresses and ids."""
    note, gone = world.doc_id("note.pdf"), world.doc_id("gone.pdf", 1)
    _, keeper = world.dropped()
    unique = [world.doc_id("alpha.pdf"), note, world.chat_id(1)]
    asked = [*unique, gone, world.doc_id(keeper)]
    wanted = {doc_id.encode() for doc_id in asked}
    for doc_id in unique:
        wanted |= needles(world.rows_of(doc_id))
    wanted |= needles(world.rows_of(gone, 1))
    others = needles(
        row for table in TABLES for row in rows(world.dataset, table) if row["doc_id"] not in asked
    )
    wanted -= others  # recipe digests, engines, the file of both chats
    assert len(wanted) > 50
    found = files_with(wanted, world.dataset)
    assert {name.split("/")[0] for name in found} == {*TABLES, "staging"}

    forget(world, *asked)
    assert files_with(wanted, world.dataset).keys() == found.keys() | {LIST_NAME}
    assert len(search(world).problems) >= 10

    forget(world, *asked, erases=True)
    assert files_with(wanted, world.dataset).keys() == {LIST_NAME}
    assert files_with(wanted - {doc_id.encode() for doc_id in asked}, world.dataset) == {}
    proof = search(world)
    assert proof.problems == ()
    searched = {p for p in world.dataset.rglob("*") if p.is_file() and p.name != LIST_NAME}
    images = {path for path in searched if path.suffix == ".images"}
    assert (proof.files, proof.image_files) == (len(searched - images), len(images))
    assert proof.parquet_files == sum(path.suffix == ".parquet" for path in searched)
    assert problems(world.dataset) == ()


def test_the_search_finds_what_is_planted(world: World) -> None:
    doc_id = world.doc_id("alpha.pdf")
    parts = [world.dataset / "pages" / path for path in part_names(world.dataset)["pages"]]
    (part,) = (p for p in parts if doc_id in pq.read_table(p, columns=["doc_id"])[0].to_pylist())
    kept = part.read_bytes()
    shard = next((world.dataset / "staging").glob("*/*.images"))
    forget(world, doc_id, erases=True)
    plants = {
        "pages/data/part-" + "0" * 64 + ".parquet": kept,
        "pages/data/.torn.tmp": b"torn",
        "pages/data/part-" + "1" * 64 + ".parquet": b"PAR1 torn",
        "notes/mine.txt": b"x" * (2**24 - 30) + b"f" * 40 + doc_id.encode() + b"f",
        "staging/inventory/left.jsonl": doc_id.encode(),
        "staging/publish-0/pieces.arrow": b"\0",
        f"staging/{shard.parent.name}/lone.images": b"\xff\xd8",
    }
    for name, data in plants.items():
        path = world.dataset / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    lines = search(world).problems
    assert {line.removeprefix(f"{world.dataset}/").split(": ")[0] for line in lines} == set(plants)
    forget(world, doc_id, erases=True)
    (left,) = search(world).problems
    assert "notes/mine.txt: names documents" in left
    assert "PageFoundry did not write it" in left


def test_old_versions_say_what_is_gone_and_whole_ones_still_read(world: World) -> None:
    before = {version: read_version(world.dataset, version) for version in (1, 2, 3)}
    forget(world, world.doc_id("late.pdf"), erases=True)  # it is in version 3 only
    assert read_version(world.dataset, 2) == before[2]
    assert read_version(world.dataset, 1) == before[1]
    message = r"version 3 is not whole any more: \w+/data/part-\w+\.parquet .*was erased on request"
    dataset = str(world.dataset)
    for read in (
        lambda: inspect_dataset(dataset, 3),
        lambda: diff_versions(dataset, 2, 3),
        lambda: verify_at(dataset, 3),
        lambda: list_copies(DatasetSource(dataset=(dataset,), version=3)),
    ):
        with pytest.raises(DatasetError, match=message + ".*version 4 is the newest that is whole"):
            read()
    assert verify_at(dataset, 2) == ()
    assert inspect_dataset(dataset, 1).version == 1
    whole = {line["version"]: line["whole"] for line in inspect_dataset(dataset).versions}
    assert whole == {1: True, 2: True, 3: False, 4: True}
    out = io.StringIO()
    Console(file=out, width=200).print(show.overview(inspect_dataset(dataset)))
    marked = [line for line in out.getvalue().splitlines() if "erased on request" in line]
    assert [line.split()[0] for line in marked] == ["3"]
    with pytest.raises(Exception, match=r"part-\w+\.parquet"):
        DeltaTable(f"{dataset}/pages", version=3).to_pyarrow_table()
    DeltaTable(f"{dataset}/pages", version=2).to_pyarrow_table()


def test_a_part_that_is_there_again_is_not_gone(world: World) -> None:
    """As where a run has written the same rows."""
    kept = {path: path.read_bytes() for path in world.dataset.glob("*/data/*.parquet")}
    forget(world, world.doc_id("late.pdf"), erases=True)
    with pytest.raises(DatasetError, match="version 3 is not whole"):
        inspect_dataset(str(world.dataset), 3)
    for path, data in kept.items():
        path.write_bytes(data)
    assert inspect_dataset(str(world.dataset), 3).version == 3
    assert all(line["whole"] for line in inspect_dataset(str(world.dataset)).versions)


def test_no_table_is_torn_where_a_killed_publish_has_committed_to_it(
    world: World, tmp_path: Path
) -> None:
    """The document is in the newest version of `inventory`, which no version of `pages` names."""
    world = world.with_corpus(tmp_path / "corpus")
    write_pdf(world.corpus, "new.pdf", first_seed=1501)
    assert run_until(world.recipe(), CrashPoint("pages-commit", "before")) == KILLED["before"]
    done = forget(world, urls=(world.address("new.pdf"),), erases=True)
    assert (done.listed, done.version) == (1, None)
    for table in TABLES:
        rows_left = DeltaTable(str(world.dataset / table)).to_pyarrow_table()
        assert not read_forgotten(str(world.dataset)).ids & set(rows_left["doc_id"].to_pylist())
    assert search(world).problems == ()
    assert run_here(world.recipe()).pages_read == 0
    assert problems(world.dataset) == ()


def verify_at(dataset: str, version: int) -> tuple[str, ...]:
    with open_session(IN_PROCESS) as session:
        return verify_dataset(dataset, session, version).problems


def test_a_part_that_vanished_otherwise_is_damage(world: World) -> None:
    forget(world, world.doc_id("late.pdf"), erases=True)
    path = part_names(world.dataset)["pages"][0]
    (world.dataset / "pages" / path).unlink()
    assert any("the part is missing" in line for line in problems(world.dataset))


def test_vacuum_takes_versions_that_are_not_whole(world: World) -> None:
    doc_id = world.doc_id("alpha.pdf")
    wanted = {needle for needle in needles(world.rows_of(doc_id)) if len(needle) > 100}
    forget(world, doc_id, erases=True)
    done = vacuum_dataset(str(world.dataset), Retention(versions=2, grace_hours=0))
    assert done.kept_versions == (3, 4)
    vacuum_dataset(str(world.dataset), Retention(versions=1, grace_hours=0))
    assert problems(world.dataset) == ()
    checkpoints = list(world.dataset.glob("*/_delta_log/*.checkpoint.parquet"))
    assert len(checkpoints) == len(TABLES)
    assert search(world).problems == ()
    assert files_with(wanted, world.dataset) == {}


def test_staged_pages_of_other_documents_are_read_again(world: World, tmp_path: Path) -> None:
    """A shard goes as a whole; `new.pdf` was staged with the one that is erased."""
    world = world.with_corpus(tmp_path / "corpus")
    for number in (1, 2):
        write_pdf(world.corpus, f"new{number}.pdf", first_seed=1500 + 10 * number)
    elsewhere = world.copy(tmp_path / "elsewhere")
    run_here(elsewhere.recipe())
    shutil.copytree(elsewhere.dataset / "staging", world.dataset / "staging", dirs_exist_ok=True)
    forget(world, elsewhere.doc_id("new1.pdf"), erases=True)
    assert search(world).problems == ()
    report = run_here(world.recipe())
    assert report.pages_read == 1
    assert problems(world.dataset) == ()


def test_a_staged_shard_that_is_damaged_goes_too(world: World) -> None:
    """Nothing can be shown of it; its pages are published, so nothing is read again."""
    doc_id = world.doc_id("late.pdf")
    forget(world, doc_id, erases=True)
    rows_file = next((world.dataset / "staging").glob("*/*.parquet"))
    rows_file.write_bytes(b"PAR1")
    (line,) = search(world).problems
    assert line.startswith(f"{rows_file}: cannot be searched (")
    forget(world, doc_id, erases=True)
    assert search(world).problems == ()
    assert not rows_file.with_suffix(".json").exists()
    assert run_here(world.recipe()).pages_read == 0


def test_staging_elsewhere_is_searched_and_erased(world: World, tmp_path: Path) -> None:
    world = world.with_corpus(tmp_path / "corpus")
    write_chats(world.corpus, 91, 92, 93)
    recipe = world.recipe()
    placement = recipe.placement.model_copy(update={"staging": str(tmp_path / "scratch")})
    run_here(recipe.model_copy(update={"placement": placement}))
    doc_id = world.chat_id(2)
    forget(world, doc_id)
    assert any(str(tmp_path / "scratch") in line for line in search(world).problems)
    forget(world, doc_id, erases=True)
    assert search(world).problems == ()
