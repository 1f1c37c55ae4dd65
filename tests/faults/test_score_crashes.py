"""Kill a run that adds and drops scores: nothing is scored twice, and the next run finishes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.classifiers import make_classifier
from tests.faults.crash_points import KILLED, CrashPoint, run_until
from tests.pipelines.datasets import all_rows, problems, run_here
from tests.pipelines.version.test_scores import kept, recipe_of, score, write_corpus


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus, a model, a dataset without scores, and what first runs give."""
    folder = tmp_path_factory.mktemp("scores")
    source = write_corpus(folder / "src")
    make_classifier(folder / "edu")
    run_here(recipe_of(folder / "data", source))
    run_here(recipe_of(folder / "scored", source, score("edu", folder / "edu")))
    return folder


@pytest.mark.parametrize(
    ("write", "phase"), [("documents-commit", "torn"), ("pages-commit", "before")]
)
def test_a_killed_change_is_finished_and_taken_back(
    published: Path, tmp_path: Path, write: str, phase: str
) -> None:
    source, dataset = published / "src", tmp_path / "data"
    scored = recipe_of(dataset, source, score("edu", published / "edu"))
    shutil.copytree(published / "data", dataset)
    assert run_until(scored, CrashPoint(write, phase)) == KILLED[phase]
    assert problems(dataset) == ()
    files = sorted((dataset / "staging").glob("scores-*/*"))
    assert run_here(scored).pages_read == 0
    assert sorted((dataset / "staging").glob("scores-*/*")) == files
    assert len(kept(dataset)) == len(set(kept(dataset))) == 5
    assert all_rows(dataset) == all_rows(published / "scored")
    # Dropping it is killed as well.
    plain = recipe_of(dataset, source)
    assert run_until(plain, CrashPoint(write, phase)) == KILLED[phase]
    assert problems(dataset) == ()
    run_here(plain)
    assert all_rows(dataset) == all_rows(published / "data")
