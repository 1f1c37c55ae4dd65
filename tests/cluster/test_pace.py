"""Turns are as far apart as the bound says, whoever asks for them."""

from __future__ import annotations

import pytest

from cluster.pace import Pace, TurnOnRay
from cluster.pool import Policy, run_pool
from cluster.runtime import Step
from cluster.session import IN_PROCESS, open_session

HOUR_S = 3600.0


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_turns_are_an_interval_apart() -> None:
    clock = Clock()
    pace = Pace(4, clock)
    assert [pace.wait_s() for _ in range(4)] == [0, 0.25, 0.5, 0.75]
    clock.now_s += 0.6
    assert pace.wait_s() == pytest.approx(0.4)


def test_turns_that_nobody_took_are_not_saved_up() -> None:
    clock = Clock()
    pace = Pace(4, clock)
    clock.now_s += HOUR_S
    assert [pace.wait_s() for _ in range(3)] == [0, 0.25, 0.5]


def test_a_session_has_one_pace_for_each_place() -> None:
    with open_session(IN_PROCESS) as session:
        first, again = session.pace("s3://a", 1000), session.pace("s3://a", 1000)
        assert first is again
        assert session.pace("s3://b", 1000) is not first
        first()


@pytest.mark.ray
def test_the_bound_holds_for_all_tasks_together(local_ray: None) -> None:
    with open_session() as session:
        turn = session.pace("s3://a", 1 / HOUR_S)
        assert session.pace("s3://a", 1 / HOUR_S) is turn
        assert isinstance(turn, TurnOnRay)
        policy: Policy[TurnOnRay] = Policy(lambda item: [item])
        with session.runtime() as runtime:
            done = list(run_pool([turn] * 6, [Step(TurnOnRay.wait_s)], runtime, policy))
    # Each task was given an hour of its own, whatever process it ran in.
    assert [round(end.value / HOUR_S) for end in sorted(done, key=lambda d: d.value)] == [*range(6)]
