"""Children: results in order, and a death or a hang costs one call and nothing else."""

from __future__ import annotations

import os
import time

import psutil
import pytest

from schemas.errors import EnvironmentFault
from tests.hostile.probes import SECRET_EXIT, echo, end_by, exit_now, fail_to_start, nothing, spin
from workers.children import Child, ChildDiedError, Failed


@pytest.fixture
def child():
    made = Child(nothing)
    yield made
    made.close()


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
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert list(child.run(echo, [(1,)], 60)) == [1]


def test_a_child_runs_one_series_at_a_time(child) -> None:
    series = child.run(echo, [(1,), (2,)], 60)
    assert next(series) == 1
    with pytest.raises(RuntimeError, match="one series"):
        next(child.run(echo, [(3,)], 60))
    assert next(series) == 2


def test_a_child_that_cannot_start_is_no_fault_of_the_calls() -> None:
    with pytest.raises(EnvironmentFault, match="cannot start: not today"):
        list(Child(fail_to_start, "not today").run(echo, [(1,)], 60))
    with pytest.raises(EnvironmentFault, match=f"cannot start: exit code {SECRET_EXIT}"):
        list(Child(exit_now).run(echo, [(1,)], 60))


def test_closing_ends_the_process() -> None:
    child = Child(nothing)
    (pid,) = child.run(os.getpid, [()], 60)
    child.close()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not psutil.pid_exists(pid)
