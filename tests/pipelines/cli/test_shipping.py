"""What a job is given: a recipe that means the same elsewhere, the code, the command."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cli.shipping import (
    PACKAGES,
    START,
    JobOptions,
    entrypoint,
    local_paths,
    packed,
    portable,
    run_of,
)
from schemas.recipe import Recipe, parse_recipe

TEXT = """
dataset: data
sources:
  - documents: [corpus/*.pdf, s3://lake/corpus]
  - documents: /shared/more
engine: {name: transformers, model: checkpoint}
fallback: {name: transformers, model: org/name}
placement: {staging: scratch, replicas: 3}
storage: {endpoint: "https://store:9000"}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoint").mkdir()
    return tmp_path


def shipped(recipe: Recipe, options: JobOptions) -> Recipe:
    with packed(recipe, options) as request:
        return parse_recipe((request.folder / "recipe.yaml").read_text())


def test_local_paths_become_absolute_and_all_else_stays(here: Path) -> None:
    before = parse_recipe(TEXT)
    recipe = portable(before)
    assert recipe.dataset == f"{here}/data"
    assert [source.documents for source in recipe.sources] == [
        (f"{here}/corpus/*.pdf", "s3://lake/corpus"),
        ("/shared/more",),
    ]
    assert recipe.engine.model == f"{here}/checkpoint"
    assert recipe.fallback is not None
    assert recipe.fallback.model == "org/name"
    assert recipe.placement.staging == f"{here}/scratch"
    changed = {"dataset", "sources", "engine", "placement"}
    assert recipe.model_dump(exclude=changed) == before.model_dump(exclude=changed)
    assert local_paths(recipe) == [
        f"{here}/data", f"{here}/scratch", f"{here}/corpus/*.pdf", "/shared/more",
        f"{here}/checkpoint",
    ]  # fmt: skip


def test_models_of_scores_and_policies_become_absolute_too(here: Path) -> None:
    scores = "scores: [{name: a, model: checkpoint}, {name: b, model: org/name, revision: %s}]"
    people = "policies: [{pii: {people: {model: checkpoint}}}]"
    text = f"dataset: s3://b/d\nsources: s3://b/c\n{scores % ('a' * 40)}\n{people}"
    recipe = portable(parse_recipe(text))
    assert [score.model for score in recipe.scores] == [f"{here}/checkpoint", "org/name"]
    (step,) = recipe.policies
    assert step.pii is not None
    assert step.pii.people is not None
    assert step.pii.people.model == f"{here}/checkpoint"
    assert local_paths(recipe) == [f"{here}/checkpoint"] * 2


def test_a_recipe_of_urls_needs_nothing_on_the_machines() -> None:
    recipe = parse_recipe("dataset: s3://b/data\nsources: [{documents: s3://b/corpus}]")
    assert portable(recipe) == recipe
    assert local_paths(recipe) == []


@pytest.mark.parametrize("ship", [True, False])
def test_the_shipped_recipe_is_the_same_recipe(here: Path, ship: bool) -> None:
    recipe = portable(parse_recipe(TEXT))
    assert shipped(recipe, JobOptions(ship)) == recipe
    plain = portable(parse_recipe("dataset: data\nsources: [{documents: corpus}]"))
    assert shipped(plain, JobOptions(ship)) == plain


@given(st.text(min_size=1).filter(lambda name: name.strip() and "\0" not in name))
def test_any_name_survives_the_way(name: str) -> None:
    try:
        recipe = Recipe.model_validate(
            {"dataset": "s3://b/d", "sources": [{"documents": f"s3://b/{name}"}]}
        )
        name.encode()
    except ValueError:
        return
    assert shipped(recipe, JobOptions(ship=False)) == recipe


def test_the_code_goes_along_or_not(here: Path) -> None:
    recipe = portable(parse_recipe(TEXT))
    with packed(recipe, JobOptions(ship=True)) as request:
        assert {path.name for path in request.folder.iterdir()} == {
            "recipe.yaml",
            "start_job.sh",
            *PACKAGES,
        }
        assert not list(request.folder.rglob("__pycache__"))
        here_too = Path(__file__).parents[3] / "schemas/recipe.py"
        assert (request.folder / "schemas/recipe.py").read_bytes() == here_too.read_bytes()
    assert not request.folder.exists()
    with packed(recipe, JobOptions(ship=False)) as request:
        assert {path.name for path in request.folder.iterdir()} == {"recipe.yaml", "start_job.sh"}


def test_the_command_has_the_options_of_the_submitter() -> None:
    start = "PAGEFOUNDRY_PROGRESS=records exec sh start_job.sh run recipe.yaml --ray auto --json"
    assert entrypoint(JobOptions()) == start
    assert entrypoint(JobOptions(ship=False, re_read=True, wait=True)) == (
        f"{start} --re-read --wait"
    )
    named = entrypoint(JobOptions(python="/opt/a b/python"))
    assert "PAGEFOUNDRY_PYTHON='/opt/a b/python' exec sh start_job.sh run " in named


def started(python: str) -> subprocess.CompletedProcess[str]:
    """The script as a job would run it, with an interpreter that was named."""
    return subprocess.run(
        ["sh", str(START), "--help"],
        env={"PATH": "/usr/bin:/bin", "PAGEFOUNDRY_PYTHON": python},
        cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_the_start_script_runs_the_command_by_the_interpreter_that_is_named() -> None:
    done = started(sys.executable)
    assert (done.returncode, done.stderr) == (0, "")
    assert "pagefoundry" in done.stdout


@pytest.mark.parametrize("python", ["bare", "nowhere"])
def test_an_interpreter_that_cannot_run_it_is_named_in_one_line(
    tmp_path: Path, python: str
) -> None:
    """One of a bare environment, and one that is not there."""
    if python == "bare":
        venv.create(tmp_path / "bare", symlinks=True)
    named = str(tmp_path / python / "bin/python")
    done = started(named)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert line.startswith(f"pagefoundry: on the cluster's head {named} lacks: ")
    assert ("ray typer" if python == "bare" else "not found") in line
    assert line.endswith("name another interpreter of the head by submit --python")


def test_requests_are_the_same_when_one_job_is_enough(here: Path) -> None:
    recipe = portable(parse_recipe(TEXT))
    again = portable(parse_recipe(f"# a comment\n{TEXT}license: other\n"))
    same = run_of(recipe, JobOptions())
    assert run_of(again, JobOptions(ship=False, wait=True)) == same
    assert run_of(recipe, JobOptions(re_read=True)) != same
    assert run_of(portable(parse_recipe(TEXT + "on_missing: remove")), JobOptions()) != same
