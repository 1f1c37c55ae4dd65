"""Export in a child process that is killed when it is about to put a file in place."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import sys
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console

from pipelines.export import export
from tests.fork_server import CONTEXT
from workers.exporting.formats import Export

DEADLINE_S = 120


def export_until(wanted: Export, destination: Path, rename: int) -> int | None:
    """Export in a child that ends at its `rename`-th rename, or at its end; return its status."""
    # Lance hangs in a process that was forked.
    context = get_context("spawn") if wanted.form == "lance" else CONTEXT
    child: Any = context.Process(target=_run, args=(wanted, destination, rename))
    child.start()
    child.join(DEADLINE_S)
    if child.is_alive():
        child.kill()
        raise TimeoutError(f"the child still ran after {DEADLINE_S} s")
    return child.exitcode


def _run(wanted: Export, destination: Path, rename: int) -> None:
    seen = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event == "os.rename" and os.fsdecode(arguments[1]).startswith(str(destination)):
            seen += 1
            if seen == rename:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    export(wanted, str(destination), Console(file=io.StringIO()))


def hashes(folder: Path, without: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the SHA-256 of each file below a folder, leaving out some folders in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in without
    }
