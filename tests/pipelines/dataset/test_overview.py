"""Inspect tells the story of the versions: the newest, each with what it changed."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pipelines.cli.show import dataset as show_dataset
from pipelines.dataset.overview import Overview, inspect_dataset
from schemas.recipe import Recipe
from tests.pipelines.corpora import write_pdf
from tests.pipelines.datasets import commit_again, recipe_for, run_here

CHANGES = {
    "pages": {"added": {"new_document": 12}, "removed": {"document_left": 3}, "changed": {}},
    "documents": {"added": {"new_document": 1}, "removed": {}, "changed": {}},
    "rejects": {"added": {"blank": 1, "duplicate": 1}, "removed": {"blank": 1}, "changed": {}},
    "inventory": {"added": {"new_document": 1}, "removed": {}, "changed": {}},
}
NONE = {name: {"added": {}, "removed": {}, "changed": {}} for name in CHANGES}


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """A dataset of thirty versions, the last but two without a summary."""
    folder = tmp_path_factory.mktemp("inspect")
    write_pdf(folder / "corpus", "a.pdf", first_seed=1, pages=3)
    recipe = recipe_for(folder / "data", folder / "corpus", "routing: only\n")
    run_here(recipe)
    for number in range(27):
        commit_again(recipe.dataset, changes=NONE, number=number)
    commit_again(recipe.dataset, changes=None)
    commit_again(recipe.dataset, changes=CHANGES)
    return recipe


def shown(value: Overview) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=160).print(show_dataset.overview(value))
    return out.getvalue().splitlines()


def test_the_newest_versions_come_first_and_are_bounded(recipe: Recipe) -> None:
    found = inspect_dataset(recipe.dataset)
    assert found.versions_published == 30
    assert [row["version"] for row in found.versions] == list(range(30, 10, -1))
    assert len(inspect_dataset(recipe.dataset, versions=100).versions) == 30


def test_a_version_says_what_it_changed(recipe: Recipe) -> None:
    newest, before, *_ = inspect_dataset(recipe.dataset).versions
    assert (newest["changes"], before["changes"]) == (CHANGES, None)


def test_the_table_has_a_line_a_version(recipe: Recipe) -> None:
    lines = shown(inspect_dataset(recipe.dataset, versions=4))
    (title,) = [number for number, line in enumerate(lines) if "versions, the newest" in line]
    assert lines[title].strip() == "versions, the newest 4 of 30"
    newest, old, unchanged, *_ = lines[title + 1 :]
    assert newest.split()[0] == "30"
    assert newest.rstrip().endswith(
        "pages +12 new_document, −3 document_left; documents +1; rejects +2 −1"
    )
    assert old.rstrip().endswith("—")
    assert unchanged.rstrip().endswith("no row")
    assert "versions, the newest" not in "".join(
        shown(inspect_dataset(recipe.dataset, versions=99))
    )
