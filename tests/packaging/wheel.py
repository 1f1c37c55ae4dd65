"""`make test-wheel`: build the wheel, install it in an empty environment, test it there.

The wheel is built from a copy of the tree, so that nothing of an earlier build gets into it. The
environment holds only the wheel and the pinned packages. The tests run from outside it, against
its command, which `PAGEFOUNDRY_COMMAND` names.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "workers", "cluster", "pipelines")
TESTS = ("tests/packaging", "tests/pipelines/cli/test_jobs.py")


def main() -> None:
    """Exit with pytest's code, or with 1 if the wheel lacks a file."""
    with tempfile.TemporaryDirectory(prefix="pagefoundry-wheel-") as folder:
        wheel = build(Path(folder))
        if lacking := missing(wheel):
            sys.exit(f"{wheel.name} lacks {', '.join(lacking)}; see tool.setuptools in pyproject")
        command = install(wheel, Path(folder) / "environment")
        arguments = [sys.executable, "-m", "pytest", *TESTS, *sys.argv[1:]]
        environment = os.environ | {"PAGEFOUNDRY_COMMAND": str(command)}
        environment.pop("PYTHONPATH", None)  # the command must run the code of its environment
        sys.exit(subprocess.run(arguments, cwd=ROOT, env=environment, check=False).returncode)


def build(folder: Path) -> Path:
    """Build the wheel in `folder`, and return its path."""
    tree = folder / "tree"
    for name in PACKAGES:
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tree / name, ignore=unwanted)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    _pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(folder), str(tree))
    (wheel,) = folder.glob("pagefoundry-*.whl")
    return wheel


def missing(wheel: Path) -> list[str]:
    """The files of the packages, code and data, that the wheel lacks."""
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    files = [
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    ]
    return sorted(set(files) - packed)


def install(wheel: Path, environment: Path) -> Path:
    """Install the wheel in a new environment; return the path of its command."""
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = str(environment / "bin/python")
    # Not compiled: of the packages' 300 MB of Python most is never imported here.
    pinned = ("--constraint", str(ROOT / "constraints.txt"))
    _pip(python, "install", "--no-compile", *pinned, str(wheel))
    _pip(python, "check")
    return environment / "bin/pagefoundry"


def _pip(python: str, *arguments: str) -> None:
    subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments], check=True
    )


if __name__ == "__main__":
    main()
