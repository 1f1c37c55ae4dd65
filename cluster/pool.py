"""The pool: admission, splitting and failure policy of one pass, over any runtime.

The runtime (Ray, or this process) runs the chains, moves their values and restarts what dies. This
loop decides what runs next, and does not know what an item is. It guarantees:

- At most `Policy.in_flight_per_lane` items are in flight for each ready lane, the least loaded
  first: one is prepared while the others are read, and memory is bounded by the number of lanes.
- Every item ends once: with a value, or with its error after it has failed alone twice. An item
  that is split ends as its parts.
- An item that fails is a suspect: its halves run again, each with a lane of its own, so that a
  failure of the lane has one cause. Suspects together take at most a quarter of the lanes. Where a
  lane was lost with many items, most of them did nothing: they run again as before, and one that
  loses a second lane is a suspect.
- An EnvironmentFault is not the item's fault: the item waits and runs again, and the run stops when
  the fault persists. A RequestError stops the run at once.
- A chain that passes its deadline is ended and counts as failed.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from cluster.runtime import Runtime, Step
from schemas.errors import EnvironmentFault, RequestError

log = logging.getLogger(__name__)

Item = TypeVar("Item")

FAILURES_TO_GIVE_UP = 2
MOST_SUSPECTS_OF_A_LANE = 2
WAIT_S = 0.5
# A lost node leaves at least one suspect for each of its replicas. One lane for all suspects would
# take hours; all lanes would let the rest of the pass wait for items that may kill their lanes.
SHARE_FOR_SUSPECTS = 4


@dataclass(frozen=True, slots=True)
class Policy(Generic[Item]):
    """How the pool reacts to failures.

    Args:
        split: cuts an item in two, or returns it alone if it cannot be cut.
        deadline_s: how long an item's chain may take, including the wait for its turn. The steps
            have deadlines of their own; this one is for a hang between them.
        backoff_s: the pauses after consecutive failures of the environment; the run stops after
            the last.
        in_flight_per_lane: how many items a lane has at most: those that it works at, and one that
            is prepared.
    """

    split: Callable[[Item], Sequence[Item]]
    deadline_s: Callable[[Item], float] = lambda item: float("inf")
    backoff_s: tuple[float, ...] = (1, 2, 4, 8, 16, 32)
    in_flight_per_lane: int = 2


@dataclass(frozen=True, slots=True)
class Done(Generic[Item]):
    """An item that has ended. `error` is set if it failed alone, twice."""

    item: Item
    value: Any = None
    error: Exception | None = None


@dataclass(slots=True)
class PoolState:
    """The state of the pool after a turn of its loop.

    `suspects` counts items that wait for a lane of their own. `retries` (items, or their halves,
    admitted again) and `splits` count from the start of the pass.
    """

    lanes: int = 0
    busy_lanes: int = 0
    in_flight: int = 0
    pending_lanes: int = 0
    failed_lanes: int = 0
    suspects: int = 0
    retries: int = 0
    splits: int = 0


@dataclass(slots=True)
class _Work(Generic[Item]):
    item: Item
    expires_at_s: float = float("inf")
    suspect: bool = False
    lost_among_many: bool = False
    failures_alone: int = 0
    pauses_before: int = 0
    faults: int = 0


@dataclass(slots=True)
class _Pool(Generic[Item]):
    """What waits and what runs where.

    Loads are counted again at each turn: 80 us a chain with 160 lanes, where Ray takes 2,000.
    """

    fresh: Iterator[Item]
    in_flight_per_lane: int
    retried: deque[_Work[Item]] = field(default_factory=deque)
    suspects: deque[_Work[Item]] = field(default_factory=deque)
    in_flight: dict[Hashable, tuple[_Work[Item], Hashable]] = field(default_factory=dict)
    reserved: frozenset[Hashable] = frozenset()
    exhausted: bool = False
    pauses: int = 0
    retries: int = 0
    splits: int = 0

    def loads(self, lanes: Sequence[Hashable]) -> dict[Hashable, int]:
        loads = dict.fromkeys(lanes, 0)
        for work, lane in self.in_flight.values():
            if lane in loads:
                # A suspect has its lane to itself: if the lane dies, the suspect is the cause.
                loads[lane] += self.load(work)
        return loads

    def load(self, work: _Work[Item]) -> int:
        return self.in_flight_per_lane if work.suspect else 1

    def next_work(self, loads: dict[Hashable, int]) -> tuple[_Work[Item], Hashable] | None:
        if not loads:
            return None
        self.reserved = self._reserve(loads) if self.suspects else frozenset()
        for lane in self.reserved:
            if loads[lane] == 0:
                return self.suspects.popleft(), lane
        others = [lane for lane in loads if lane not in self.reserved]
        least = min(others, key=loads.__getitem__, default=None)
        if least is None or loads[least] >= self.in_flight_per_lane:
            return None
        work = self.retried.popleft() if self.retried else self._take()
        return (work, least) if work else None

    def _reserve(self, loads: dict[Hashable, int]) -> frozenset[Hashable]:
        """The lanes that get no new work, so that they become free for suspects."""
        has_others = self.retried or not self.exhausted
        most = max(1, len(loads) // SHARE_FOR_SUSPECTS) if has_others else len(loads)
        alone = sum(work.suspect for work, _ in self.in_flight.values())
        # Of two equal loads the reserved lane stays reserved, else none gets free.
        nearest = sorted(loads, key=lambda lane: (loads[lane], lane not in self.reserved))
        return frozenset(nearest[: max(0, min(len(self.suspects), most - alone))])

    def _take(self) -> _Work[Item] | None:
        if not self.exhausted:
            for item in self.fresh:
                return _Work(item)
            self.exhausted = True
        return None

    def admit_again(self, work: _Work[Item]) -> None:
        self.retries += 1
        (self.suspects if work.suspect else self.retried).append(work)

    def lanes_needed(self) -> int:
        """Lanes for running and waiting work: all that is needed once the items are `exhausted`."""
        occupied = {lane for _, lane in self.in_flight.values()}
        return len(occupied) + len(self.suspects) + len(self.retried)


def run_pool(
    items: Iterable[Item],
    chain: Sequence[Step],
    runtime: Runtime,
    policy: Policy[Item],
    watch: Callable[[PoolState], None] = lambda state: None,
) -> Iterator[Done[Item]]:
    """Run `chain` over `items`; yield each item as it ends, in any order.

    Raises:
        RequestError: a chain failed with it.
        EnvironmentFault: it persisted through all pauses of the policy, or met one item more often
            than there are pauses.
    """
    pool: _Pool[Item] = _Pool(iter(items), policy.in_flight_per_lane)
    faults_in_a_row = 0
    while True:
        loads = pool.loads(runtime.lanes())
        while (admitted := pool.next_work(loads)) is not None:
            work, lane = admitted
            work.pauses_before = pool.pauses
            work.expires_at_s = time.monotonic() + policy.deadline_s(work.item)
            pool.in_flight[runtime.start(chain, work.item, lane)] = admitted
            loads[lane] += pool.load(work)
        watch(_state(pool, loads, runtime))
        if pool.exhausted:
            needed = pool.lanes_needed()
            runtime.keep(needed)
            if needed == 0:
                return
        for ticket, outcome in runtime.wait(WAIT_S):
            work, _ = pool.in_flight.pop(ticket)
            if outcome.error is None:
                faults_in_a_row = 0
                yield Done(work.item, outcome.value)
            elif not outcome.began:
                pool.admit_again(work)
            elif isinstance(outcome.error, RequestError):
                raise outcome.error  # a retry would fail too
            elif isinstance(outcome.error, EnvironmentFault):
                work.faults += 1
                if work.faults > len(policy.backoff_s):
                    raise outcome.error
                # An outage fails all chains in flight; those from before a pause do not count.
                if work.pauses_before == pool.pauses:
                    faults_in_a_row += 1
                    _pause(faults_in_a_row, policy.backoff_s, outcome.error)
                    pool.pauses += 1
                pool.admit_again(work)
            else:
                yield from _retry(work, outcome.error, outcome.beside, policy, pool)
        _expire(pool, runtime)


def _state(pool: _Pool[Item], loads: dict[Hashable, int], runtime: Runtime) -> PoolState:
    return PoolState(
        lanes=len(loads),
        busy_lanes=sum(load > 0 for load in loads.values()),
        in_flight=len(pool.in_flight),
        pending_lanes=runtime.pending_lanes(),
        failed_lanes=runtime.failed_lanes(),
        suspects=len(pool.suspects),
        retries=pool.retries,
        splits=pool.splits,
    )


def _expire(pool: _Pool[Item], runtime: Runtime) -> None:
    for ticket, (work, _) in pool.in_flight.items():
        if time.monotonic() > work.expires_at_s:
            log.warning("a chain passed its deadline; it is ended, and its item is retried")
            work.expires_at_s = float("inf")  # expire it only once
            runtime.expire(ticket)


def _pause(faults_in_a_row: int, backoff_s: Sequence[float], error: Exception) -> None:
    if faults_in_a_row > len(backoff_s):
        raise error
    pause_s = backoff_s[faults_in_a_row - 1]
    log.warning("%s; retrying in %g s", error, pause_s)
    time.sleep(pause_s)


def _retry(
    work: _Work[Item], error: Exception, beside: int, policy: Policy[Item], pool: _Pool[Item]
) -> Iterator[Done[Item]]:
    if beside >= MOST_SUSPECTS_OF_A_LANE and not work.lost_among_many:
        work.lost_among_many = True
        pool.admit_again(work)
        return
    parts = policy.split(work.item)
    if len(parts) > 1:
        log.info("a chain failed (%s); its item is split into %d", error, len(parts))
        pool.splits += 1
        for part in parts:
            pool.admit_again(_Work(part, suspect=True))
        return
    failures = work.failures_alone + work.suspect
    if failures < FAILURES_TO_GIVE_UP:
        pool.admit_again(_Work(work.item, suspect=True, failures_alone=failures))
    else:
        yield Done(work.item, error=error)
