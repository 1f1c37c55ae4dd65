"""End a takedown at a chosen write or removal, from outside the code, as `tests.faults` does."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.session import IN_PROCESS, open_session
from pipelines.takedown import Options, Wanted, forget
from tests.faults.crash_points import CrashPoint, WriteWatch
from tests.fork_server import CONTEXT
from workers.dataset.forgotten import LIST_NAME

DEADLINE_S = 120


@dataclass
class TakedownWatch(WriteWatch):
    """Also names the writes of the list, as `list-<n>`, and removals, as `remove-<n>`."""

    def _audited(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("os.link", "os.rename"):
            if os.fsdecode(arguments[1]) == f"{self.dataset}/{LIST_NAME}":
                self._next(self._numbered("list"), "before")
            elif event == "os.rename":
                super()._audited(event, arguments)
        elif event == "os.remove":
            path = Path(os.fsdecode(arguments[0]))
            is_own = not path.name.startswith((".", "_")) and path.is_relative_to(self.dataset)
            if is_own:
                self._next(self._numbered("remove"), "before")

    def _numbered(self, kind: str) -> str:
        self.parts[kind] += 1
        return f"{kind}-{self.parts[kind]}"


def write_names(dataset: Path, wanted: Wanted, copies: Path) -> list[str]:
    """Take documents down and erase them in a child; return the names of its writes, in order.

    `copies` then has a folder for each write: what a process leaves that is killed before it.
    """
    receiving, sending = CONTEXT.Pipe(duplex=False)
    child = CONTEXT.Process(target=_forget_and_tell, args=(str(dataset), wanted, copies, sending))
    child.start()
    sending.close()
    names: list[str] = receiving.recv()
    child.join(DEADLINE_S)
    assert child.exitcode == 0
    return names


def forget_until(dataset: Path, wanted: Wanted, point: CrashPoint) -> int | None:
    """Take documents down in a child that ends at a crash point; return its exit status."""
    child = CONTEXT.Process(target=_forget_watched, args=(str(dataset), wanted, point))
    child.start()
    child.join(DEADLINE_S)
    return child.exitcode


def _forget_and_tell(dataset: str, wanted: Wanted, copies: Path, names: Any) -> None:
    names.send(_forget_watched(dataset, wanted, None, copies))


def _forget_watched(
    dataset: str, wanted: Wanted, point: CrashPoint | None, copies: Path | None = None
) -> list[str]:
    watch = TakedownWatch(dataset, point, copies)
    watch.start()
    options = Options(erases=True, today=lambda: "2026-11-30")
    try:
        with open_session(IN_PROCESS) as session:
            forget(dataset, wanted, options, session)
    finally:
        sys.setprofile(None)
    return watch.names
