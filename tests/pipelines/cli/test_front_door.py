"""What is mistyped is told at once: nothing heavy is imported before the mistake is found."""

from __future__ import annotations

import subprocess
import sys
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


def imported_by(arguments: list[str], folder: Path) -> tuple[int, str, set[str]]:
    """The exit code of a command, its output, and which heavy modules it has imported."""
    script = (
        "import sys\n"
        "sys.argv = ['pagefoundry', *sys.argv[1:]]\n"
        "from pipelines.cli import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        f"    print('imported:', *sorted({HEAVY | PYARROW!r} & sys.modules.keys()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True, text=True, check=False, timeout=120, cwd=folder,
    )  # fmt: skip
    out, _, modules = done.stdout.rpartition("imported:")
    return done.returncode, out + done.stderr, set(modules.split())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
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
    ],
)
def test_a_mistake_is_told_before_anything_heavy_is_imported(
    arguments: list[str], code: int, words: str, folder: Path
) -> None:
    ended, printed, modules = imported_by(arguments, folder)
    assert (ended, modules) == (code, set()), printed
    assert words in printed


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_that_of_the_package(option: str, folder: Path) -> None:
    ended, printed, modules = imported_by([option], folder)
    assert (ended, printed.strip()) == (0, f"pagefoundry {version('pagefoundry')}")
    assert modules == set()


def test_a_heavy_import_is_seen(tmp_path: Path) -> None:
    (tmp_path / "data/pages/_delta_log").mkdir(parents=True)
    _, printed, modules = imported_by(["verify", "data"], tmp_path)
    assert {"deltalake", "pyarrow"} <= modules, printed
