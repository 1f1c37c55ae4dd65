"""A takedown removes documents from the newest version, by every way to name them."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from pipelines.cli.app import app
from pipelines.dataset.diff import diff_versions
from pipelines.dataset.overview import inspect_dataset
from schemas.errors import DatasetError, IntegrityError, LeaseError, RequestError
from schemas.shards import SeenFile
from schemas.tables import TABLES
from tests.faults.consumer import read_card, read_version
from tests.pipelines.datasets import all_rows, part_names, problems, rows
from tests.pipelines.takedown.published import (
    DAY,
    World,
    files,
    forget,
    search,
    without,
)
from workers.dataset.forgotten import LIST_NAME, read_forgotten
from workers.dataset.lease import hold
from workers.sources import Examined

# ---- the new version ----------------------------------------------------------------------------


def test_one_commit_takes_the_rows_of_every_table_and_leaves_all_others(world: World) -> None:
    asked = [world.doc_id("alpha.pdf"), world.doc_id("note.pdf"), world.chat_id(1)]
    before = all_rows(world.dataset)
    after = without(before, *asked)
    lost = {table: len(before[table]) - len(after[table]) for table in TABLES}
    assert all(lost.values()), "every table has rows that leave"
    committed = commits(world)
    done = forget(world, *asked)
    assert (done.version_before, done.version, done.documents, done.pages) == (3, 4, 3, 3)
    assert {loss.table: loss.rows for loss in done.tables} == lost
    assert all_rows(world.dataset) == after
    assert problems(world.dataset) == ()
    card = read_card(world.dataset)
    assert card is not None
    assert read_version(world.dataset)[1]["pages"] == card["pages"]
    assert commits(world) == {table: number + 1 for table, number in committed.items()}


def commits(world: World) -> dict[str, int]:
    return {table: DeltaTable(str(world.dataset / table)).version() for table in TABLES}


def test_only_ids_day_and_reason_are_kept(world: World) -> None:
    doc_id, note = world.doc_id("alpha.pdf"), world.doc_id("note.pdf")
    forget(world, doc_id)
    forget(world, doc_id, note)
    kept = json.loads((world.dataset / LIST_NAME).read_text())
    entry = {"date": DAY, "reason": "on request"}
    assert kept == {"documents": {doc_id: entry, note: entry}, "erased": []}


def test_a_dry_run_says_what_leaves_and_changes_nothing(world: World) -> None:
    before = files(world.dataset)
    doc_id = world.doc_id("alpha.pdf")
    planned = forget(world, doc_id, erases=True, dry_run=True)
    assert files(world.dataset) == before
    done = forget(world, doc_id, erases=True)
    assert (planned.tables, planned.removed) == (done.tables, done.removed)
    assert (planned.version, done.version) == (None, 4)
    after = files(world.dataset)
    # The copy of the receipts is removed, and written again from those that are left.
    gone = {n for n in before if n not in after or (after[n] != before[n] and n.endswith(".tsv"))}
    assert sum(kind.files for kind in done.removed) == len(gone)
    assert sum(kind.bytes for kind in done.removed) == sum(len(before[name]) for name in gone)


def test_a_repeat_changes_nothing(world: World) -> None:
    doc_id = world.doc_id("alpha.pdf")
    forget(world, doc_id, erases=True)
    before = files(world.dataset)
    done = forget(world, doc_id, erases=True)
    assert (done.version, done.documents, done.listed, done.on_list) == (None, 0, 0, 1)
    assert files(world.dataset) == before


def test_all_documents_can_be_taken_down(world: World) -> None:
    forget(world, urls=(f"{world.corpus}/**",), erases=True)
    assert all(not rows for rows in all_rows(world.dataset).values())
    assert problems(world.dataset) == ()
    assert search(world).problems == ()
    assert not list(world.dataset.glob("*/data/*.parquet"))


def test_diff_and_history_say_why_rows_left(world: World) -> None:
    doc_id = world.doc_id("alpha.pdf")
    forget(world, doc_id)
    found = diff_versions(str(world.dataset), 3, 4)
    assert found.summary["pages"]["removed"] == {"forgotten": 2}
    assert found.summary["inventory"]["removed"] == {"forgotten": 1}
    newest = inspect_dataset(str(world.dataset)).versions[0]
    assert newest["changes"] == found.summary


# ---- requests -----------------------------------------------------------------------------------


def test_addresses_name_documents_of_old_versions_and_whole_files_of_records(world: World) -> None:
    done = forget(world, urls=(world.address("gone.pdf"), "**/chats.jsonl", "nowhere/*.pdf"))
    assert (done.asked, done.documents, done.unmatched) == (3, 2, ("nowhere/*.pdf",))
    assert rows(world.dataset, "conversations") == []


def test_the_same_request_finds_the_same_documents_after_a_takedown(world: World) -> None:
    first = forget(world, urls=(world.address("alpha.pdf"),))
    again = forget(world, urls=(world.address("alpha.pdf"),), erases=True)
    assert (first.asked, again.asked, again.listed) == (1, 1, 0)
    assert search(world).problems == ()


def test_a_version_of_another_program_is_refused_in_one_line(world: World) -> None:
    for path in (world.dataset / "pages/data").iterdir():
        pq.write_table(pq.read_table(path).drop_columns("rotation"), path)
    before = files(world.dataset)
    with pytest.raises(DatasetError, match="`pages` has other columns; run its recipe"):
        forget(world, world.doc_id("alpha.pdf"))
    assert files(world.dataset) == before


def test_a_damaged_old_inventory_is_named_and_erased(world: World) -> None:
    """Nothing can be shown of it, so it goes; ids can still be given."""
    kept = set(part_names(world.dataset)["inventory"])
    folder = world.dataset / "inventory/data"
    old = next(path for path in folder.iterdir() if f"data/{path.name}" not in kept)
    old.write_bytes(b"PAR1")
    with pytest.raises(IntegrityError, match="Name documents by --doc instead"):
        forget(world, urls=(world.address("alpha.pdf"),))
    forget(world, world.doc_id("alpha.pdf"), erases=True)
    assert not old.exists()
    assert search(world).problems == ()


def test_staged_results_of_a_killed_inventory_are_found_and_erased(world: World) -> None:
    folder = world.dataset / "staging/inventory"
    results = [
        Examined(SeenFile(f"/inbox/{name}.pdf", 9, "1"), name * 64, "application/pdf", 1)
        for name in "ab"
    ]
    (folder / "left.jsonl").write_text("\n".join(result.to_json() for result in results))
    (folder / "damaged.jsonl").write_text("{")
    done = forget(world, urls=("/inbox/a*",), erases=True)
    assert (done.asked, done.version) == (1, None)
    assert read_forgotten(str(world.dataset)).ids == {"a" * 64}
    assert not (folder / "left.jsonl").exists()


def test_a_request_that_means_nothing_changes_nothing(world: World) -> None:
    before = files(world.dataset)
    with pytest.raises(RequestError, match=r"'nowhere\.pdf' names no document of any version"):
        forget(world, urls=("nowhere.pdf",))
    assert files(world.dataset) == before


def test_a_dataset_that_a_run_holds_is_left_alone(world: World) -> None:
    before = files(world.dataset)
    with hold(str(world.dataset)), pytest.raises(LeaseError, match="held by another run"):
        forget(world, world.doc_id("alpha.pdf"))
    assert files(world.dataset) == before


def test_where_nothing_is_published_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no published version"):
        forget(World(tmp_path, tmp_path / "nowhere"), "0" * 64)
    assert not (tmp_path / "nowhere").exists()


def test_the_commands_say_what_left_and_prove_it(world: World, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text(f"\n{world.doc_id('alpha.pdf')}\n  {world.address('note.pdf')}\n")
    arguments = ["forget", str(world.dataset), "--list", str(names), "--reason", "a request"]
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["asked"], said["documents"], said["version"], said["removed"]) == (2, 2, 4, [])
    prove = ["verify", str(world.dataset), "--forgotten"]
    left = CliRunner().invoke(app, prove)
    assert (left.exit_code, "--erase` removes it" in " ".join(left.stdout.split())) == (1, True)
    erased = CliRunner().invoke(app, ["forget", str(world.dataset), "--erase"])
    assert erased.exit_code == 0, erased.output
    assert "parts of old versions" in erased.stdout
    assert CliRunner().invoke(app, prove).exit_code == 0
    undone = CliRunner().invoke(app, [*arguments[:2], "--doc", said_id(world), "--undo"])
    assert "documents taken off the list: 1" in undone.stdout
    for wrong in (["--undo", "--erase"], [], ["--doc", "abc"], ["--undo", "--url", "x"]):
        assert CliRunner().invoke(app, ["forget", str(world.dataset), *wrong]).exit_code != 0


def said_id(world: World) -> str:
    return min(read_forgotten(str(world.dataset)).ids)
