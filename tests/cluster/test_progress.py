"""Progress: a bar on a terminal, sparse plain lines elsewhere."""

from __future__ import annotations

import io
import math
import re
import time
from dataclasses import replace

import pytest
from rich.console import Console

from cluster.progress import RECORDS_VARIABLE, Drawing, Meter, Record, meter


def plain() -> Console:
    return Console(file=io.StringIO(), force_terminal=False, width=200)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def timeless(lines: str) -> list[str]:
    """Return the lines without the time at their start."""
    split = [
        re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (.*)", line) for line in lines.splitlines()
    ]
    assert all(split), lines
    return [match[1] for match in split if match]


def test_elsewhere_than_on_a_terminal_short_work_is_one_line() -> None:
    console = plain()
    with meter(console, "read", "pages", total=1000) as counts:
        for _ in range(1000):
            counts.add(1)
        counts.outcome = "990 samples; rejects: 10 blank"
    assert counts.done == 1000
    (line,) = timeless(shown(console))
    assert re.fullmatch(
        r"read: 1,000 pages in [\d.]+ s(, [\d,.]+ pages/s)?; 990 samples; rejects: 10 blank", line
    )


def test_a_phase_that_an_error_ends_does_not_say_that_it_is_done() -> None:
    console = plain()

    def fail() -> None:
        with meter(console, "read", "pages", 9) as counts:
            counts.add(4)
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        fail()
    (line,) = timeless(shown(console))
    assert re.fullmatch(r"read: stopped after 4 of 9 pages, [\d.]+ s", line)


def test_what_an_earlier_run_did_is_done_and_not_in_the_rate() -> None:
    console = plain()
    clock = iter([20.0, 30.0])
    counts = Meter("read", "pages", 100, console, kept=60, done=60, clock=lambda: next(clock),
                   _started_s=0.0, _shown_s=0.0)  # fmt: skip
    assert counts.remaining == 40
    counts.add(10)
    counts.end()
    assert timeless(shown(console)) == [
        "read: 70/100 pages, 0.5 pages/s, 0:01:00 left",
        "read: 10 pages in 30.0 s, 0.3 pages/s, 60 kept from an earlier run",
    ]


def test_the_time_left_follows_from_the_rate_beside_it_also_where_work_ends_in_bursts() -> None:
    console = plain()
    seconds = [0.0]
    counts = Meter("read", "pages", 1000, console, clock=lambda: seconds[0],
                   _started_s=0.0, _shown_s=0.0)  # fmt: skip
    for burst in range(1, 5):
        seconds[0] = 60.0 * burst
        for _ in range(64):  # all pages of a shard are done at once, once a minute
            counts.add(1)
    assert timeless(shown(console))[-1] == "read: 193/1000 pages, 0.8 pages/s, 0:16:44 left"


def test_a_line_is_due_after_its_interval_and_then_not_at_once_again() -> None:
    console = plain()
    counts = Meter(
        "read", "pages", 12, console, clock=lambda: 10.0, _started_s=0.0, _shown_s=-math.inf
    )
    counts.add(5, note="· 2/2 replicas busy")
    counts.add(5)
    (line,) = timeless(shown(console))
    assert line.startswith("read: 5/12 pages, ")
    assert line.endswith(" pages/s, 0:00:14 left · 2/2 replicas busy")


def test_a_line_without_a_total_or_a_note() -> None:
    console = plain()
    Meter("inventory", "files", None, console, _shown_s=-math.inf).add(7)
    (line,) = timeless(shown(console))
    assert re.fullmatch(r"inventory: 7 files, [\d.]+ files/s", line)


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
    assert first == Record("read", "pages", 12, 0, first.seconds, time_s=first.time_s)
    assert last == Record(
        "read", "pages", 12, 12, last.seconds, "· one: :smile: [red]two", True, 0, "", last.time_s
    )


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
        drawing.take(replace(RECORD, total=30, done=seconds, seconds=float(seconds)))
    drawing.take(replace(RECORD, phase="publish", unit="parts", seconds=0.0))
    drawing.close()
    assert timeless(shown(console)) == [
        "read: 10/30 pages, 1.0 pages/s, 0:00:20 left · 2/2 replicas busy",
        "read: 20/30 pages, 1.0 pages/s, 0:00:10 left · 2/2 replicas busy",
    ]


def test_lines_of_records_have_the_time_at_which_they_were_written() -> None:
    console = plain()
    Drawing(console).take(replace(RECORD, ended=True, outcome="all well", time_s=1.5e9))
    written = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(1.5e9))
    assert shown(console).splitlines() == [
        f"{written} read: 5/12 pages, 0.2 pages/s, 0:00:28 left · 2/2 replicas busy",
        f"{written} read: 5 pages in 20.0 s, 0.2 pages/s; all well",
    ]


def test_on_a_terminal_records_are_a_bar_that_goes_with_its_phase() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    drawing = Drawing(console)
    drawing.take(RECORD)
    drawing.take(replace(RECORD, done=12, seconds=24.0, ended=True))
    assert "12/12" in shown(console)
    *_, last = shown(console).rpartition("\x1b[2K")  # the bar was cleared
    assert last == "read: stopped after 12 of 12 pages, 24.0 s\n"
    drawing.close()


def test_a_terminal_may_have_lines_too() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    Drawing(console, live=False).take(RECORD)
    assert "read: 5/12 pages, 0.2 pages/s" in shown(console)
