"""The pool: admission, splitting and failure policy of one pass, over any runtime.

Ray (or the in-process runtime) runs the chains, moves their values and restarts what dies. This
loop decides what runs next: at most two items in flight for each ready lane, the least loaded
first, so that one item is prepared while another is read, and memory is bounded by the lanes.
It does not know what an item is.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from schemas.errors import EnvironmentFault, RequestError

log = logging.getLogger(__name__)

Item = TypeVar("Item")

IN_FLIGHT_PER_LANE = 2
FAILURES_TO_GIVE_UP = 2
WAIT_S = 0.5
# A lost node leaves a suspect or more for each of its replicas: one lane after the other would take
# hours, all lanes at once would leave the rest of the pass waiting for what may be killers.
SHARE_FOR_SUSPECTS = 4


@dataclass(frozen=True, slots=True)
class Step:
    """One link of a chain: called with the item and the results of all steps before it.

    A step `on_replica` runs inside a replica and is called with the replica before these.
    """

    function: Callable[..., Any]
    on_replica: bool = False
    num_cpus: float = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a chain ended: its last result, or the exception that ended it.

    `began` is False where its lane was lost before the lane had done anything for it.
    """

    value: Any = None
    error: Exception | None = None
    began: bool = True


class Runtime(Protocol):
    """What the pool needs to have chains run. A lane is a ready replica, or a slot for tasks."""

    def lanes(self) -> Sequence[Hashable]:
        """Lanes that can take work now. Raises EnvironmentFault where there can never be one."""
        ...

    def pending_lanes(self) -> int:
        """Lanes that were asked for and cannot take work yet."""
        ...

    def failed_lanes(self) -> int:
        """Lanes that were asked for and never will take work."""
        ...

    def keep(self, count: int) -> None:
        """No more than `count` lanes have a use from now on; idle and pending ones may end."""
        ...

    def start(self, chain: Sequence[Step], item: Any, lane: Hashable) -> Hashable:
        """Start a chain; the ticket names it in `wait`."""
        ...

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        """Chains that ended, as soon as there is one, or none after `timeout_s`."""
        ...

    def expire(self, ticket: Hashable) -> None:
        """End a chain that passed its deadline, whatever it takes; `wait` then tells of it."""
        ...


@dataclass(frozen=True, slots=True)
class Policy(Generic[Item]):
    """How failures are met.

    Args:
        split: cuts an item in two, or gives it back alone when it cannot be cut.
        deadline_s: how long an item's chain may take, waiting for its turn included. The steps
            have deadlines of their own; this one is for what hangs between them.
        backoff_s: pauses after failures of the environment in a row; the run stops past the last.
    """

    split: Callable[[Item], Sequence[Item]]
    deadline_s: Callable[[Item], float] = lambda item: float("inf")
    backoff_s: tuple[float, ...] = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True, slots=True)
class Done(Generic[Item]):
    """An item that ended. `error` is set for one that failed alone, twice."""

    item: Item
    value: Any = None
    error: Exception | None = None


@dataclass(slots=True)
class PoolState:
    """What a watcher sees after each turn of the loop.

    `suspects` wait for a lane of their own; `retries` (items admitted again, or their halves) and
    `splits` count from the start.
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
    failures_alone: int = 0
    pauses_before: int = 0
    faults: int = 0


@dataclass(slots=True)
class _Pool(Generic[Item]):
    """The loop's books: what waits, what runs where.

    They are counted anew at each turn: 80 us a chain with 160 lanes, where Ray takes 2,000.
    """

    fresh: Iterator[Item]
    again: deque[_Work[Item]] = field(default_factory=deque)
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
                # A suspect has its lane to itself: if the lane dies, the suspect did it.
                loads[lane] += IN_FLIGHT_PER_LANE if work.suspect else 1
        return loads

    def next_work(self, loads: dict[Hashable, int]) -> tuple[_Work[Item], Hashable] | None:
        if not loads:
            return None
        self.reserved = self._reserve(loads) if self.suspects else frozenset()
        for lane in self.reserved:
            if loads[lane] == 0:
                return self.suspects.popleft(), lane
        others = [lane for lane in loads if lane not in self.reserved]
        least = min(others, key=loads.__getitem__, default=None)
        if least is None or loads[least] >= IN_FLIGHT_PER_LANE:
            return None
        work = self.again.popleft() if self.again else self._take()
        return (work, least) if work else None

    def _reserve(self, loads: dict[Hashable, int]) -> frozenset[Hashable]:
        """Lanes that are left to run empty for the suspects; the others go on."""
        has_others = self.again or not self.exhausted
        most = max(1, len(loads) // SHARE_FOR_SUSPECTS) if has_others else len(loads)
        alone = sum(work.suspect for work, _ in self.in_flight.values())
        # Of two lanes as full the one that is reserved already stays so, else none runs empty.
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
        (self.suspects if work.suspect else self.again).append(work)

    def lanes_needed(self) -> int:
        """Lanes for what runs and for what waits, which is all there is once `exhausted`."""
        occupied = {lane for _, lane in self.in_flight.values()}
        return len(occupied) + len(self.suspects) + len(self.again)


def run_pool(
    items: Iterable[Item],
    chain: Sequence[Step],
    runtime: Runtime,
    policy: Policy[Item],
    watch: Callable[[PoolState], None] = lambda state: None,
) -> Iterator[Done[Item]]:
    """Run `chain` over `items`; yield each as it ends, in any order.

    An item whose chain fails is split and its halves run alone, down to what cannot be split,
    which is given up after failing alone twice and yielded with its error. A failure that is an
    EnvironmentFault is nobody's fault: the item waits and runs again.

    Raises:
        RequestError: at once, when a chain fails with it.
        EnvironmentFault: when it persists through all of the policy's pauses, or for one item as
            often as there are pauses.
    """
    pool: _Pool[Item] = _Pool(iter(items))
    faults_in_a_row = 0
    while True:
        loads = pool.loads(runtime.lanes())
        while (admitted := pool.next_work(loads)) is not None:
            work, lane = admitted
            work.pauses_before = pool.pauses
            work.expires_at_s = time.monotonic() + policy.deadline_s(work.item)
            pool.in_flight[runtime.start(chain, work.item, lane)] = admitted
            loads[lane] += IN_FLIGHT_PER_LANE if work.suspect else 1
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
                raise outcome.error  # no other try would fare better
            elif isinstance(outcome.error, EnvironmentFault):
                work.faults += 1
                if work.faults > len(policy.backoff_s):
                    raise outcome.error
                # An outage fails all that is in flight; what began before a pause is no news.
                if work.pauses_before == pool.pauses:
                    faults_in_a_row += 1
                    _pause(faults_in_a_row, policy.backoff_s, outcome.error)
                    pool.pauses += 1
                pool.admit_again(work)
            else:
                yield from _retry(work, outcome.error, policy, pool)
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
            log.warning("a chain passed its deadline; it is ended, and its item tried again")
            work.expires_at_s = float("inf")  # once is enough
            runtime.expire(ticket)


def _pause(faults_in_a_row: int, backoff_s: Sequence[float], error: Exception) -> None:
    if faults_in_a_row > len(backoff_s):
        raise error
    pause_s = backoff_s[faults_in_a_row - 1]
    log.warning("%s; trying again in %g s", error, pause_s)
    time.sleep(pause_s)


def _retry(
    work: _Work[Item], error: Exception, policy: Policy[Item], pool: _Pool[Item]
) -> Iterator[Done[Item]]:
    parts = policy.split(work.item)
    if len(parts) > 1:
        log.info("a chain failed (%s); its item is split in %d", error, len(parts))
        pool.splits += 1
        for part in parts:
            pool.admit_again(_Work(part, suspect=True))
        return
    failures = work.failures_alone + work.suspect
    if failures < FAILURES_TO_GIVE_UP:
        pool.admit_again(_Work(work.item, suspect=True, failures_alone=failures))
    else:
        yield Done(work.item, error=error)
