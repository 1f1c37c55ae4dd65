"""One site and one dataset for all tests of the documentation."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from docs.generate.__main__ import write_sources
from tests.docs.pages import DOCS, Block, blocks

BIN = Path(sys.executable).parent
RUN = "run"


@dataclass(frozen=True, slots=True)
class Ran:
    """A block that was run, and what it printed."""

    block: Block
    output: str


def run_block(block: Block, folder: Path) -> Ran:
    """Run a block of shell or Python in a folder, as its reader would; a failure fails the test."""
    command = {
        "sh": ["bash", "-euo", "pipefail", "-c", block.text],
        "python": [sys.executable, "-c", block.text],
    }[block.language]
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=480,
        check=False,
    )
    assert done.returncode == 0, f"{block.name}:\n{block.text}\n{done.stdout}"
    return Ran(block, done.stdout)


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the site is built from."""
    folder = tmp_path_factory.mktemp("docs")
    write_sources(folder)
    return folder


@dataclass(frozen=True, slots=True)
class Tutorial:
    """The tutorial, followed to its end: its folder, and what was run in it."""

    folder: Path
    ran: list[Ran]


@pytest.fixture(scope="session")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> Tutorial:
    """The folder of somebody who followed the tutorial; `demo/data` is its dataset, too."""
    folder = tmp_path_factory.mktemp("tutorial")
    ran = [run_block(b, folder) for b in blocks(DOCS / "tutorial.md") if b.mark == RUN]
    (folder / "demo").mkdir()
    (folder / "demo/data").symlink_to(folder / "data")
    return Tutorial(folder, ran)
