"""The lease: one holder at a time, taken over only when it stood still for a whole ttl."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from schemas.errors import LeaseError, StorageError
from workers.dataset.holder import Clock, Holder
from workers.dataset.lease import LEASE_NAME, Candidate, Lease, acquire, hold

TTL_S = 60.0
DEADLINE_S = 60


@dataclass
class World:
    """A monotonic clock and a wall clock that have nothing to do with each other."""

    now_s: float = 0.0
    wall: datetime = datetime(2025, 1, 1, tzinfo=UTC)
    meanwhile: Callable[[], object] = field(default=lambda: None)

    def clock(self) -> Clock:
        return Clock(lambda: self.now_s, lambda: self.wall, self.sleep)

    def sleep(self, pause_s: float) -> None:
        self.now_s += pause_s
        self.meanwhile()


def candidate(dataset: Path, world: World) -> Candidate:
    return Candidate(str(dataset), TTL_S, world.clock())


def taken(dataset: Path, world: World) -> Lease:
    lease = candidate(dataset, world).attempt()
    assert lease is not None
    return lease


def send_elsewhere(dataset: Path) -> None:
    """Make the lease look like that of a process on another machine."""
    path = dataset / LEASE_NAME
    holder = Holder.from_json(path.read_bytes())
    path.write_bytes(replace(holder, process=replace(holder.process, host="node-7")).to_json())


# ---- the rules, in any order --------------------------------------------------------------


class Leases(RuleBasedStateMachine):
    """Three processes and a lease, against a model that knows who last put it and when."""

    def __init__(self) -> None:
        super().__init__()
        self.dataset = Path(tempfile.mkdtemp())
        self.world = World()
        self.candidates: list[Candidate] = []
        self.leases: dict[int, Lease] = {}
        self.owner: int | None = None  # whose token the object has
        self.puts = 0  # how often it was put
        self.watches: dict[int, tuple[int, float]] = {}  # which put each has seen, since when

    def teardown(self) -> None:
        shutil.rmtree(self.dataset)

    @initialize()
    def start(self) -> None:
        self.candidates = [candidate(self.dataset, self.world) for _ in range(3)]

    @rule(who=st.integers(0, 2), ttls=st.sampled_from([0.0, 0.4, 1.0]))
    def attempt(self, who: int, ttls: float) -> None:
        self.world.now_s += ttls * TTL_S
        if who in self.leases:
            return
        put, since_s = self.watches.get(who, (None, 0.0))
        stood_still = put == self.puts and self.world.now_s - since_s >= TTL_S
        lease = self.candidates[who].attempt()
        assert (lease is not None) == (self.owner is None or stood_still)
        if lease is not None:
            self.leases[who], self.owner = lease, who
            self.puts += 1
        elif put != self.puts:
            self.watches[who] = (self.puts, self.world.now_s)

    @rule(who=st.integers(0, 2))
    def check(self, who: int) -> None:
        if who not in self.leases:
            return
        if who == self.owner:
            self.leases[who].ensure_held()
            self.leases[who].check()
            self.puts += 1
            return
        for ask in (self.leases[who].check, self.leases[who].check, self.leases[who].ensure_held):
            with pytest.raises(LeaseError, match="publishes nothing more"):
                ask()
        self.end(who)

    @rule(who=st.integers(0, 2))
    def release(self, who: int) -> None:
        if who not in self.leases:
            return
        self.leases[who].release()
        if who == self.owner:
            self.owner = None
        assert (self.dataset / LEASE_NAME).exists() == (self.owner is not None)
        self.end(who)

    @rule(who=st.integers(0, 2))
    def crash(self, who: int) -> None:
        self.end(who)

    def end(self, who: int) -> None:
        """The next run is another process: it has a token of its own and has seen nothing."""
        self.leases.pop(who, None)
        if self.owner == who:
            self.owner = -1
        self.watches.pop(who, None)
        self.candidates[who] = candidate(self.dataset, self.world)

    @rule(days=st.integers(-1000, 1000))
    def wall_clock_jumps(self, days: int) -> None:
        self.world.wall += timedelta(days=days)

    @rule()
    def deleted_by_hand(self) -> None:
        (self.dataset / LEASE_NAME).unlink(missing_ok=True)
        self.owner = None


TestLeases = Leases.TestCase
TestLeases.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


# ---- one rule at a time -------------------------------------------------------------------


def test_clocks_that_jump_take_no_lease_that_is_renewed(tmp_path: Path) -> None:
    world = World()
    lease, watcher = taken(tmp_path, world), candidate(tmp_path, world)
    for days in (400, -800, 3, -3) * 4:
        world.wall += timedelta(days=days)
        world.now_s += TTL_S / 3
        lease.check()
        assert watcher.attempt() is None
    assert watcher.other_lives


def test_a_lease_of_another_machine_is_taken_over_after_its_own_ttl(tmp_path: Path) -> None:
    world = World()
    loser = taken(tmp_path, world)
    send_elsewhere(tmp_path)
    watcher = Candidate(str(tmp_path), ttl_s=1, clock=world.clock())
    assert watcher.attempt() is None
    assert not watcher.other_lives
    world.now_s += TTL_S - 1
    assert watcher.attempt() is None
    world.now_s += 1
    assert watcher.attempt() is not None
    with pytest.raises(LeaseError, match=r"taken over by process \d+ on .* since 2025-01-01"):
        loser.check()


def test_the_lease_of_a_dead_process_of_this_machine_is_free_at_once(tmp_path: Path) -> None:
    script = (
        "import os, sys; from workers.dataset.lease import Candidate, acquire; "
        "acquire(Candidate(sys.argv[1])); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script, tmp_path], check=False).returncode == 9
    assert (tmp_path / LEASE_NAME).exists()
    taken(tmp_path, World())


def test_who_holds_a_live_lease_is_told_at_once(tmp_path: Path) -> None:
    world = World()
    taken(tmp_path, world)
    with pytest.raises(LeaseError, match=r"since 2025-01-01 00:00:00 UTC; .* give --wait") as told:
        acquire(candidate(tmp_path, world))
    assert len(str(told.value).splitlines()) == 1
    assert world.now_s == 0


def test_a_lease_of_another_machine_is_held_once_it_is_seen_renewed(tmp_path: Path) -> None:
    world, lines = World(), list[str]()
    lease = taken(tmp_path, world)
    send_elsewhere(tmp_path)
    world.meanwhile = lambda: lease.check() if world.now_s >= TTL_S / 3 else None
    with pytest.raises(LeaseError, match="on node-7 since"):
        acquire(candidate(tmp_path, world), say=lines.append)
    assert world.now_s < TTL_S / 2
    assert [line.split("; ")[-1] for line in lines] == ["watching up to 60 s for a sign of life"]


def test_the_lease_of_a_run_that_died_elsewhere_is_taken_after_a_ttl(tmp_path: Path) -> None:
    world = World()
    taken(tmp_path, world)
    send_elsewhere(tmp_path)
    acquire(candidate(tmp_path, world)).check()
    assert TTL_S <= world.now_s <= TTL_S * 1.2


def test_waiting_ends_when_the_lease_is_released(tmp_path: Path) -> None:
    world, lines = World(), list[str]()
    lease = taken(tmp_path, world)

    def work() -> None:
        lease.check() if world.now_s < 10 * TTL_S else lease.release()

    world.meanwhile = work
    acquire(candidate(tmp_path, world), wait=True, say=lines.append).check()
    assert world.now_s >= 10 * TTL_S
    assert [line.split("; ")[-1] for line in lines] == ["waiting for it"]


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b'{"token": "x", "ttl_s": -1}'])
def test_what_is_no_lease_is_named_and_left_alone(tmp_path: Path, data: bytes) -> None:
    (tmp_path / LEASE_NAME).write_bytes(data)
    with pytest.raises(LeaseError, match=r"_lease\.json is not a lease; delete it"):
        acquire(candidate(tmp_path, World()))
    assert (tmp_path / LEASE_NAME).read_bytes() == data


def test_a_lease_that_is_overwritten_is_lost(tmp_path: Path) -> None:
    lease = taken(tmp_path, World())
    (tmp_path / LEASE_NAME).write_bytes(b"x")
    with pytest.raises(LeaseError, match="overwritten"):
        lease.check()
    lease.release()
    assert (tmp_path / LEASE_NAME).read_bytes() == b"x"


def test_an_outage_does_not_lose_the_lease(tmp_path: Path) -> None:
    lease, path = taken(tmp_path, World()), tmp_path / LEASE_NAME
    data = path.read_bytes()
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageError):
        lease.check()
    path.rmdir()
    path.write_bytes(data)
    lease.check()


# ---- with its thread ----------------------------------------------------------------------


def test_a_held_lease_is_renewed_and_then_released(tmp_path: Path) -> None:
    with hold(str(tmp_path), ttl_s=0.3):
        await_that(lambda: Holder.from_json((tmp_path / LEASE_NAME).read_bytes()).renewals >= 3)
    assert not (tmp_path / LEASE_NAME).exists()


def test_the_thread_finds_out_that_the_lease_is_lost(tmp_path: Path) -> None:
    def is_lost() -> bool:
        try:
            lease.ensure_held()
        except LeaseError:
            return True
        return False

    with hold(str(tmp_path), ttl_s=0.3) as lease:
        assert not is_lost()
        (tmp_path / LEASE_NAME).unlink()
        other = taken(tmp_path, World())
        await_that(is_lost)
    other.check()


def test_an_error_releases_the_lease_and_what_was_made_for_it(tmp_path: Path) -> None:
    dataset = tmp_path / "new" / "data"

    def interrupted() -> None:
        with hold(str(dataset)):
            assert (dataset / LEASE_NAME).exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not dataset.exists()


def test_a_put_that_was_interrupted_is_withdrawn(tmp_path: Path) -> None:
    world = World()
    interrupted, other = candidate(tmp_path, world), candidate(tmp_path, world)
    assert interrupted.attempt() is not None
    assert other.attempt() is None
    other.withdraw()
    assert (tmp_path / LEASE_NAME).exists()
    interrupted.withdraw()
    assert not (tmp_path / LEASE_NAME).exists()


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    with hold(str(tmp_path)):
        pass
    assert list(tmp_path.iterdir()) == []


def await_that(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
