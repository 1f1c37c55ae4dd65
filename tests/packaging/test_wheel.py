"""The command installed from the wheel, in an empty folder; test_jobs tests its jobs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.ray_cluster import COMMAND, call

pytestmark = [
    pytest.mark.ray,
    pytest.mark.slow,
    pytest.mark.skipif(
        "PAGEFOUNDRY_COMMAND" not in os.environ,
        reason="PAGEFOUNDRY_COMMAND names no installed command; `make test-wheel` makes one",
    ),
]


def test_sample_run_inspect_and_verify_work_in_an_empty_folder(tmp_path: Path) -> None:
    shown = call("--help", cwd=tmp_path)
    assert shown.returncode == 0
    assert "submit" in shown.stdout
    written = call("sample", "corpus", cwd=tmp_path)
    assert written.returncode == 0, written.stderr
    (tmp_path / "recipe.yaml").write_text("dataset: data\nsources: [{documents: corpus}]\n")
    done = call("run", "recipe.yaml", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["committed"]
    assert report["counts"]["pages"] > report["rejects"]["duplicate"] > 0
    proven = call("verify", "data", cwd=tmp_path)
    assert proven.returncode == 0, proven.stdout
    assert call("inspect", "data", cwd=tmp_path).returncode == 0


def test_the_command_is_not_that_of_the_tree() -> None:
    tree = Path(__file__).parents[2]
    assert tree not in Path(COMMAND).parents
    code = list(Path(COMMAND).parents[1].glob("lib/python3*/site-packages/pipelines/cli/app.py"))
    assert len(code) == 1
    assert not list(Path(COMMAND).parents[1].glob("lib/python3*/site-packages/__editable__*"))
