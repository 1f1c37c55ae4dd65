"""Code blocks: recipes are recipes, and what is marked to be run is run."""

from __future__ import annotations

import json

import pytest
import yaml

from schemas.recipe import parse_recipe
from tests.docs.conftest import RUN, Tutorial, run_block
from tests.docs.pages import ALL_BLOCKS, DOCS, Block

LANGUAGES = {"sh", "python", "yaml", "json", "lua", ""}
MARKS = {"", RUN, "run: ray", "not a recipe"}
RECIPES = [b for b in ALL_BLOCKS if b.language == "yaml" and b.mark != "not a recipe"]
# `tests/pipelines/test_consumers.py` runs those that need a Ray.
TO_RUN = [b for b in ALL_BLOCKS if b.mark == RUN and b.page.name != "tutorial.md"]
LEAST = {"dataset": "data", "sources": ["corpus"]}


def test_blocks_have_languages_and_marks_that_are_known() -> None:
    assert {block.language for block in ALL_BLOCKS} <= LANGUAGES
    assert {block.mark for block in ALL_BLOCKS if block.language} <= MARKS
    assert {b.language for b in ALL_BLOCKS if b.mark.startswith("run")} == {"sh", "python"}


@pytest.mark.parametrize("block", RECIPES, ids=lambda block: block.name)
def test_a_block_of_yaml_is_a_recipe_or_a_part_of_one(block: Block) -> None:
    data = yaml.safe_load(block.text)
    parse_recipe(yaml.safe_dump(LEAST | data), block.name)


@pytest.mark.slow
def test_the_tutorial_runs_from_its_first_block_to_its_last(tutorial: Tutorial) -> None:
    outputs = [ran.output for ran in tutorial.ran]
    assert len(outputs) == 7
    folder = tutorial.folder
    assert (folder / "gallery.html").read_text().startswith("<!DOCTYPE html>")
    assert "nothing is new: version 1 is still the newest" in outputs[-1]
    assert "published version 2: no row" in outputs[-1]


@pytest.mark.slow
@pytest.mark.parametrize("block", TO_RUN, ids=lambda block: block.name)
def test_a_block_that_is_marked_runs(block: Block, tutorial: Tutorial) -> None:
    run_block(block, tutorial.folder)
    if block.page == DOCS / "editors.md":
        written = json.loads((tutorial.folder / "recipe.schema.json").read_text())
        assert written["required"] == ["dataset", "sources"]
