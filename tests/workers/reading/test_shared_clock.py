"""The time of calls that run side by side adds up to the clock's."""

from __future__ import annotations

import time
from contextlib import ExitStack

from workers.reading.shared_clock import SharedClock


def test_calls_side_by_side_share_the_time(monkeypatch) -> None:
    now_s = 100.0
    monkeypatch.setattr(time, "perf_counter", lambda: now_s)
    clock = SharedClock()
    with ExitStack() as first_call:
        first = first_call.enter_context(clock.running())
        now_s += 4  # alone
        with clock.running() as second:
            now_s += 6  # two
            with clock.running() as third:
                now_s += 3  # three
            now_s += 2  # two
        now_s += 5  # alone again
    now_s += 1000  # none
    with clock.running() as last:
        now_s += 7
    shares = [first.seconds, second.seconds, third.seconds, last.seconds]
    assert shares == [4 + 3 + 1 + 1 + 5, 3 + 1 + 1, 1, 7]


def test_a_call_that_fails_gives_its_share_back(monkeypatch) -> None:
    now_s = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now_s)
    clock = SharedClock()
    try:
        with clock.running() as failed:
            now_s += 2
            raise ValueError("no page was read")
    except ValueError:
        assert failed.seconds == 2
    with clock.running() as next_one:
        now_s += 3
    assert next_one.seconds == 3
