"""The runtimes: chains over real Ray tasks and actors, and the same chains in process."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.pool import Policy, run_pool
from cluster.runtime import Step
from cluster.session import IN_PROCESS, ReplicaSpec, Session, open_session
from schemas.errors import ClusterError, ModelError, RequestError, StorageError
from tests.local_ray import start_local_ray


class Adder:
    """A replica that adds its offset."""

    def __init__(self, offset: int) -> None:
        self.offset = offset


def double(item: int) -> int:
    return 2 * item


def add(replica: Adder, item: int, doubled: int) -> int:
    return doubled + replica.offset


def together(item: int, doubled: int, added: int) -> tuple[int, int, int]:
    return item, doubled, added


def deny(item: int) -> int:
    raise StorageError("access denied")


def broken_replica() -> Adder:
    raise ModelError("no such checkpoint: nowhere/nothing")


@pytest.fixture(params=[IN_PROCESS, pytest.param(None, marks=pytest.mark.ray)])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    if request.param is None:
        start_local_ray()
    with open_session(request.param) as opened:
        yield opened


def run(session: Session, chain: list[Step], replicas: ReplicaSpec | None, items: range) -> list:
    policy = Policy(lambda item: [item], backoff_s=())
    with session.runtime(replicas) as runtime:
        return [done.value for done in run_pool(items, chain, runtime, policy)]


def test_each_step_gets_the_item_and_all_results_before_it(session: Session) -> None:
    chain = [Step(double), Step(add, on_replica=True), Step(together)]
    values = run(session, chain, ReplicaSpec(lambda: Adder(100), count=2), range(20))
    assert sorted(values) == [(item, 2 * item, 2 * item + 100) for item in range(20)]


class Meeting:
    """A replica whose calls go on only when as many as it was made for run at once."""

    def __init__(self, calls: int) -> None:
        self.barrier = threading.Barrier(calls, timeout=60)


def meet(replica: Meeting, item: int) -> int:
    replica.barrier.wait()
    return item


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_a_replica_works_at_as_many_calls_as_it_says() -> None:
    policy = Policy(lambda item: [item], backoff_s=(), in_flight_per_lane=4)
    spec = ReplicaSpec(lambda: Meeting(3), count=1, calls_at_once=3)
    step = Step(meet, on_replica=True)
    with open_session() as session, session.runtime(spec) as runtime:
        done = list(run_pool(range(9), [step], runtime, policy))
    assert sorted(result.value for result in done) == list(range(9))


def test_chains_without_replicas_run_too(session: Session) -> None:
    assert sorted(run(session, [Step(double)], None, range(9))) == list(range(0, 18, 2))


def test_errors_of_ours_arrive_as_they_were_raised(session: Session) -> None:
    with pytest.raises(StorageError, match="access denied"):
        run(session, [Step(deny)], None, range(3))


def test_a_replica_that_cannot_start_stops_the_run(session: Session) -> None:
    with pytest.raises(ModelError, match="no such checkpoint: nowhere/nothing"):
        run(session, [Step(add, on_replica=True)], ReplicaSpec(broken_replica, count=1), range(3))


def never_ready() -> Adder:
    threading.Event().wait()
    raise AssertionError


def hang_once(marker: Path) -> str:
    """Hang at the first call with a path, in whatever process."""
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return marker.name
    threading.Event().wait()
    raise AssertionError


def hang_once_in(replica: Adder, marker: Path) -> str:
    return hang_once(marker)


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
def test_replicas_that_never_start_stop_the_run() -> None:
    spec = ReplicaSpec(never_ready, count=1, start_timeout_s=1)
    with (
        open_session() as session,
        pytest.raises(ModelError, match="no replica was ready within 1"),
    ):
        run(session, [Step(add, on_replica=True)], spec, range(3))


@pytest.mark.ray
@pytest.mark.usefixtures("local_ray")
@pytest.mark.parametrize(
    ("step", "replicas"),
    [
        (Step(hang_once), None),
        (Step(hang_once_in, on_replica=True), ReplicaSpec(lambda: Adder(0), count=1)),
    ],
)
def test_a_chain_past_its_deadline_is_ended_and_tried_again(
    step: Step, replicas: ReplicaSpec | None, tmp_path: Path
) -> None:
    """Only the chain that hangs is short of time: a worker is warm when it starts."""
    policy = Policy(lambda item: [item], deadline_s=lambda item: 60 if item.exists() else 3)
    hangs, beside = tmp_path / "a", tmp_path / "b"
    beside.touch()
    with open_session() as session:
        assert run(session, [Step(double)], None, range(1)) == [0]
        with session.runtime(replicas) as runtime:
            done = list(run_pool([hangs, beside], [step], runtime, policy))
    assert hangs.exists()
    assert sorted(result.value for result in done) == ["a", "b"]


@pytest.mark.parametrize(
    ("address", "error"),
    [("127.0.0.1:1", ClusterError), ("head", RequestError), ("head:http", RequestError)],
)
def test_an_address_where_nobody_listens_may_pass_and_what_is_none_is_wrong(
    address: str, error: type[Exception]
) -> None:
    with open_session(address) as session, pytest.raises(error, match=re.escape(address)):
        run(session, [Step(double)], None, range(1))


@pytest.mark.usefixtures("local_ray")
def test_a_ray_that_runs_already_is_used_and_left_running(session: Session) -> None:
    import ray

    node = ray.get_runtime_context().get_node_id()
    assert run(session, [Step(double)], None, range(1)) == [0]
    with open_session() as inner:
        assert run(inner, [Step(double)], None, range(2, 3)) == [4]
    assert run(session, [Step(double)], None, range(3, 4)) == [6]
    assert ray.get_runtime_context().get_node_id() == node
