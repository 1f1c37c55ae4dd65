"""End a process at a chosen write of a publish, from outside the code that writes.

The publish runs in a child process. None of our code is patched in it: Python's audit events
report the renames that put parts, the card and Croissant in place, and Python's profiler reports
the calls into deltalake, which writes its files itself. Each write has two crash points:

- `before`: SIGKILL when everything is ready (the bytes are in a temporary file) and the write is
  next. It is also the crash after the previous write, as publish makes one write at a time. A
  killed process leaves its files as they are, so one run shows all of these crashes: it copies the
  dataset before each write.
- `torn`: the kernel ends the process during the write, when the file grows past a few bytes
  (RLIMIT_FSIZE and SIGXFSZ). This works in Python and in deltalake.

Children come from a fork server that has already imported everything, because imports take longer
than publishing a few pages.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import resource
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from cluster.session import IN_PROCESS, open_session
from pipelines.run import run
from schemas.recipe import Recipe
from schemas.tables import TABLES
from tests.fork_server import CONTEXT
from workers.dataset.card import write_card
from workers.dataset.croissant import CROISSANT, write_croissant

DEADLINE_S = 120
TORN_BYTES = 20
"""Less than any part, log entry, card or Croissant has."""

_BESIDE = {"card": write_card, "croissant": write_croissant}
"""What writes the texts beside the tables, by the names of these writes."""

KILLED = {"before": -signal.SIGKILL, "torn": -signal.SIGXFSZ}
"""How a process ends by each phase."""

_DRAWN = re.compile(r"(?<=/publish-)[0-9a-f]{16}(?=/)|(?<=\.)\w{8}(?=\.tmp$)")
"""What is drawn at random in the names of a publish's scratch folder and of temporary files."""

_CALLS = {"create_write_transaction": "commit", "create_table_with_add_actions": "table"}


@dataclass(frozen=True)
class CrashPoint:
    """The name of a write and the phase in which the process ends."""

    write: str
    phase: str

    def __str__(self) -> str:
        return f"{self.phase}-{self.write}"


@dataclass
class WriteWatch:
    """Names the writes that this process makes to a dataset, and ends it at one of them.

    Names are `<table>-part-<n>`, `<table>-table`, `<table>-commit`, `card` and `croissant`, in the
    order in which they are made. Writes to staging and to the lease are not counted as publish's.
    Before each write the dataset is copied to a folder of that name in `copies`.
    """

    dataset: str
    point: CrashPoint | None = None
    copies: Path | None = None
    names: list[str] = field(default_factory=list)
    parts: Counter[str] = field(default_factory=Counter)

    def start(self) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        sys.addaudithook(self._audited)

    def _audited(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.rename":
            name = self._name_of(os.fsdecode(arguments[1]))
            if name is not None:
                # Calls are watched from the first part on, as that doubles what they cost.
                sys.setprofile(self._profiled)
                self._next(name, "before")
        elif event == "open" and isinstance(arguments[0], str):
            path, _, flags = arguments
            if flags & (os.O_WRONLY | os.O_RDWR) and self._is_torn_beside(os.path.dirname(path)):
                self._limit()

    def _is_torn_beside(self, folder: str) -> bool:
        """Whether the next write is the one to tear, and goes to this folder."""
        if self.point is None or self.point.phase != "torn":
            return False
        if write := _BESIDE.get(self.point.write):  # the lease is in the same folder, too
            return folder == self.dataset and _is_running(write)
        return self._name_of(f"{folder}/part-", count=False) == self.point.write

    def _profiled(self, frame: FrameType, event: str, called: Any) -> None:
        if event != "c_call" or getattr(called, "__name__", "") not in _CALLS:
            return
        kind = _CALLS[called.__name__]
        bound = getattr(called, "__self__", None)
        uri = bound.table_uri() if kind == "commit" else frame.f_locals["table_uri"]
        name = f"{uri.rstrip('/').rsplit('/', 1)[-1]}-{kind}"
        self._next(name, "before")
        if self.point == CrashPoint(name, "torn"):
            self._limit()

    def _name_of(self, path: str, count: bool = True) -> str | None:
        relative = path.removeprefix(f"{self.dataset}/")
        if relative in ("README.md", CROISSANT):
            return "card" if relative == "README.md" else "croissant"
        table, _, name = relative.partition("/data/")
        if table not in TABLES or not name.startswith("part-"):
            return None
        number = self.parts[table] + 1
        if count:
            self.parts[table] = number
        return f"{table}-part-{number}"

    def _next(self, name: str, phase: str) -> None:
        self.names.append(name)
        if self.copies is not None:
            shutil.copytree(self.dataset, self.copies / name, copy_function=_copy_if_there)
        if self.point == CrashPoint(name, phase):
            os.kill(os.getpid(), signal.SIGKILL)

    def _limit(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (TORN_BYTES, TORN_BYTES))


def _copy_if_there(source: str, copy: str) -> None:
    """Copy a file, unless it is gone: a thread renews the lease meanwhile, which is renamed."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, copy)


def _is_running(function: Callable[..., Any]) -> bool:
    """Whether a function of ours is on the stack."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code is not function.__code__:
        frame = frame.f_back
    return frame is not None


def write_names(recipe: Recipe, copies: Path | None = None) -> list[str]:
    """Run a recipe in a child; return the names of the writes of its publish, in order.

    `copies` then has a folder for each write: what a process leaves that is killed before it.
    """
    receiving, sending = CONTEXT.Pipe(duplex=False)
    child = CONTEXT.Process(target=_run_and_tell, args=(recipe, copies, sending))
    child.start()
    sending.close()
    names: list[str] = receiving.recv()
    _join(child)
    assert child.exitcode == 0
    return names


def run_until(recipe: Recipe, point: CrashPoint) -> int | None:
    """Run a recipe in a child that ends at a crash point; return its exit status.

    The status is 0 if the child never reached the point.
    """
    child = CONTEXT.Process(target=_run_watched, args=(recipe, point))
    child.start()
    _join(child)
    return child.exitcode


def names_left(dataset: Path) -> list[str]:
    """The files of a dataset, staging included, without what is drawn in their names."""
    paths = (path.relative_to(dataset) for path in dataset.rglob("*") if path.is_file())
    return sorted(_DRAWN.sub("", f"/{path}") for path in paths)


def _join(child: Any) -> None:
    child.join(DEADLINE_S)
    if child.is_alive():
        child.kill()
        child.join()
        raise TimeoutError(f"the child still ran after {DEADLINE_S} s")


def _run_and_tell(recipe: Recipe, copies: Path | None, names: Any) -> None:
    names.send(_run_watched(recipe, None, copies))


def _run_watched(recipe: Recipe, point: CrashPoint | None, copies: Path | None = None) -> list[str]:
    watch = WriteWatch(recipe.dataset, point, copies)
    watch.start()
    try:
        with open_session(IN_PROCESS) as session:
            run(recipe, session, Console(file=io.StringIO()))
    finally:
        sys.setprofile(None)
    return watch.names
