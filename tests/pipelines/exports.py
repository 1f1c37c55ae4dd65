"""Export in a child process that is killed when it is about to put a file in place."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console

from pipelines.export import Exported, export
from tests.fork_server import CONTEXT
from workers.exporting.formats import Export

DEADLINE_S = 120


def export_until(wanted: Export, destination: Path, rename: int) -> int | None:
    """Export in a child that ends at its `rename`-th rename, or at its end; return its status."""
    child = CONTEXT.Process(target=run_until, args=(wanted, destination, rename))
    child.start()
    child.join(DEADLINE_S)
    if child.is_alive():
        child.kill()
        raise TimeoutError(f"the child still ran after {DEADLINE_S} s")
    return child.exitcode


def in_lances_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns in a new process, or its exit status where it was killed.

    Lance hangs in a process that was forked, and warns of each fork of a process that loaded it.
    """
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=_send, args=(sending, function, arguments))
    child.start()
    sending.close()
    try:
        return receiving.recv()
    except EOFError:
        child.join(DEADLINE_S)
        return child.exitcode


def _send(sending: Any, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    sending.send(function(*arguments))


def exported(wanted: Export, destination: str) -> Exported:
    """Export without a word."""
    return export(wanted, destination, Console(file=io.StringIO()))


def exported_and_read(
    exports: Sequence[tuple[Export, str]], folders: Sequence[str] = ()
) -> tuple[list[Exported], list[list[dict[str, Any]]]]:
    """Make exports in one process, and return them with the rows of Lance tables."""
    return [exported(*one) for one in exports], [read_lance(folder) for folder in folders]


def read_lance(folder: str) -> list[dict[str, Any]]:
    """Return the rows of a Lance table; the last one can be taken by its place."""
    import lance

    table = lance.dataset(folder)
    rows: list[dict[str, Any]] = table.to_table().to_pylist()
    assert table.count_rows() == len(rows)
    assert not rows or table.take([len(rows) - 1]).to_pylist() == rows[-1:]
    return rows


def run_until(wanted: Export, destination: Path, rename: int) -> None:
    """Export, and end by SIGKILL at the `rename`-th rename."""
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
