"""A takedown removes documents for good: from the newest version, from old ones, from staging."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from cluster.session import IN_PROCESS, open_session
from pipelines.cli.app import app
from pipelines.dataset import diff_versions, inspect_dataset, verify_dataset
from pipelines.dataset.vacuum import Retention, vacuum_dataset
from pipelines.takedown import Options, Searched, Takedown, bring_back, search_forgotten, wanted_of
from pipelines.takedown import forget as take_down
from schemas.errors import DatasetError, IntegrityError, LeaseError, RequestError
from schemas.recipe import parse_recipe
from schemas.shards import SeenFile
from schemas.tables import KEEPER_FORGOTTEN, TABLES
from tests.faults.consumer import read_card, read_version
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import all_rows, part_names, problems, rows, run_here
from tests.pipelines.takedown.bytes_left import files_with, needles
from tests.pipelines.takedown.published import SETTINGS, World, write_chats
from workers.dataset.forgotten import LIST_NAME, read_forgotten
from workers.dataset.lease import hold
from workers.sources import Examined

DAY = "2026-11-30"


def forget(
    world: World,
    *doc_ids: str,
    urls: tuple[str, ...] = (),
    erases: bool = False,
    dry_run: bool = False,
) -> Takedown:
    options = Options("on request", erases, dry_run, today=lambda: DAY)
    with open_session(IN_PROCESS) as session:
        return take_down(str(world.dataset), wanted_of(doc_ids, urls), options, session)


def search(world: World) -> Searched:
    with open_session(IN_PROCESS) as session:
        return search_forgotten(str(world.dataset), session)


def files(dataset: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(dataset)): path.read_bytes()
        for path in dataset.rglob("*")
        if path.is_file() and "lease" not in path.name
    }


def without(rows_by_table: dict[str, list], *doc_ids: str) -> dict[str, list]:
    return {
        table: [row for row in rows if row["doc_id"] not in doc_ids]
        for table, rows in rows_by_table.items()
    }


# ---- the new version ----------------------------------------------------------------------------


def test_one_commit_takes_the_rows_of_every_table_and_leaves_all_others(world: World) -> None:
    asked = [world.doc_id("alpha.pdf"), world.doc_id("note.pdf"), world.chat_id(1)]
    before = all_rows(world.dataset)
    after = without(before, *asked)
    lost = {table: len(before[table]) - len(after[table]) for table in TABLES}
    assert all(lost.values()), "every table has rows that leave"
    done = forget(world, *asked)
    assert (done.version_before, done.version, done.documents, done.pages) == (3, 4, 3, 3)
    assert {loss.table: loss.rows for loss in done.tables} == lost
    assert all_rows(world.dataset) == after
    assert problems(world.dataset) == ()
    card = read_card(world.dataset)
    assert card is not None
    assert read_version(world.dataset)[1]["pages"] == card["pages"]
    for table in TABLES:  # one commit a table, `pages` last
        assert DeltaTable(str(world.dataset / table)).version() <= 4


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


# ---- runs heed the list -------------------------------------------------------------------------


def test_no_run_brings_a_document_back(world: World) -> None:
    asked = [world.doc_id("alpha.pdf"), world.chat_id(0)]
    forget(world, *asked, erases=True)
    report = run_here(world.recipe())
    assert (report.committed, report.pages_read) == (False, 0)
    world = world.with_corpus(world.dataset.parent / "corpus")
    # All files are examined again: they lie elsewhere now.
    report = run_here(world.recipe())
    assert report.committed
    assert without(all_rows(world.dataset), *asked) == all_rows(world.dataset)
    assert problems(world.dataset) == ()
    assert search(world).problems == ()


def test_a_run_with_nothing_new_opens_no_document(world: World, tmp_path: Path) -> None:
    """The listing still names the file; the run after the takedown settles that."""
    forget(world, world.doc_id("alpha.pdf"))
    assert not run_here(world.recipe()).committed
    shutil.rmtree(world.dataset / "staging", ignore_errors=False)
    assert not run_here(world.recipe()).committed
    settled = json.loads((world.dataset / "staging/inventory/settled.json").read_text())
    assert settled["forgotten"] == read_forgotten(str(world.dataset)).digest()


def test_a_forgotten_document_counts_as_no_removal(world: World) -> None:
    world = world.with_corpus(world.dataset.parent / "corpus")
    forget(world, urls=(f"{world.corpus}/alpha.pdf", "**/other.pdf"))
    recipe = world.recipe().model_copy(update={"max_removed": 0.0})
    write_pdf(world.corpus, "new.pdf", first_seed=1501)
    assert run_here(recipe).committed


def test_nothing_of_a_listed_document_is_staged(world: World, tmp_path: Path) -> None:
    """A document that is on the list before any source has it is neither read nor staged."""
    world = world.with_corpus(tmp_path / "corpus")
    path = write_pdf(world.corpus, "new.pdf", first_seed=1501)
    elsewhere = world.copy(tmp_path / "elsewhere")
    run_here(elsewhere.recipe())
    doc_id = elsewhere.doc_id("new.pdf")
    done = forget(world, doc_id)
    assert (done.version, done.listed) == (None, 1)
    report = run_here(world.recipe())
    assert report.pages_read == 0
    assert doc_id not in {row["doc_id"] for row in rows(world.dataset, "inventory")}
    assert search(world).problems == ()
    assert path.exists()


def test_off_the_list_a_document_comes_back(world: World) -> None:
    doc_id = world.doc_id("alpha.pdf")
    before = all_rows(world.dataset)
    forget(world, doc_id, erases=True)
    run_here(world.recipe())
    assert bring_back(str(world.dataset), wanted_of([doc_id], []), False, print) == 1
    report = run_here(world.recipe())
    assert (report.committed, report.pages_read) == (True, 2)
    after = all_rows(world.dataset)
    # Its crops were cut by an engine, which this recipe does not have.
    assert [row["page_id"] for row in after["pages"]] == [row["page_id"] for row in before["pages"]]
    assert problems(world.dataset) == ()


def test_a_listed_document_in_the_newest_version_is_a_problem_until_a_run(world: World) -> None:
    """As a takedown leaves it that was killed right after the list was written."""
    doc_id = world.doc_id("alpha.pdf")
    forget(world.copy(world.dataset.parent / "other"), doc_id)
    shutil.copy(world.dataset.parent / "other" / LIST_NAME, world.dataset)
    (line,) = problems(world.dataset)
    assert line.startswith(f"{doc_id}: this document was taken down and is in the inventory")
    report = run_here(world.recipe())
    assert report.committed
    assert report.changes is not None
    assert report.changes["pages"]["removed"] == {"forgotten": 2}
    assert problems(world.dataset) == ()


def test_a_damaged_list_stops_every_run(world: World) -> None:
    (world.dataset / LIST_NAME).write_text('{"documents": {"x": {"date": "today"}}, "erased": []}')
    with pytest.raises(IntegrityError, match="'x' is not the id of a document"):
        run_here(world.recipe())


def test_a_plan_leaves_them_out(world: World, tmp_path: Path) -> None:
    world = world.with_corpus(tmp_path / "corpus")
    write_pdf(world.corpus, "new.pdf", first_seed=1501, pages=3)
    forget(world, world.doc_id("alpha.pdf"))
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"dataset: {world.dataset}\nsources: [{world.corpus}]\n{SETTINGS}")
    done = CliRunner().invoke(app, ["plan", str(recipe), "--json"])
    said = json.loads(done.stdout)
    assert said["to_read"]["pages"] == 3
    assert "1 documents were taken down and are left out" in said["notes"]
    assert not any("--allow-removal" in note for note in said["notes"])


def test_a_mix_is_taken_anew_by_the_next_run(published: World, tmp_path: Path) -> None:
    """Of two groups of equal weight one loses a page, so the other may keep one less."""
    sources = "".join(
        f"  - {{documents: '{published.corpus}/{names}.pdf', group: {group}}}\n"
        for names, group in (("alpha", "a"), ("other", "b"), ("late", "b"))
    )
    mix = "mix: {weights: {a: 1, b: 1}}\n"
    recipe = parse_recipe(f"dataset: {tmp_path / 'data'}\nsources:\n{sources}{mix}{SETTINGS}")
    world = World(published.corpus, tmp_path / "data")
    assert run_here(recipe).rejects == {"left_out": 1}
    forget(world, world.doc_id("late.pdf"))
    report = run_here(recipe)
    assert report.committed
    assert {name: group["samples"] for name, group in report.mix.items()} == {"a": 2, "b": 2}
    assert problems(world.dataset) == ()
    assert not run_here(recipe).committed


# ---- duplicates ---------------------------------------------------------------------------------


def test_a_duplicate_whose_keeper_goes_comes_back_with_the_next_run(world: World) -> None:
    copy, keeper = world.dropped()
    copy_id, keeper_id = world.doc_id(copy), world.doc_id(keeper)
    done = forget(world, keeper_id)
    assert (done.keeperless, done.keeperless_documents) == (2, (copy_id,))  # the page, the document
    left = [row for row in rows(world.dataset, "rejects") if row["doc_id"] == copy_id]
    assert {(row["reason"], row["kept_id"], row["similarity"]) for row in left} == {
        (KEEPER_FORGOTTEN, None, None)
    }
    assert problems(world.dataset) == ()
    report = run_here(world.recipe())
    assert report.changes is not None
    assert report.changes["pages"]["added"] == {"keeper_left": 1}
    assert copy_id in {row["doc_id"] for row in rows(world.dataset, "pages")}
    assert copy_id in {row["doc_id"] for row in rows(world.dataset, "documents")}
    assert KEEPER_FORGOTTEN not in report.rejects
    assert problems(world.dataset) == ()
    assert not run_here(world.recipe()).committed


def test_a_page_is_read_again_where_no_staging_has_it(world: World) -> None:
    _, keeper = world.dropped()
    forget(world, world.doc_id(keeper))
    shutil.rmtree(world.dataset / "staging")
    assert run_here(world.recipe()).pages_read == 1
    assert problems(world.dataset) == ()


# ---- erase --------------------------------------------------------------------------------------


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
    assert proof.files == len(searched)
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
    ):
        with pytest.raises(DatasetError, match=message + ".*version 4 is the newest that is whole"):
            read()
    assert verify_at(dataset, 2) == ()
    assert inspect_dataset(dataset, 1).version == 1
    with pytest.raises(Exception, match=r"part-\w+\.parquet"):
        DeltaTable(f"{dataset}/pages", version=3).to_pyarrow_table()
    DeltaTable(f"{dataset}/pages", version=2).to_pyarrow_table()


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
    assert "1 documents are off the list" in undone.stdout
    for wrong in (["--undo", "--erase"], [], ["--doc", "abc"], ["--undo", "--url", "x"]):
        assert CliRunner().invoke(app, ["forget", str(world.dataset), *wrong]).exit_code != 0


def said_id(world: World) -> str:
    return min(read_forgotten(str(world.dataset)).ids)
