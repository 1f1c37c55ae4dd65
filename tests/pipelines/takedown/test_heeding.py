"""Runs heed the list of what was taken down; duplicates of what went come back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli.app import app
from pipelines.takedown import bring_back, wanted_of
from schemas.errors import IntegrityError
from schemas.recipe import parse_recipe
from schemas.reject_reasons import KEEPER_FORGOTTEN
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import all_rows, problems, rows, run_here
from tests.pipelines.takedown.published import (
    SETTINGS,
    World,
    forget,
    search,
    without,
)
from workers.dataset.forgotten import LIST_NAME, read_forgotten

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
    assert "documents left out because they were taken down: 1" in said["notes"]
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
