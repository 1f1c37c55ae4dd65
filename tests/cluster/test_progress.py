"""Progress: a bar on a terminal, sparse plain lines elsewhere."""

from __future__ import annotations

import io
import math

from rich.console import Console

from cluster.progress import Meter, meter


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
