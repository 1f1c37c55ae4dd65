"""Progress of long work: a live bar on a terminal, one plain line every ten seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

LINE_EVERY_S = 10.0


@dataclass(slots=True)
class Meter:
    """Counts one phase's work and shows it. `note` carries what else is worth seeing."""

    name: str
    unit: str
    total: int | None
    console: Console
    bar: Progress | None = None
    task: TaskID | None = None
    done: int = 0
    note: str = ""
    _started_s: float = field(default_factory=time.monotonic)
    _shown_s: float = field(default_factory=time.monotonic)

    def add(self, count: int, note: str | None = None) -> None:
        """Count `count` more units as done."""
        self.done += count
        self.show(note)

    def show(self, note: str | None = None) -> None:
        """Refresh what is shown; call it also while nothing ends."""
        if note is not None:
            self.note = note
        now = time.monotonic()
        rate = self.done / max(now - self._started_s, 1e-9)
        text = f"{rate:.1f} {self.unit}/s {self.note}".rstrip()
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, completed=self.done, note=text)
        elif now - self._shown_s >= LINE_EVERY_S:
            self._shown_s = now
            of_total = f"/{self.total}" if self.total is not None else ""
            self.console.print(
                f"{self.name}: {self.done}{of_total} {self.unit}, {text}", soft_wrap=True
            )


@contextmanager
def meter(console: Console, name: str, unit: str, total: int | None = None) -> Iterator[Meter]:
    """A meter for one phase; the bar goes when the phase ends."""
    if not console.is_terminal:
        yield Meter(name, unit, total, console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name, total=total, note="")
        yield Meter(name, unit, total, console, bar, task)
