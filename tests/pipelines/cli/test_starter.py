"""`init` writes a recipe that works as it is; `schema` prints what editors take."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import yaml

from pipelines.cli.starter import starter_recipe
from schemas.recipe import parse_recipe
from schemas.recipe_schema import recipe_schema
from tests import fork_server
from tests.pipelines.corpora import write_pdf


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return fork_server.call(*arguments, cwd=folder)


def test_the_written_recipe_passes_its_check_once_its_folder_is_there(tmp_path: Path) -> None:
    assert call(tmp_path, "init").returncode == 0
    assert call(tmp_path, "check", "recipe.yaml").returncode == 2
    write_pdf(tmp_path / "corpus", "a.pdf", first_seed=1, pages=1)
    checked = call(tmp_path, "check", "recipe.yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    for text in ("dataset: mine\n", starter_recipe()):
        mine.write_text(text)
        refused = call(tmp_path, "init", "mine.yaml", "--json")
        assert refused.returncode == 2
        assert "mine.yaml is there already" in json.loads(refused.stdout)["error"]["message"]
        assert mine.read_text() == text


def test_the_settings_in_its_comments_are_the_defaults() -> None:
    """Each commented line that is YAML by itself changes nothing when its `#` is removed."""
    text = starter_recipe()
    plain = parse_recipe(text)
    lines = [line for line in text.splitlines() if re.match(r"# [a-z_]+: ", line)]
    assert len(lines) > 8
    for line in lines:
        assert parse_recipe(f"{text}\n{line[2:]}") == plain, line


def test_the_model_in_its_comments_is_an_engine() -> None:
    found = re.search(r"(#   engine:\n(?:#     .+\n)+)", starter_recipe())
    assert found is not None
    section = yaml.safe_load(re.sub(r"^# ", "", found[1], flags=re.MULTILINE))
    recipe = parse_recipe(starter_recipe() + yaml.safe_dump(section))
    assert recipe.engine.name == "vllm"


def test_the_schema_is_all_that_is_printed(tmp_path: Path) -> None:
    printed = call(tmp_path, "schema")
    assert printed.returncode == 0
    assert json.loads(printed.stdout) == recipe_schema()


def test_a_shell_can_complete_commands(tmp_path: Path) -> None:
    """The command looks for a shell among the processes that started it, so it needs one there.

    With a second command bash stays; a single one would take its place.
    """
    command = Path(sys.executable).with_name("pagefoundry")
    shown = subprocess.run(
        ["bash", "-c", f"{shlex.quote(str(command))} --show-completion; exit"],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=fork_server.TIMEOUT_S,
    )  # fmt: skip
    assert "_PAGEFOUNDRY_COMPLETE=complete_bash" in shown.stdout, shown.stderr
