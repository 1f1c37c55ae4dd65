"""What a person sees at the end of a run, of `inspect` and of `diff`: one screen, and sums."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from pipelines.cli.show.dataset import View, overview
from pipelines.cli.show.diff import diff
from pipelines.cli.show.run import report
from pipelines.dataset.diff import diff_versions
from pipelines.dataset.overview import inspect_dataset
from pipelines.run import Report
from schemas.recipe import Recipe, parse_recipe
from tests.pipelines.corpora import pdf, prose
from tests.pipelines.datasets import run_verified


@dataclass(frozen=True, slots=True)
class World:
    """A dataset of two versions, and the reports of their runs and of one that found nothing."""

    folder: Path
    first: Report
    second: Report
    third: Report

    @property
    def dataset(self) -> str:
        return str(self.folder / "data")


def recipe_of(folder: Path) -> Recipe:
    return parse_recipe(
        f"dataset: {folder / 'data'}\nsources: [{{documents: {folder / 'corpus'}}}]\n"
        "routing: only\non_missing: remove\nmax_removed: 1\n"
        "policies: [{keep: {words: {min: 60}}}]\n"
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("screens")
    corpus = folder / "corpus/manuals"
    corpus.mkdir(parents=True)
    first, second = prose(1), prose(2)
    (corpus / "a.pdf").write_bytes(pdf([first, second, "", prose(3)]))
    (corpus / "twin.pdf").write_bytes(pdf([prose(9), f"{second} coda"]))
    (corpus / "short.pdf").write_bytes(pdf([prose(20, 20), prose(21)]))
    (corpus / "note.pdf").write_text("not a document")
    (corpus / "empty.pdf").write_bytes(b"")
    before = run_verified(recipe_of(folder))
    (corpus / "twin.pdf").unlink()
    (corpus / "new.pdf").write_bytes(pdf([prose(30 + number) for number in range(3)]))
    (corpus / "short.pdf").rename(corpus / "brief.pdf")
    after = run_verified(recipe_of(folder))
    return World(folder, before, after, run_verified(recipe_of(folder)))


def screen(shown: RenderableType, width: int = 100) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(shown, crop=False)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_run_ends_with_one_screen_of_sums(world: World) -> None:
    lines = screen(report(world.first))
    assert len(lines) <= 24
    assert lines[2:5] == [
        "           came in  came out  rejected",
        "documents        5         3         2",
        "pages            8         5         3",
    ]
    why = lines.index("rejected because  pages  documents") + 1
    assert {tuple(line.split()[:2]) for line in lines[why : why + 5]} == {
        ("duplicate", "1"), ("out_of_range", "1"), ("blank", "1"),
        ("not_a_document", "1"), ("empty_file", "1"),
    }  # fmt: skip
    assert "pages left  8 inventory → 7 read → 6 dedup → 5 keep" in lines


def test_a_run_says_what_to_do_next(world: World) -> None:
    first, second = (" ".join(screen(report(r), 300)) for r in (world.first, world.second))
    assert f"pagefoundry inspect {world.dataset} --rejects 20" in first
    assert f"pagefoundry view {world.dataset}" in first
    assert f"pagefoundry diff {world.dataset} 1 2" in second


def test_a_run_that_finds_nothing_new_says_so_with_the_same_sums(world: World) -> None:
    lines = screen(report(world.third), 300)  # the folder's name may be long
    assert lines[0].endswith("nothing is new: version 2 is still the newest")
    assert lines[2:5] == screen(report(world.second), 300)[2:5]
    assert not any(line.startswith(("changed", "this run")) for line in lines)


def test_inspect_fits_a_screen_and_names_a_keeper_by_its_file_and_page(world: World) -> None:
    value = inspect_dataset(world.dataset, 1, samples=1, versions=3, rejects=3)
    assert len(screen(overview(value, View(columns=False, policies=False)))) <= 30
    value = inspect_dataset(world.dataset, 1)
    lines = screen(overview(value))
    rows = [line for line in lines if " duplicate " in line and "kept" in line]
    assert len(rows) == 1
    assert any(name in rows[0] for name in ("page 2 of a.pdf", "page 2 of twin.pdf"))
    assert not any(row["kept_id"][:12] in line for row in value.reject_rows if row["kept_id"]
                   for line in lines)  # fmt: skip


def test_rejects_are_grouped_by_document(world: World) -> None:
    lines = screen(overview(inspect_dataset(world.dataset, 1, samples=0)))
    start = lines.index(f"rejects, in {world.folder}/corpus/manuals/") + 1
    names = [line.split()[0] for line in lines[start : start + 5] if line[:1] != " "]
    assert names == sorted(names)
    assert "page 3  blank" in " ".join(lines)


def test_inspect_shows_columns_and_policies_when_asked(world: World) -> None:
    value = inspect_dataset(world.dataset)
    plain, whole = (screen(overview(value, view)) for view in (View(False, False), View()))
    assert not {"what is left", "columns of pages"} & set(plain)
    assert {"what is left", "columns of pages"} <= set(whole)


def test_a_diff_is_a_line_a_document_for_all_that_changed_alike(world: World) -> None:
    lines = screen(diff(diff_versions(world.dataset, 1, 2)))
    listed = [" ".join(line.split()) for line in lines]
    assert "new.pdf + source, document, pages 1–3 new_document" in listed
    assert "~ document, page 2 moved was short.pdf" in listed
    assert any(line.startswith("twin.pdf − source, document, page") for line in listed)
    assert not any(len(word) >= 12 and set(word) <= set("0123456789abcdef…/")
                   for line in lines for word in line.split())  # fmt: skip


def test_a_diff_that_is_cut_says_so(world: World) -> None:
    lines = screen(diff(diff_versions(world.dataset, 1, 2, limit=1)), 300)
    assert any("rows, `--limit` shows more" in line for line in lines)


def test_the_card_has_the_same_sums(world: World) -> None:
    card = (world.folder / "data/README.md").read_text()
    assert "Of 9 pages in the sources 7 are samples and 2 were left out." in card
    assert "Of 5 documents 3 are here and 2 were left out." in card
    assert "| `blank` | 1 |  | nothing is drawn on the page |" in card
