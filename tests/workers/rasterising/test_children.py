"""Children: results come in order, and a crash or a hang costs one call and nothing else.

`PAGEFOUNDRY_SERIES` sets the number of random series of calls.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psutil
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.errors import EnvironmentFault
from tests.hostile.probes import (
    SECRET_EXIT,
    behave,
    echo,
    end_by,
    exit_now,
    fail_to_start,
    large_answer,
    lead_a_group,
    nothing,
    shared_end_by,
    spin,
    start_another,
)
from workers.rasterising.children import Child, ChildDiedError, Failed


@pytest.fixture
def child():
    made = Child(nothing)
    yield made
    made.close()


@contextmanager
def no_deadlock(seconds: int) -> Iterator[None]:
    """Fail instead of hanging where the block deadlocks; `seconds` is many times what it needs."""

    def give_up(*_: object) -> None:
        raise AssertionError("a call did not end")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def kinds(results) -> list[object]:
    return [r if isinstance(r, int) else type(r) for r in results]


def test_results_come_in_the_order_of_their_calls_from_one_process(child) -> None:
    assert list(child.run(echo, [(n,) for n in range(20)], 60)) == list(range(20))
    (first,) = child.run(os.getpid, [()], 60)
    (second,) = child.run(os.getpid, [()], 60)
    assert first == second != os.getpid()


def test_a_call_that_ends_its_process_costs_only_itself(child) -> None:
    results = list(child.run(end_by, [(0,), (11,), (0,), (9,), (0,)], 60))
    assert kinds(results) == [0, ChildDiedError, 0, ChildDiedError, 0]
    assert [r.how for r in results if isinstance(r, ChildDiedError)] == ["SIGSEGV", "SIGKILL"]
    (result,) = child.run(exit_now, [()], 60)
    assert result.how == f"exit code {SECRET_EXIT}"


def test_a_call_past_its_deadline_is_killed_and_the_next_one_runs(child) -> None:
    assert kinds(child.run(spin, [(0,), (3600,), (0,)], 3)) == [0, TimeoutError, 0]


def test_a_call_that_raises_or_returns_what_cannot_travel_has_failed(child) -> None:
    results = list(child.run(echo, [("a", "b"), (1,)], 60))
    assert isinstance(results[0], Failed)
    assert (results[0].kind, results[1]) == ("TypeError", 1)
    (result,) = child.run(echo, [((),)], 60)
    assert result == ()


def test_results_that_nobody_waited_for_are_not_those_of_later_calls(child) -> None:
    for result in child.run(echo, [(n,) for n in range(5)], 60):
        if result == 1:
            break
    assert list(child.run(echo, [(7,), (8,)], 60)) == [7, 8]


def test_a_child_that_died_between_two_calls_is_replaced(child) -> None:
    (pid,) = child.run(os.getpid, [()], 60)
    process = psutil.Process(pid)
    process.kill()
    while process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert list(child.run(echo, [(1,)], 60)) == [1]


def test_a_child_runs_one_series_at_a_time(child) -> None:
    series = child.run(echo, [(1,), (2,)], 60)
    assert next(series) == 1
    with pytest.raises(RuntimeError, match="one series"):
        next(child.run(echo, [(3,)], 60))
    assert next(series) == 2


# ---- messages larger than what lies between two processes ------------------------------------

MOST_BYTES = 4_000_000
DEADLINE_S = 2.0
SERIES = int(os.environ.get("PAGEFOUNDRY_SERIES", "5"))


class Call(NamedTuple):
    """What a child does with an argument and an answer of so many bytes."""

    behaviour: str
    argument_bytes: int
    answer_bytes: int

    def arguments(self, number: int) -> tuple[object, ...]:
        seconds = 3600 if self.behaviour == "sleep" else DEADLINE_S + 0.1
        behaviour = "sleep" if self.behaviour == "late" else self.behaviour
        return bytes([number]) * self.argument_bytes, behaviour, self.answer_bytes, seconds

    def is_result(self, number: int, result: object) -> bool:
        if self.behaviour == "answer":
            first = bytes([number]) if self.argument_bytes else SHARED[:1]
            return result == first * self.answer_bytes
        if self.behaviour == "fail":
            return isinstance(result, Failed) and result.kind == "ValueError"
        if self.behaviour == "die":
            return isinstance(result, ChildDiedError) and result.how == "SIGKILL"
        return isinstance(result, TimeoutError)


SHARED = b"x" * MOST_BYTES
# A pair of sockets holds some 200 KiB: sizes below it, about it and far above it.
sizes = st.sampled_from([0, 1, 100_000, 220_000, MOST_BYTES]) | st.integers(0, MOST_BYTES)
# Each that is late takes its deadline.
behaviours = st.sampled_from([*["answer"] * 8, "die", "fail", "sleep", "stop", "late"])


@pytest.mark.slow
@given(st.lists(st.builds(Call, behaviours, sizes, sizes), max_size=6), sizes)
@example([Call("answer", MOST_BYTES, MOST_BYTES)] * 4, MOST_BYTES)
@example([Call("stop", 1, 1), *[Call("answer", MOST_BYTES, 1)] * 2], 0)
@example([Call("die", 1, 1), *[Call("answer", MOST_BYTES, 1)] * 2], MOST_BYTES)
@settings(max_examples=SERIES)
def test_every_call_ends_by_its_deadline(calls: list[Call], shared_bytes: int) -> None:
    child = Child(nothing)
    arguments = [call.arguments(number) for number, call in enumerate(calls, start=1)]
    shared = SHARED[:shared_bytes] or SHARED[:1]
    try:
        with no_deadlock(300):
            results = list(child.run(behave, arguments, DEADLINE_S, (shared,)))
    finally:
        child.close()
    for number, (call, result) in enumerate(zip(calls, results, strict=True), start=1):
        assert call.is_result(number, result), (number, call, type(result))


def wait_until_idle(process: psutil.Process) -> None:
    """Wait until a process has slept at each of twenty looks in a row, and done nothing between."""
    looks = 0
    while looks < 20:
        spent = process.cpu_times()
        time.sleep(0.01)
        is_idle = process.status() == psutil.STATUS_SLEEPING and process.cpu_times() == spent
        looks = looks + 1 if is_idle else 0


def test_a_child_that_stops_half_way_through_its_answer_is_late(child) -> None:
    with no_deadlock(300):
        series = child.run(large_answer, [(0,), (MOST_BYTES,), (1,)], DEADLINE_S)
        pid, _ = next(series)
        process = psutil.Process(pid)
        wait_until_idle(process)  # nobody takes its answer meanwhile: it waits in the middle
        process.suspend()
        assert isinstance(next(series), TimeoutError)
        other, answer = next(series)
        assert (other != pid, answer) == (True, bytes(1))


def test_what_calls_share_is_sent_to_each_process_once(child) -> None:
    def run(series: list[tuple[object, ...]]) -> list[object]:
        return kinds(child.run(shared_end_by, series, 60, (bytes(MOST_BYTES),)))

    io = psutil.Process().io_counters
    start_bytes = io().write_chars
    assert run([(0,), (0,), (0,)]) == [0, 0, 0]
    assert run([(0,), (0,)]) == [0, 0]
    once_bytes = io().write_chars - start_bytes
    assert MOST_BYTES < once_bytes < 1.1 * MOST_BYTES
    assert run([(9,), (0,)]) == [ChildDiedError, 0]
    assert 2 * MOST_BYTES < io().write_chars - start_bytes < 2.1 * MOST_BYTES
    assert list(child.run(len, [()], 60, (b"another",))) == [7]


def test_a_child_that_cannot_start_is_no_fault_of_the_calls() -> None:
    with pytest.raises(EnvironmentFault, match="cannot start: not today"):
        list(Child(fail_to_start, "not today").run(echo, [(1,)], 60))
    with pytest.raises(EnvironmentFault, match=f"cannot start: exit code {SECRET_EXIT}"):
        list(Child(exit_now).run(echo, [(1,)], 60))


def wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + 60
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not psutil.pid_exists(pid)


def test_closing_ends_the_process() -> None:
    child = Child(nothing)
    (pid,) = child.run(os.getpid, [()], 60)
    child.close()
    wait_for_end(pid)


def end_alone(child: Child) -> None:
    (result,) = child.run(exit_now, [()], 60)
    assert isinstance(result, ChildDiedError)


@pytest.mark.parametrize("ends", [Child.close, end_alone])
def test_what_a_child_started_ends_with_it(ends) -> None:
    child = Child(lead_a_group, leads_group=True)
    (other,) = child.run(start_another, [()], 60)
    assert psutil.pid_exists(other)
    ends(child)
    wait_for_end(other)
    child.close()
