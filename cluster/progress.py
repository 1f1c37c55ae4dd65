"""Progress of long work: a live bar on a terminal, one plain line every ten seconds elsewhere.

When a phase ends, one line stays: what was done, in how many seconds. Lines that do not go to a
terminal begin with the time, so that a log can be read later.

A job on a cluster prints records instead, which the submitter's machine draws: if the environment
variable `RECORDS_VARIABLE` is `records`, every meter writes `Record`s, one a line. `Drawing` draws
the bar, or the lines, from the records of another process.
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
_MIN_RATED_S = 0.1


@dataclass(frozen=True, slots=True)
class Record:
    """How far a phase is: `done` of `total` after `seconds`; `kept` of them from an earlier run.

    The last record of a phase has `ended`; its `outcome` says what the phase achieved, and is None
    if an error ended it. `time_s` is when the record was written, in seconds since 1970.
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
        """The record as a line."""
        return _PREFIX + _RECORD.dump_json(self).decode()

    @classmethod
    def from_line(cls, line: str) -> Record | None:
        """The record in a line; None if the line has none, or one of another version."""
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

    An earlier run has done `kept` units: they count as done, but not in the rate. `note` is shown
    beside the rate; `outcome` is printed when the phase ends.
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
        """The units still to be done; None if the total is unknown."""
        return None if self.total is None else self.total - self.done

    def add(self, count: int, note: str | None = None) -> None:
        """Count `count` more units as done."""
        self.done += count
        self.show(note)

    def show(self, note: str | None = None) -> None:
        """Refresh what is shown; call this also while no unit ends."""
        if note is not None:
            self.note = note
        now = self.clock()
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, total=self.total, completed=self.done, note=self._text(now))
        elif now - self._shown_s >= (RECORD_EVERY_S if self.as_records else LINE_EVERY_S):
            self._shown_s = now
            self._print(now)

    def end(self, finished: bool = True) -> None:
        """Print how the phase ended; not `finished` if an error ended it."""
        now = self.clock()
        outcome = self.outcome if finished else None
        if self.as_records:
            self._print(now, ended=True, outcome=outcome)
        else:
            self.log(_ending(self._record(now, True, outcome)))

    def log(self, line: str) -> None:
        """Print a line that stays; it begins with the time if it does not go to a terminal."""
        print_line(self.console, line, self.time_s())

    def _text(self, now: float) -> str:
        rate = (self.done - self.kept) / max(now - self._started_s, 1e-9)
        words = [f"{rate:.1f} {self.unit}/s"]
        if self.total is not None and rate > 0 and self.done < self.total:
            # The rate is that of the whole phase: units that end in bursts have a rate of 0, or one
            # that is far too high, over any short time.
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
    """Print a line as it is, above a live bar if there is one.

    If the line does not go to a terminal, it begins with the time: `time_s`, or now.
    """
    if not console.is_terminal:
        line = f"{time.strftime(TIME_FORMAT, time.localtime(time_s))} {line}"
    console.print(line, soft_wrap=True, markup=False, highlight=False)


def _ending(record: Record) -> str:
    """The line that stays when a phase has ended."""
    done = record.done - record.kept
    took = f"{record.seconds:.1f} s"
    if record.outcome is None:
        of_total = f" of {record.total:,}" if record.total is not None else ""
        return f"{record.phase}: stopped after {record.done:,}{of_total} {record.unit}, {took}"
    parts = [f"{done:,} {record.unit} in {took}"]
    if done and record.seconds >= _MIN_RATED_S:
        parts.append(f"{done / record.seconds:,.1f} {record.unit}/s")
    parts += [f"{record.kept:,} kept from an earlier run"] if record.kept else []
    return f"{record.phase}: {', '.join(parts)}" + (f"; {record.outcome}" if record.outcome else "")


def _clock_time(seconds: float) -> str:
    """Hours, minutes and seconds, as `1:02:03`."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


@contextmanager
def meter(
    console: Console, name: str, unit: str, total: int | None = None, kept: int = 0
) -> Iterator[Meter]:
    """A meter for one phase; when it ends, the bar disappears and one line stays.

    An earlier run has done `kept` of the `total`.
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
    """Draws the records of another process, with the times that they carry.

    `live`: draw a bar if the console is a terminal; otherwise lines.
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
        """Remove the bar."""
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
