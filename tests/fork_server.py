"""Processes that are forked from one which has its imports behind it.

Importing what a run needs takes 1.7 s of a core, and most of what tests have a process do takes
less. The server imports nothing that looks at its own terminal, arguments or environment: a child
gets those of its caller before it imports the command.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

TIMEOUT_S = 300
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "pytest",  # the main module of the caller, which children of such a process look for
        "typer",
        "rich.progress",
        "rich.table",
        "cluster.session",
        "cluster.manifests.render",
        "cluster.submit",
        "pipelines.run",
        "pipelines.dataset.diff",
        "pipelines.dataset.gallery",
        "pipelines.dataset.overview",
        "pipelines.dataset.vacuum",
        "pipelines.dataset.verify",
        "pipelines.evaluation.study",
        "pipelines.planning.check",
        "pipelines.planning.plan",
        "tests.faults.crash_points",
    ]
)


def call(
    *arguments: str,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the command `pagefoundry` to its end in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        child = CONTEXT.Process(
            target=_run_command,
            args=(arguments, out, err, cwd or Path.cwd(), os.environ | (environment or {})),
        )
        child.start()
        child.join(TIMEOUT_S)
        if child.exitcode is None:
            child.kill()
            child.join()
            raise TimeoutError(f"{arguments} still ran after {TIMEOUT_S} s: {err.read_text()}")
        return subprocess.CompletedProcess(
            arguments, child.exitcode, out.read_text(), err.read_text()
        )


def _run_command(
    arguments: Sequence[str], out: Path, err: Path, cwd: Path, environment: Mapping[str, str]
) -> None:
    for path, number in ((out, 1), (err, 2)):
        with path.open("wb") as file:
            os.dup2(file.fileno(), number)
    os.environ.clear()
    os.environ |= environment
    os.chdir(cwd)
    sys.argv = ["pagefoundry", *arguments]
    try:
        from pipelines.cli import main

        main()
    finally:
        atexit._run_exitfuncs()  # a forked process ends without them
