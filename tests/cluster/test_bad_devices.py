"""Devices on which no replica starts, on a local Ray: the pass goes on and names them."""

from __future__ import annotations

import functools
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from cluster.pool import Policy, PoolState, run_pool
from cluster.runtime import Step
from cluster.session import ReplicaSpec, Session
from schemas.errors import ModelError, PageFoundryError, RecipeError
from tests.local_ray import Fleet

pytestmark = pytest.mark.ray

CAUSE = "no memory is left on the device"
CRASHED = "its process was killed or crashed"
GPUS_OF_NODES = (2, 1)
REPLICAS = sum(GPUS_OF_NODES)
PATIENCE_S = 120
Kind = Literal["node", "replica"]


@pytest.fixture(scope="module")
def session(fleet: Fleet) -> Iterator[Session]:
    fleet.have(*({"num_gpus": gpus} for gpus in GPUS_OF_NODES))
    with fleet.joined() as joined:
        yield joined


@dataclass(frozen=True)
class Scene:
    """The first `bad` devices (or nodes) that start a replica are bad: every start there fails."""

    folder: Path
    bad: int
    fail: Callable[[], None]
    before_others: bool = True

    def make(self, scope: Kind = "replica") -> str:
        """Make a replica; fail if its device (or its node, by `scope`) is bad."""
        import ray

        device = ray.get_runtime_context().get_node_id()
        if scope == "replica":
            device += f"-{ray.get_gpu_ids()}"
        _mark(self.folder / "starts" / f"{device}-{time.time_ns()}")
        if self._is_bad(device):
            wait_for(lambda: self.before_others or (self.folder / "began").exists())
            _mark(self.folder / "failed" / device)
            self.fail()
        wait_for(lambda: not self.before_others or len(_names(self.folder / "failed")) >= self.bad)
        _mark(self.folder / "began")
        return device

    def _is_bad(self, device: str) -> bool:
        for number in range(self.bad):
            claim = self.folder / f"claim-{number}"
            try:
                with claim.open("x") as handle:
                    handle.write(device)
            except FileExistsError:
                wait_for(lambda claim=claim: claim.read_text() != "")  # type: ignore[misc]
            if claim.read_text() == device:
                return True
        return False

    @property
    def starts(self) -> int:
        return len(_names(self.folder / "starts"))


def _mark(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.touch()


def _names(folder: Path) -> list[str]:
    return os.listdir(folder) if folder.exists() else []


def wait_for(moment: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not moment():
        assert time.monotonic() < deadline_s, "the moment never came"
        time.sleep(0.02)


def lack_memory() -> None:
    raise ModelError(CAUSE)


def ask_for_what_is_not_there() -> None:
    raise RecipeError("engine.mode: no such mode")


def stumble() -> None:
    raise KeyError("a bug")


def crash() -> None:
    os._exit(75)


def echo(replica: str, item: int) -> int:
    """Take as long as a page: a pass that waits for replicas reads on, and needs the core less."""
    time.sleep(0.05)
    return item


def run(
    session: Session,
    make: Callable[[], object],
    count: int = REPLICAS,
    fewest: int = 1,
    retries: int = 1,
) -> tuple[list[int], list[PoolState]]:
    """Run a pass until every replica works or is given up; return its values and pool states."""
    spec = ReplicaSpec(
        make,
        count,
        num_gpus=1,
        start_timeout_s=PATIENCE_S,
        fewest=fewest,
        backoff_s=(0.1,) * retries,
    )
    states: list[PoolState] = []
    policy: Policy[int] = Policy(lambda item: [item])

    def items() -> Iterator[int]:
        for item in range(REPLICAS):
            yield item
            while item == 0 and states[-1].pending_lanes:
                yield item  # keeps the pass running while replicas are pending

    with session.runtime(spec) as runtime:
        chain = [Step(echo, on_replica=True)]
        done = [result.value for result in run_pool(items(), chain, runtime, policy, states.append)]
    return done, states


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("bad", "before_others", "fail", "cause", "retries"),
    [
        (1, False, lack_memory, f"{CAUSE} (on ", 2),
        (REPLICAS - 1, True, crash, f"{CRASHED} (out of memory, or ", 1),
    ],
)
def test_bad_devices_cost_their_places_and_the_pass_ends_whole_with_a_line(
    session: Session,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    bad: int,
    before_others: bool,
    fail: Callable[[], None],
    cause: str,
    retries: int,
) -> None:
    scene = Scene(tmp_path, bad, fail, before_others)
    done, states = run(session, scene.make, retries=retries)
    assert set(done) == set(range(REPLICAS))
    assert max(state.failed_lanes for state in states) == bad
    assert max(state.lanes for state in states) == REPLICAS - bad
    # When a try is repeated, only bad devices are free.
    assert scene.starts == (REPLICAS - bad) + (1 + retries) * bad
    first, *_, last = warnings(caplog)
    assert first.startswith(f"the pass goes on without a replica: {cause}")
    assert last.startswith(f"the pass ran without {bad} of its {REPLICAS} replicas: {cause}")


def test_a_node_on_which_none_starts_is_left_for_another(
    session: Session, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene(tmp_path, 1, lack_memory)
    done, states = run(session, functools.partial(scene.make, "node"), count=1)
    assert set(done) == set(range(REPLICAS))
    assert (scene.starts, states[-1].failed_lanes) == (2, 0)
    assert warnings(caplog) == []


def test_fewer_than_the_recipe_asks_for_stop_the_pass(session: Session, tmp_path: Path) -> None:
    scene = Scene(tmp_path, 1, lack_memory)
    with pytest.raises(ModelError) as raised:
        run(session, scene.make, fewest=REPLICAS, retries=0)
    assert str(raised.value) == (
        f"{REPLICAS - 1} of {REPLICAS} replicas are left, and placement.replicas asks for at least "
        f"{REPLICAS}: {CAUSE}"
    )


@pytest.mark.parametrize(
    ("fail", "count", "error", "line"),
    [
        (ask_for_what_is_not_there, 1, RecipeError, "engine.mode: no such mode"),
        (lack_memory, REPLICAS, ModelError, f"no replica can start: {CAUSE}"),
        (stumble, 1, ModelError, "no replica can start: KeyError: 'a bug'"),
        (crash, 1, ModelError, f"no replica can start: {CRASHED} (out of "),
    ],
)
def test_where_all_fail_the_pass_stops_at_the_last_answer_with_one_clean_line(
    session: Session,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    fail: Callable[[], None],
    count: int,
    error: type[PageFoundryError],
    line: str,
) -> None:
    caplog.set_level(logging.INFO)
    scene = Scene(tmp_path, REPLICAS, fail)
    with pytest.raises(error) as raised:
        run(session, scene.make, count, retries=2)
    assert str(raised.value).startswith(line)
    assert "\n" not in str(raised.value)
    # One replica tries both nodes.
    assert scene.starts < 2 * REPLICAS if count > 1 else scene.starts <= len(GPUS_OF_NODES)
    assert warnings(caplog) == []
    if fail is crash:  # Ray reports a dead worker
        wait_for(lambda: any("A worker died" in line for line in infos(caplog.records)))
    assert capfd.readouterr() == ("", "")


def infos(records: Sequence[logging.LogRecord]) -> list[str]:
    return [record.getMessage() for record in records if record.name == "cluster.session"]
