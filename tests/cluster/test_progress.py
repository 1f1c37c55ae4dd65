"""Progress: a bar on a terminal, sparse plain lines elsewhere."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import pytest
from rich.console import Console

from cluster.progress import RECORDS_VARIABLE, Drawing, Meter, Record, meter


def plain() -> Console:
    return Console(file=io.StringIO(), force_terminal=False, width=200)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_elsewhere_than_on_a_terminal_short_work_prints_nothing() -> None:
    console = plain()
    with meter(console, "read", "pages", total=1000) as counts:
        for _ in range(1000):
            counts.add(1)
    assert counts.done == 1000
    assert shown(console) == ""


def test_a_line_is_due_after_its_interval_and_then_not_at_once_again() -> None:
    console = plain()
    counts = Meter("read", "pages", 12, console, _shown_s=-math.inf)
    counts.add(5, note="· 2/2 replicas busy")
    counts.add(5)
    (line,) = shown(console).splitlines()
    assert line.startswith("read: 5/12 pages, ")
    assert line.endswith(" pages/s · 2/2 replicas busy")


def test_a_line_without_a_total_or_a_note() -> None:
    console = plain()
    Meter("inventory", "files", None, console, _shown_s=-math.inf).add(7)
    assert shown(console).startswith("inventory: 7 files, ")
    assert shown(console).endswith(" files/s\n")


def test_a_note_stays_until_the_next() -> None:
    counts = Meter("read", "pages", 12, plain())
    counts.add(1, note="first")
    counts.add(1)
    assert counts.note == "first"


def test_on_a_terminal_the_bar_counts_and_goes_when_the_phase_ends() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with meter(console, "read", "pages", total=8) as counts:
        counts.add(3, note="· 1 rejects")
        counts.add(5)
        assert counts.bar is not None
        (task,) = counts.bar.tasks
        assert (task.completed, task.total, task.finished) == (8, 8, True)
        assert task.fields["note"].endswith("· 1 rejects")
    assert counts.bar.live.is_started is False


# ---- drawn elsewhere ------------------------------------------------------------------------


RECORD = Record("read", "pages", 12, 5, 20.0, "· 2/2 replicas busy")


def test_records_come_in_place_of_bars_and_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RECORDS_VARIABLE, "records")
    console = Console(file=io.StringIO(), force_terminal=True, width=20)
    with meter(console, "read", "pages", total=12) as counts:
        counts.add(5, "· one: :smile: [red]two")
        counts.add(7)
    records = [Record.from_line(line) for line in shown(console).splitlines()]
    assert all(records)
    first, last = records[0], records[-1]
    assert first == Record("read", "pages", 12, 0, first.seconds)
    assert last == Record("read", "pages", 12, 12, last.seconds, "· one: :smile: [red]two", True)


@pytest.mark.parametrize(
    "line",
    ["", "read: 5/12 pages", "pagefoundry-progress ", "pagefoundry-progress [1]",
     'pagefoundry-progress {"phase": "read"}',
     RECORD.to_line().replace("5", '"many"'), "pagefoundry-progress {"],
)  # fmt: skip
def test_other_lines_are_no_records(line: str) -> None:
    assert Record.from_line(line) is None


def test_a_record_survives_its_line() -> None:
    assert Record.from_line(RECORD.to_line()) == RECORD


def test_elsewhere_than_on_a_terminal_records_are_lines_every_ten_of_their_seconds() -> None:
    console = plain()
    drawing = Drawing(console)
    for seconds in range(0, 26, 2):
        drawing.take(replace(RECORD, done=seconds, seconds=float(seconds)))
    drawing.take(replace(RECORD, phase="publish", unit="parts", seconds=0.0))
    drawing.close()
    assert shown(console).splitlines() == [
        "read: 10/12 pages, 1.0 pages/s · 2/2 replicas busy",
        "read: 20/12 pages, 1.0 pages/s · 2/2 replicas busy",
    ]


def test_on_a_terminal_records_are_a_bar_that_goes_with_its_phase() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    drawing = Drawing(console)
    drawing.take(RECORD)
    drawing.take(replace(RECORD, done=12, seconds=24.0, ended=True))
    assert "12/12" in shown(console)
    assert shown(console).endswith("\x1b[2K")  # the line was cleared
    drawing.close()


def test_a_terminal_may_have_lines_too() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    Drawing(console, live=False).take(RECORD)
    assert "read: 5/12 pages, 0.2 pages/s" in shown(console)
