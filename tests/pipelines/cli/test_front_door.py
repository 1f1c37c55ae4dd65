"""What is mistyped is told at once: nothing heavy is imported before the mistake is found."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pytest

HEAVY = {
    *("torch", "ray", "transformers", "onnxruntime", "rapidocr", "pymupdf", "cv2", "vllm"),
    *("pyarrow.dataset", "pyarrow.compute", "deltalake", "pandas", "scipy", "PIL", "phonenumbers"),
}
PYARROW = {"pyarrow", "numpy"}
RECIPE = "dataset: data\nsources: [{documents: corpus}]\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recipes with one mistake each, and the log of a dataset with versions up to 2."""
    made = tmp_path_factory.mktemp("mistyped")
    (made / "unknown.yaml").write_text(RECIPE + "enginee: {name: rapidocr}\n")
    (made / "wrong.yaml").write_text(RECIPE + "dedup: {near: {jaccard: 3}}\n")
    log = made / "data/pages/_delta_log"
    log.mkdir(parents=True)
    for version_there in range(3):
        (log / f"{version_there:020d}.json").write_text("{}")
    (made / "nowhere.yaml").write_text(RECIPE + "routing: only\n")
    return made


FORKING = f"""
import os, sys

import pipelines.cli.app, schemas.recipe
from pipelines.cli import main

for number, line in enumerate(sys.stdin.read().splitlines()):
    if os.fork() == 0:
        for name, stream in (("out", 1), ("err", 2)):
            os.dup2(os.open(f"{{number}}.{{name}}", os.O_CREAT | os.O_WRONLY), stream)
        sys.argv = ["pagefoundry", *line.split()]
        try:
            main()
        finally:
            print("imported:", *sorted({HEAVY | PYARROW!r} & sys.modules.keys()))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
"""


def imported_by(commands: Sequence[Sequence[str]], folder: Path) -> list[tuple[int, str, set[str]]]:
    """The exit code of each command, its output, and which heavy modules it has imported.

    Each has a process of its own, forked from one that has imported what all of them do.
    """
    done = subprocess.run(
        [sys.executable, "-c", FORKING],
        input="\n".join(map(" ".join, commands)),
        capture_output=True, text=True, check=True, timeout=120, cwd=folder,
    )  # fmt: skip
    ended = [int(line) for line in done.stdout.splitlines()]
    assert len(ended) == len(commands)
    found = []
    for number, code in enumerate(ended):
        printed, errors = ((folder / f"{number}.{name}").read_text() for name in ("out", "err"))
        out, _, modules = printed.rpartition("imported:")
        found.append((code, out + errors, set(modules.split())))
    return found


MISTAKES = [
    (["--help"], 0, "inspect"),
    (["run", "--help"], 0, "--re-read"),
    (["runn"], 2, "Did you mean 'run'?"),
    (["inspect", "data", "--sampels", "3"], 2, "--samples"),
    (["run", "missing.yaml"], 2, "missing.yaml: there is no such recipe"),
    (["run", "unknown.yaml"], 2, "enginee: this key does not exist"),
    (["check", "wrong.yaml"], 2, "dedup.near.jaccard"),
    (["submit", "unknown.yaml"], 2, "enginee: this key does not exist"),
    (["manifest", "unknown.yaml", "--image", "it"], 2, "enginee: this key does not exist"),
    (["run", "nowhere.yaml"], 2, "there is no"),
    (["inspect", "nowhere"], 2, "nowhere holds no published version"),
    (["vacuum", "nowhere"], 2, "nowhere holds no published version"),
    (["forget", "nowhere", "--doc", "x"], 2, "nowhere holds no published version"),
    (["diff", "data", "1", "99"], 2, "data has no version 99; the newest is 2"),
    (["inspect", "data", "--version", "3"], 2, "data has no version 3; the newest is 2"),
    (["verify", "data", "--version", "3"], 2, "data has no version 3; the newest is 2"),
    (["view", "data", "--version", "3"], 2, "data has no version 3; the newest is 2"),
    (["view", "data", "--port", "99999"], 2, "--port"),
    (["evaluate", "accuracy", "--source", "x", "--engine", "rapidocrr"], 2, "--engine"),
    *(([option], 0, f"pagefoundry {version('pagefoundry')}\n") for option in ("--version", "-V")),
]


def test_a_mistake_is_told_before_anything_heavy_is_imported(folder: Path) -> None:
    found = imported_by([arguments for arguments, _, _ in MISTAKES], folder)
    for (arguments, code, words), (ended, printed, modules) in zip(MISTAKES, found, strict=True):
        assert (ended, modules) == (code, set()), (arguments, printed)
        assert words in printed, arguments


def test_a_heavy_import_is_seen(tmp_path: Path) -> None:
    (tmp_path / "data/pages/_delta_log").mkdir(parents=True)
    ((_, printed, modules),) = imported_by([["verify", "data"]], tmp_path)
    assert {"deltalake", "pyarrow"} <= modules, printed
