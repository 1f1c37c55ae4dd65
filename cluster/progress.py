"""Progress of long work: a live bar on a terminal, one plain line every ten seconds elsewhere.

When a phase ends, one line stays: what was done, in how many seconds. Lines that do not go to a
terminal carry the time at which they were written, so that a log can be read afterwards.

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
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn

LINE_EVERY_S = 10.0
# 43,000 records of 130 bytes, 6 MB, in the log of a run that takes a day.
RECORD_EVERY_S = 2.0
RECORDS_VARIABLE = "PAGEFOUNDRY_PROGRESS"
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
_PREFIX = "pagefoundry-progress "
_RATED_FROM_S = 0.1


@dataclass(frozen=True, slots=True)
class Record:
    """How far a phase is: `done` of `total` after `seconds`, `kept` of them from an earlier run.

    The last of a phase has `ended` and, where nothing broke it off, says in `outcome` what became
    of it. `time_s` is when it was written, in seconds since 1970.
    """

    phase: str
    unit: str
    total: int | None
    done: int
    seconds: float
    note: str = ""
    ended: bool = False
    kept: int = 0
    outcome: str | None = None
    time_s: float | None = None

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
    """Counts one phase's work and shows it.

    `kept` units were done by an earlier run: they count as done, and not in the rate. `note`
    carries what else is worth seeing; `outcome` is said when the phase ends.
    """

    name: str
    unit: str
    total: int | None
    console: Console
    bar: Progress | None = None
    task: TaskID | None = None
    kept: int = 0
    done: int = 0
    note: str = ""
    outcome: str = ""
    clock: Callable[[], float] = time.monotonic
    as_records: bool = False
    time_s: Callable[[], float] = time.time
    _started_s: float = field(default_factory=time.monotonic)
    _shown_s: float = field(default_factory=time.monotonic)

    @property
    def remaining(self) -> int | None:
        """Units that are still to be done; None where the total is not known."""
        return None if self.total is None else self.total - self.done

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
            self.bar.update(self.task, total=self.total, completed=self.done, note=self._text(now))
        elif now - self._shown_s >= (RECORD_EVERY_S if self.as_records else LINE_EVERY_S):
            self._shown_s = now
            self._print(now)

    def end(self, finished: bool = True) -> None:
        """Say what became of the phase; not `finished` is one that an error ended."""
        now = self.clock()
        outcome = self.outcome if finished else None
        if self.as_records:
            self._print(now, ended=True, outcome=outcome)
        else:
            self.log(_ending(self._record(now, True, outcome)))

    def log(self, line: str) -> None:
        """Print a line that stays, with the time where no terminal shows it."""
        print_line(self.console, line, self.time_s())

    def _text(self, now: float) -> str:
        rate = (self.done - self.kept) / max(now - self._started_s, 1e-9)
        words = [f"{rate:.1f} {self.unit}/s"]
        if self.total is not None and rate > 0 and self.done < self.total:
            # Of the whole phase: what ends in bursts has a rate of nothing, or of far too much,
            # over any short time.
            words.append(f"{_clock_time((self.total - self.done) / rate)} left")
        return " ".join([", ".join(words), *([self.note] if self.note else [])])

    def _record(self, now: float, ended: bool, outcome: str | None) -> Record:
        return Record(
            self.name,
            self.unit,
            self.total,
            self.done,
            round(now - self._started_s, 3),
            self.note,
            ended,
            self.kept,
            outcome,
            round(self.time_s(), 3),
        )

    def _print(self, now: float, ended: bool = False, outcome: str | None = None) -> None:
        if self.as_records:
            self.console.out(self._record(now, ended, outcome).to_line(), highlight=False)
            return
        of_total = f"/{self.total}" if self.total is not None else ""
        self.log(f"{self.name}: {self.done}{of_total} {self.unit}, {self._text(now)}")


def print_line(console: Console, line: str, time_s: float | None = None) -> None:
    """Print a line as it is; elsewhere than on a terminal, with the time, by default that of now.

    Above a live bar where there is one.
    """
    if not console.is_terminal:
        line = f"{time.strftime(TIME_FORMAT, time.localtime(time_s))} {line}"
    console.print(line, soft_wrap=True, markup=False, highlight=False)


def _ending(record: Record) -> str:
    """The line that stays of a phase."""
    done = record.done - record.kept
    took = f"{record.seconds:.1f} s"
    if record.outcome is None:
        of_total = f" of {record.total:,}" if record.total is not None else ""
        return f"{record.phase}: broken off after {record.done:,}{of_total} {record.unit}, {took}"
    parts = [f"{done:,} {record.unit} in {took}"]
    if done and record.seconds >= _RATED_FROM_S:
        parts.append(f"{done / record.seconds:,.1f} {record.unit}/s")
    parts += [f"{record.kept:,} kept from before"] if record.kept else []
    return f"{record.phase}: {', '.join(parts)}" + (f"; {record.outcome}" if record.outcome else "")


def _clock_time(seconds: float) -> str:
    """Hours, minutes and seconds, as `1:02:03`."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


@contextmanager
def meter(
    console: Console, name: str, unit: str, total: int | None = None, kept: int = 0
) -> Iterator[Meter]:
    """A meter for one phase; the bar goes when the phase ends, and one line stays.

    `kept` of the `total` were done by an earlier run.
    """
    if os.environ.get(RECORDS_VARIABLE) == "records":
        records = Meter(name, unit, total, console, kept=kept, done=kept, as_records=True)
        records._print(records.clock())
        with _ended(records):
            yield records
    elif not console.is_terminal:
        plain = Meter(name, unit, total, console, kept=kept, done=kept)
        with _ended(plain):
            yield plain
    else:
        with _bar(console, time.monotonic) as bar:
            task = bar.add_task(name, total=total, completed=kept, note="")
            live = Meter(name, unit, total, console, bar, task, kept=kept, done=kept)
            with _ended(live):
                yield live


@contextmanager
def _ended(phase: Meter) -> Iterator[None]:
    try:
        yield
    except BaseException:
        phase.end(finished=False)
        raise
    phase.end()


def _bar(console: Console, clock: Callable[[], float]) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", markup=False),
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
        self._time_s: float | None = None

    def take(self, record: Record) -> None:
        """Show a record."""
        if self._meter is None or self._meter.name != record.phase or record.seconds < self._now_s:
            self.close()
            self._open(record)
        assert self._meter is not None
        self._now_s, self._time_s = record.seconds, record.time_s
        self._meter.total, self._meter.done = record.total, record.done
        self._meter.show(record.note)
        if record.ended:
            self.close()
            print_line(self._console, _ending(record), record.time_s)

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
            task = self._bar.add_task(
                record.phase, total=record.total, completed=record.kept, note=""
            )
            self._bar.start()
        self._meter = Meter(
            record.phase,
            record.unit,
            record.total,
            self._console,
            self._bar,
            task,
            kept=record.kept,
            clock=self._clock,
            time_s=lambda: time.time() if self._time_s is None else self._time_s,
            _started_s=0.0,
            _shown_s=0.0,
        )

    def _clock(self) -> float:
        return self._now_s
