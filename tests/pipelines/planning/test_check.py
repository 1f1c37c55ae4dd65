"""What `check_recipe` looks at, and the one error that `require_runnable` makes of all problems."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.planning.check import Where, check_recipe, require_runnable
from schemas.errors import EnvironmentFault, NoEngineError, RequestError
from schemas.recipe import parse_recipe
from tests.checkpoint_people import make_people_checkpoint
from tests.pipelines.corpora import write_pdf

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DEEPSEEK = f"engine: {{name: vllm, model: deepseek-ai/DeepSeek-OCR, revision: {COMMIT}"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check")
    write_pdf(folder / "docs", "a.pdf", first_seed=1)
    (folder / "file.txt").write_text("a file")
    (folder / "empty").mkdir()
    return folder


def test_what_lies_on_another_machine_is_not_looked_at() -> None:
    recipe = parse_recipe(f"dataset: /far/data\nsources: /far/docs\n{DEEPSEEK}}}")
    findings = check_recipe(recipe, Where(reads=False, lists=False))
    assert [(finding.field, finding.error) for finding in findings] == [("engine", None)]


NO_ENGINE = "engine: {name: transformers, model: nowhere/model}"


def test_several_problems_are_one_error_of_a_line_each(corpus: Path) -> None:
    recipe = parse_recipe(f"dataset: {corpus}/file.txt\nsources: {corpus}/empty\n{NO_ENGINE}")
    with pytest.raises(RequestError) as caught:
        require_runnable(recipe)
    fields = [line.split(":")[0] for line in str(caught.value).splitlines()]
    assert fields == ["engine.model", "sources.0", "dataset"]
    assert not isinstance(caught.value, EnvironmentFault)
    alone = parse_recipe(f"dataset: {corpus}/data\nsources: {corpus}/docs\n{NO_ENGINE}")
    with pytest.raises(NoEngineError):
        require_runnable(alone)


def test_a_source_under_another_name_of_its_own_is_found(corpus: Path) -> None:
    odd = corpus / "odd"
    odd.mkdir(exist_ok=True)
    write_pdf(odd / "[a]*", "a.pdf", first_seed=1)
    recipe = parse_recipe(f"dataset: {corpus}/data\nsources: ['{odd}/[a]*', 'file://{odd}']")
    assert [finding.error for finding in check_recipe(recipe)] == [None] * 4


@pytest.mark.parametrize("kind", ["links", "paths"])
def test_a_folder_of_lists_holds_what_its_source_reads(kind: str, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/a.jsonl").write_text("{}")
    text = f"dataset: {tmp_path}/data\nrouting: only\nsources:\n- documents: {tmp_path}/lists\n"
    require_runnable(parse_recipe(f"{text}  {kind}: {{}}\n"))
    with pytest.raises(RequestError, match="matches no file"):
        require_runnable(parse_recipe(text))


def test_a_checkpoint_that_finds_people_is_looked_at(corpus: Path, tmp_path: Path) -> None:
    text = f"dataset: {corpus}/data\nsources: {corpus}/docs\nrouting: only\n"
    people = f"policies: [{{pii: {{people: {{model: {make_people_checkpoint(tmp_path)}"
    found = {f.field: f for f in check_recipe(parse_recipe(f"{text}{people}}}}}}}]"))}
    assert found["policies.0.pii.people"].found.endswith("(bert) finds: name")
    wrong = check_recipe(parse_recipe(f"{text}{people}, labels: {{LOC: address}}}}}}}}]"))
    (error,) = [str(finding.error) for finding in wrong if finding.error is not None]
    assert "has no label LOC" in error
