"""Replicas follow the nodes: they go with a lost node, are not awaited in vain, end when idle."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

import pytest

from cluster.pool import Policy, run_pool
from cluster.runtime import Outcome, Runtime, Step
from cluster.session import ReplicaSpec
from tests.local_ray import CPU_NODE, GPU_NODE, Fleet

pytestmark = pytest.mark.ray

PATIENCE_S = 120
TWO_GPUS = {"num_gpus": 2}
CPU_SHARE = 0.5  # two of them run on the only CPU at once


class Reader:
    """A replica."""


def spec(count: int, make: Callable[[], Any] = Reader) -> ReplicaSpec:
    return ReplicaSpec(make, count, num_gpus=1)


def wait_for(gate: Path) -> Path:
    """A step that ends when the file `gate` exists."""
    while not gate.exists():
        time.sleep(0.02)
    return gate


def read(replica: Reader, gate: Path, *results: Any) -> Path:
    return wait_for(gate)


def turn_until(runtime: Runtime, holds: Callable[[], bool]) -> None:
    """Ask for lanes, as the pool does, until a condition holds."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline_s, "it never came to hold"
        runtime.lanes()
        time.sleep(0.05)


def turn_until_ended(runtime: Runtime, tickets: Sequence[Hashable]) -> list[Outcome]:
    """Loop as the pool does until these chains have ended; return their outcomes."""
    outcomes: dict[Hashable, Outcome] = {}
    deadline_s = time.monotonic() + PATIENCE_S
    while not outcomes.keys() >= set(tickets):
        assert time.monotonic() < deadline_s, "a chain never ended"
        runtime.lanes()
        outcomes.update(runtime.wait(0.1))
    return [outcomes[ticket] for ticket in tickets]


@pytest.mark.slow
def test_a_lost_node_takes_its_lanes_along_and_nothing_waits_for_its_return(
    fleet: Fleet, tmp_path: Path
) -> None:
    """Of its two replicas one is reading and one is idle, so that no call fails of that one."""
    import ray

    gate, open_gate = tmp_path / "gate", tmp_path / "open"
    open_gate.touch()
    _, _, doomed = fleet.have(CPU_NODE, GPU_NODE, TWO_GPUS)
    with fleet.joined() as session, session.runtime(spec(3)) as runtime:
        turn_until(runtime, lambda: len(runtime.lanes()) == 3)
        nodes = {lane: ray.get(lane.device.remote()).node for lane in runtime.lanes()}  # type: ignore[attr-defined]
        reading, idle = (lane for lane, node in nodes.items() if node == doomed.node_id)
        (other,) = nodes.keys() - {reading, idle}
        chain = [Step(wait_for, num_cpus=CPU_SHARE), Step(read, on_replica=True)]
        in_flight = [
            runtime.start([Step(read, on_replica=True)], gate, reading),
            runtime.start(chain, gate, reading),  # this chain has not reached its replica yet
        ]

        fleet.kill(doomed)
        ended = turn_until_ended(runtime, in_flight)
        assert all(outcome.error is not None for outcome in ended)
        assert [outcome.began for outcome in ended] == [True, False]
        turn_until(runtime, lambda: tuple(runtime.lanes()) == (other,))
        assert runtime.pending_lanes() == 2  # new replicas were requested, but there is no room

        runtime.keep(1)
        assert (runtime.pending_lanes(), tuple(runtime.lanes())) == (0, (other,))
        goes_on = runtime.start(chain, open_gate, other)
        (outcome,) = turn_until_ended(runtime, [goes_on])
        assert outcome.value == open_gate
        gate.touch()  # ends the step that waits on a CPU node


def test_gpus_that_are_not_there_are_not_waited_for_at_the_tail(
    fleet: Fleet, tmp_path: Path
) -> None:
    fleet.have(CPU_NODE, GPU_NODE)
    gate = tmp_path / "gate"
    gate.touch()
    pending: list[int] = []
    with fleet.joined() as session, session.runtime(spec(3)) as runtime:
        policy: Policy[Path] = Policy(lambda item: [item])
        chain = [Step(read, on_replica=True)]
        states = run_pool(
            [gate] * 5, chain, runtime, policy, lambda state: pending.append(state.pending_lanes)
        )
        assert [done.value for done in states] == [gate] * 5
        assert runtime.pending_lanes() == 0
    assert pending[0] >= 2


def test_idle_replicas_end_where_they_are_not_needed_and_a_busy_one_stays(
    fleet: Fleet, tmp_path: Path
) -> None:
    """No manifest describes this Ray, so it places replicas without GPUs as it likes."""
    import ray

    fleet.have(CPU_NODE, GPU_NODE)
    gate = tmp_path / "gate"
    with fleet.joined() as session, session.runtime(ReplicaSpec(Reader, count=3)) as runtime:
        turn_until(runtime, lambda: len(runtime.lanes()) == 3)
        first, busy, last = runtime.lanes()
        ticket = runtime.start([Step(read, on_replica=True)], gate, busy)
        runtime.keep(2)
        assert (len(runtime.lanes()), busy in runtime.lanes()) == (2, True)
        runtime.keep(0)
        assert tuple(runtime.lanes()) == (busy,)
        for ended in (first, last):
            with pytest.raises(ray.exceptions.RayActorError):
                ray.get(ended.run.remote(read, gate), timeout=20)
        gate.touch()
        (outcome,) = turn_until_ended(runtime, [ticket])
        assert outcome.value == gate
