"""Each fault once: the next run finishes with the right result. The soak tests combinations."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import injections as faults
from tests.faults.harness import Fault, Moment, Stage, play
from tests.faults.stages import Store, local, on_ray, on_s3, own_clock, small_disk
from tests.faults.worlds import ENGINE, LAYERS, World, make_world
from tests.local_ray import Fleet
from tests.s3.conftest import BUCKET, s3_server, use  # noqa: F401 - a fixture
from tests.s3.faulty_proxy import FaultyProxy
from tests.s3.server import SeaweedServer

pytestmark = pytest.mark.slow

Plan = list[tuple[Fault, Moment]]
# In the middle of publishing, where a run does not wait for a store that fails.
COMMITS = Moment("commits", 1)


def receipts(count: int) -> Moment:
    return Moment("receipts", count)


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("layers"), LAYERS)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("engine"), ENGINE, coming=12, scans=1)


def survive(stage: Stage, plan: Plan, folder: Path) -> int:
    """Play a history in which every fault must strike; return the number of runs."""
    harmful: list[str] = []
    runs = play(stage, plan, folder, harmful)
    assert harmful == [fault.name for fault, _ in plan]
    return runs


@pytest.mark.parametrize(
    "plan",
    [
        [
            (faults.KILL_DRIVER, Moment("inventory", 1)),
            (faults.TEAR_ALL, receipts(5)),
            (faults.KILL_DRIVER, COMMITS),
        ],
        [
            (faults.KILL_CHILD, receipts(2)),
            (faults.STOP, receipts(4)),
            (faults.TERMINATE, receipts(6)),
        ],
    ],
    ids=lambda plan: " + ".join(fault.name for fault, _ in plan),
)
def test_in_one_process(plan: Plan, layers: World, tmp_path: Path) -> None:
    survive(local(layers, tmp_path), plan, tmp_path)


def test_a_disk_that_is_full_or_read_only(layers: World, tmp_path: Path) -> None:
    with small_disk(layers, tmp_path) as stage:
        if stage is None:
            pytest.skip("no file system can be mounted here")
        plan = [
            (faults.READ_ONLY, receipts(2)),
            (faults.FILL_A_WHILE, receipts(4)),
            (faults.READ_ONLY, Moment("parts", 1)),
            (faults.FILL_DISK, COMMITS),
        ]
        # A read-only disk ends its run; a disk may also fill up only after the last write.
        assert survive(stage, plan, tmp_path) >= 3


def test_a_limit_of_file_sizes_ends_a_run_at_once(layers: World, tmp_path: Path) -> None:
    survive(local(layers, tmp_path), [(faults.LIMIT_FILES, receipts(3))], tmp_path)


def test_clocks_that_jump(layers: World, tmp_path: Path) -> None:
    stage = own_clock(layers, tmp_path)
    if stage is None:
        pytest.skip("the package libfaketime is not installed")
    plan = [
        (faults.CLOCK_AHEAD, receipts(2)),
        (faults.KILL_DRIVER, receipts(4)),
        (faults.CLOCK_BACK, receipts(6)),
    ]
    survive(stage, plan, tmp_path)


@pytest.mark.ray
def test_on_ray_nodes(engine: World, fleet: Fleet, tmp_path: Path) -> None:
    """The second run has what is left of the nodes, and what the first run's replicas held.

    `tests/rehearsal` finishes a run that lost a node. SIGTERM is the same for a run on Ray:
    `tests/pipelines/cli/test_jobs.py` stops a job.
    """
    plan = [
        (faults.KILL_REPLICA, receipts(2)),
        (faults.KILL_NODE, receipts(4)),
        (faults.KILL_DRIVER, receipts(7)),
    ]
    assert survive(on_ray(engine, tmp_path, fleet), plan, tmp_path) == 2


@pytest.mark.s3
def test_on_s3(
    layers: World,
    s3_server: SeaweedServer,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    use(s3_server, monkeypatch)
    with FaultyProxy(s3_server.port) as proxy:
        stage = on_s3(layers, Store(s3_server, proxy), f"{BUCKET}/{tmp_path.name}")
        plan = [
            (faults.TORN_UPLOAD, receipts(2)),
            (faults.NOISE_5, receipts(4)),  # until the run ends, so that some requests are hit
            (faults.STOP_SERVER, receipts(6)),
        ]
        survive(stage, plan, tmp_path)
