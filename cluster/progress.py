"""Progress of long work: a live bar on a terminal, one plain line every ten seconds elsewhere.

A run whose progress is to be drawn elsewhere, as that of a job on a cluster, prints records in
their place: where `RECORDS_VARIABLE` is `records`, every meter writes `Record`s, one a line.
`Drawing` makes the bar, or the lines, of another process's records.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import TypeAdapter
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
# 43,000 records of 130 bytes, 6 MB, in the log of a run that takes a day.
RECORD_EVERY_S = 2.0
RECORDS_VARIABLE = "PAGEFOUNDRY_PROGRESS"
_PREFIX = "pagefoundry-progress "


@dataclass(frozen=True, slots=True)
class Record:
    """How far a phase is: `done` of `total` after `seconds`. The last of a phase has `ended`."""

    phase: str
    unit: str
    total: int | None
    done: int
    seconds: float
    note: str = ""
    ended: bool = False

    def to_line(self) -> str:
        """The line that carries it."""
        return _PREFIX + _RECORD.dump_json(self).decode()

    @classmethod
    def from_line(cls, line: str) -> Record | None:
        """The record in a line; None where the line carries none, or one of another version."""
        if not line.startswith(_PREFIX):
            return None
        try:
            return _RECORD.validate_json(line.removeprefix(_PREFIX))
        except ValueError:
            return None


_RECORD = TypeAdapter(Record)


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
    clock: Callable[[], float] = time.monotonic
    as_records: bool = False
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
        now = self.clock()
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, completed=self.done, note=self._text(now))
        elif now - self._shown_s >= (RECORD_EVERY_S if self.as_records else LINE_EVERY_S):
            self._shown_s = now
            self._print(now)

    def end(self) -> None:
        """Say that the phase has ended, where somebody else draws it."""
        if self.as_records:
            self._print(self.clock(), ended=True)

    def _text(self, now: float) -> str:
        rate = self.done / max(now - self._started_s, 1e-9)
        return f"{rate:.1f} {self.unit}/s {self.note}".rstrip()

    def _print(self, now: float, ended: bool = False) -> None:
        if self.as_records:
            seconds = round(now - self._started_s, 3)
            record = Record(self.name, self.unit, self.total, self.done, seconds, self.note, ended)
            self.console.out(record.to_line(), highlight=False)
            return
        of_total = f"/{self.total}" if self.total is not None else ""
        line = f"{self.name}: {self.done}{of_total} {self.unit}, {self._text(now)}"
        self.console.print(line, soft_wrap=True)


@contextmanager
def meter(console: Console, name: str, unit: str, total: int | None = None) -> Iterator[Meter]:
    """A meter for one phase; the bar goes when the phase ends."""
    if os.environ.get(RECORDS_VARIABLE) == "records":
        records = Meter(name, unit, total, console, as_records=True)
        records._print(records.clock())
        try:
            yield records
        finally:
            records.end()
    elif not console.is_terminal:
        yield Meter(name, unit, total, console)
    else:
        with _bar(console, time.monotonic) as bar:
            task = bar.add_task(name, total=total, note="")
            yield Meter(name, unit, total, console, bar, task)


def _bar(console: Console, clock: Callable[[], float]) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        transient=True,
        get_time=clock,
    )


class Drawing:
    """Draws the records of another process, by their own clock: phases as they come and go.

    `live` is whether on a terminal a bar is drawn, or lines there too.
    """

    def __init__(self, console: Console, live: bool = True) -> None:
        self._console = console
        self._live = live and console.is_terminal
        self._meter: Meter | None = None
        self._bar: Progress | None = None
        self._now_s = 0.0

    def take(self, record: Record) -> None:
        """Show a record."""
        if self._meter is None or self._meter.name != record.phase or record.seconds < self._now_s:
            self.close()
            self._open(record)
        assert self._meter is not None
        self._now_s = record.seconds
        self._meter.done = record.done
        self._meter.show(record.note)
        if record.ended:
            self.close()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
        self._meter = self._bar = None
        self._now_s = 0.0

    def _open(self, record: Record) -> None:
        task = None
        if self._live:
            self._bar = _bar(self._console, self._clock)
            task = self._bar.add_task(record.phase, total=record.total, note="")
            self._bar.start()
        self._meter = Meter(
            record.phase,
            record.unit,
            record.total,
            self._console,
            self._bar,
            task,
            clock=self._clock,
            _started_s=0.0,
            _shown_s=0.0,
        )

    def _clock(self) -> float:
        return self._now_s
