"""Kill a run that changes the policies: no original is lost, and the next runs read no page."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.crash_points import KILLED, CrashPoint, run_until, write_names
from tests.pipelines.datasets import all_rows, problems, rows, run_here
from tests.pipelines.deep import stage_deep
from tests.pipelines.version.test_policies import recipe_of, write_corpus

CUT, REJECT = "{instructions: cut}", "{instructions: reject}"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus, a dataset under a policy that cuts, and what first runs give.

    Its pages have crops, of which those beside what is cut are emptied.
    """
    folder = tmp_path_factory.mktemp("policies")
    source = write_corpus(folder / "src")
    for name, trust in (("data", CUT), ("rejected", REJECT), ("plain", "")):
        recipe = recipe_of(folder / name, source, trust)
        stage_deep(recipe)
        run_here(recipe)
    return folder


def test_a_cut_empties_crops_here(published: Path) -> None:
    assert {row["reason"] for row in rows(published / "data", "crops")} >= {None, "untrusted"}


@dataclass(frozen=True)
class Change:
    """The writes of an undisturbed change, and what a kill before each of them leaves."""

    writes: list[str]
    killed: Path


@pytest.fixture(scope="module")
def change(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Change:
    folder = tmp_path_factory.mktemp("change")
    shutil.copytree(published / "data", folder / "data")
    recipe = recipe_of(folder / "data", published / "src", REJECT)
    return Change(write_names(recipe, folder / "killed"), folder / "killed")


def test_the_writes_are_those_that_are_killed(change: Change) -> None:
    assert {"rejects-part-1", "documents-commit", "pages-commit", "card"} <= set(change.writes)


@pytest.mark.parametrize("phase", KILLED)
@pytest.mark.parametrize("write", ["rejects-part-1", "documents-commit", "pages-commit", "card"])
def test_a_killed_change_is_finished_and_taken_back(
    published: Path, change: Change, tmp_path: Path, write: str, phase: str
) -> None:
    source, dataset = published / "src", tmp_path / "data"
    if phase == "before":
        shutil.copytree(change.killed / write, dataset)
    else:
        shutil.copytree(published / "data", dataset)
        ended = run_until(recipe_of(dataset, source, REJECT), CrashPoint(write, phase))
        assert ended == KILLED[phase]
    assert problems(dataset) == ()
    assert run_here(recipe_of(dataset, source, REJECT)).pages_read == 0
    assert all_rows(dataset) == all_rows(published / "rejected")
    assert run_here(recipe_of(dataset, source, "")).pages_read == 0
    assert all_rows(dataset) == all_rows(published / "plain")
    assert problems(dataset) == ()
