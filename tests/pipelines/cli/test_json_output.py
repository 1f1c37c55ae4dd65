"""`--json` prints one JSON object on stdout and nothing else, whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipelines.cli.json_commands import call_json


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("json")
    (made / "file.txt").write_text("a file")
    return made


@pytest.mark.parametrize(
    ("arguments", "code", "kind", "message"),
    [
        (("run", "nowhere.yaml"), 2, "request", "nowhere.yaml: there is no such recipe"),
        (("inspect", "file.txt"), 2, "dataset", "file.txt is a file"),
        (("plan", "--nope"), 2, "usage", "No such option: --nope"),
        (("vacuum", "data", "--keep-versions", "0"), 2, "usage", "--keep-versions"),
    ],
)
def test_a_failure_is_one_object_on_stdout_and_a_line_on_stderr(
    arguments: tuple[str, ...], code: int, kind: str, message: str, folder: Path
) -> None:
    ended, found, err = call_json(*arguments, cwd=folder)
    error = found["error"]
    assert (ended, error["kind"], error["exit_code"]) == (code, kind, code)
    assert message in error["message"]
    assert "pagefoundry: " in err
    assert "Traceback" not in err


def test_what_others_print_on_stdout_goes_to_stderr() -> None:
    script = (
        "import os, subprocess, sys\n"
        "from pipelines.cli import json_output\n"
        "json_output.reserve_stdout()\n"
        "print('a library'); subprocess.run(['echo', 'a child']); os.write(1, b'a C library\\n')\n"
        "json_output.write({'name': os.fsdecode(b'caf\\xe9')})\n"
        "json_output.write_failure('ended', 'is told already', 1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, timeout=120
    )
    assert json.loads(done.stdout) == {"name": os.fsdecode(b"caf\xe9")}
    for words in (b"a library", b"a child", b"a C library"):
        assert words in done.stderr


def test_a_defect_is_an_object_too_and_its_trace_goes_to_stderr() -> None:
    script = (
        "import sys\n"
        "from pipelines.cli import app as cli\n"
        "from pipelines.cli.arguments import JsonFlag\n"
        "@cli.app.command()\n"
        "def burst(as_json: JsonFlag = False) -> None:\n"
        "    raise ZeroDivisionError('by nothing')\n"
        "sys.argv = ['pagefoundry', 'burst', '--json']\n"
        "cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120
    )
    assert json.loads(done.stdout)["error"]["kind"] == "defect"
    assert done.returncode == 1
    assert "Traceback" in done.stderr
