"""The command in processes forked from a server that has already imported the modules.

Importing what a run needs takes 1.7 s of a core, longer than most commands of the tests then run.
The server imports neither Ray nor the command line: both read the environment when they are
imported, and a child must read its caller's.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TIMEOUT_S = 300
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "pytest",  # the caller's main module, which the child processes look for
        "typer",
        "rich.progress",
        "rich.table",
        "cluster.manifests.render",
        "cluster.session",
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
        "pipelines.takedown",
        "tests.faults.crash_points",
        "tests.fork_preload",
    ]
)


class Command:
    """The command `pagefoundry`, running in its own process; the methods are those of Popen.

    Args:
        environment: variables beside those of this process; None leaves one out.
        gate: a barrier of `CONTEXT`; the process waits there after all its imports.
        folder: where its outputs go, as `out` and `err`; `communicate` deletes it.
    """

    def __init__(
        self,
        *arguments: str,
        cwd: Path | None = None,
        environment: Mapping[str, str | None] | None = None,
        gate: Any = None,
        folder: Path | None = None,
    ) -> None:
        self.arguments = arguments
        self._folder = folder or Path(tempfile.mkdtemp())
        outputs = [self._folder / name for name in ("out", "err")]
        wanted = {**os.environ, **(environment or {})}
        variables = {name: value for name, value in wanted.items() if value is not None}
        parameters = (arguments, outputs, cwd or Path.cwd(), variables, gate)
        self._process = CONTEXT.Process(target=_run, args=parameters)
        self._process.start()
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        assert self.pid is not None
        os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()

    def wait(self, timeout: float = TIMEOUT_S) -> int:
        """Wait for the process to end; return its exit code."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.arguments, timeout)
        return int(self._process.exitcode)

    def communicate(self, timeout: float = TIMEOUT_S) -> tuple[str, str]:
        """Wait for the process to end; return its stdout and stderr."""
        self.wait(timeout)
        out, err = [(self._folder / name).read_text() for name in ("out", "err")]
        shutil.rmtree(self._folder)
        return out, err


def call(
    *arguments: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = Command(*arguments, cwd=cwd, environment=environment)
    try:
        out, err = command.communicate()
    finally:
        command.kill()
    return subprocess.CompletedProcess(arguments, command.returncode or 0, out, err)


def _run(
    arguments: Sequence[str],
    outputs: Sequence[Path],
    cwd: Path,
    variables: Mapping[str, str],
    gate: Any,
) -> None:
    for path, number in zip(outputs, (1, 2), strict=True):
        with path.open("wb") as file:
            os.dup2(file.fileno(), number)
    os.environ.clear()
    os.environ |= variables
    os.chdir(cwd)
    sys.argv = ["pagefoundry", *arguments]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        from pipelines.cli.app import main

        if gate is not None:
            gate.wait(TIMEOUT_S)
        main()
    finally:
        atexit._run_exitfuncs()  # a forked process does not run them by itself
