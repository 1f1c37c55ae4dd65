"""Runtimes that fail on demand, for the tests of the pool."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from cluster.runtime import Outcome, Step
from schemas.errors import EnvironmentFault, ShardError

LaneOf = Callable[[int], int]


def halves(pages: range) -> Sequence[range]:
    middle = (len(pages) + 1) // 2
    return [pages] if len(pages) < 2 else [pages[:middle], pages[middle:]]


@dataclass
class FakeRuntime:
    """Runs a chain at its start and reports it at a later `wait`; a ShardError ends its whole lane.

    `choose` picks the lane whose next chain ends; `begun` and `mates` record each start and the
    chains that shared its lane.
    """

    chosen_lanes: Sequence[Hashable] = (0,)
    choose: LaneOf = lambda count: 0
    running: dict[int, tuple[Outcome, Hashable]] = field(default_factory=dict)
    tickets: Iterator[int] = field(default_factory=itertools.count)
    begun: list[range] = field(default_factory=list)
    mates: dict[int, set[int]] = field(default_factory=dict)
    most_on_a_lane: int = 0
    kept: list[int] = field(default_factory=list)

    def lanes(self) -> Sequence[Hashable]:
        return self.chosen_lanes

    def pending_lanes(self) -> int:
        return 0

    def failed_lanes(self) -> int:
        return 0

    def keep(self, count: int) -> None:
        self.kept.append(count)

    def start(self, chain: Sequence[Step], item: range, lane: Hashable) -> int:
        assert lane in self.chosen_lanes
        ticket = next(self.tickets)
        beside = {other for other, (_, where) in self.running.items() if where == lane}
        self.mates[ticket] = beside
        for other in beside:
            self.mates[other].add(ticket)
        self.most_on_a_lane = max(self.most_on_a_lane, len(beside) + 1)
        self.running[ticket] = (run_one(chain[0], item), lane)
        self.begun.append(item)
        return ticket

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        if not self.running:
            return []
        busy = sorted({lane for _, lane in self.running.values()})
        lane = busy[self.choose(len(busy))]
        on_lane = [ticket for ticket, (_, where) in self.running.items() if where == lane]
        outcome, _ = self.running[on_lane[0]]
        lane_died = isinstance(outcome.error, ShardError)
        if lane_died:
            outcome = replace(outcome, beside=len(on_lane) - 1)
        ended = dict.fromkeys(on_lane if lane_died else on_lane[:1], outcome)
        for ticket in ended:
            del self.running[ticket]
        return list(ended.items())

    def expire(self, ticket: Hashable) -> None:
        raise AssertionError("nothing here has a deadline")


def run_one(step: Step, item: range) -> Outcome:
    try:
        return Outcome(step.function(item))
    except (ShardError, EnvironmentFault) as exc:
        return Outcome(error=exc)


@dataclass
class ComingAndGoing(FakeRuntime):
    """Lanes change at each turn of the loop; chains on a lane that goes away are lost."""

    seasons: Iterator[Sequence[Hashable]] = field(default_factory=lambda: iter(()))

    def lanes(self) -> Sequence[Hashable]:
        self.chosen_lanes = next(self.seasons, (0,))
        return self.chosen_lanes

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        lost_tickets = [t for t, (_, lane) in self.running.items() if lane not in self.chosen_lanes]
        for ticket in lost_tickets:
            del self.running[ticket]
        lost = [(ticket, Outcome(error=ShardError("the node was lost"))) for ticket in lost_tickets]
        return lost or super().wait(timeout_s)


@dataclass
class LosesOnce(FakeRuntime):
    """The first chains on the lost lanes are lost all at once; the lanes come back."""

    lost_lanes: frozenset[Hashable] = frozenset()
    began: bool = True
    suspects: set[range] = field(default_factory=set)
    most_suspects_at_once: int = 0

    def start(self, chain: Sequence[Step], item: range, lane: Hashable) -> int:
        ticket = super().start(chain, item, lane)
        suspects = sum(self.begun[other] in self.suspects for other in self.running)
        self.most_suspects_at_once = max(self.most_suspects_at_once, suspects)
        return ticket

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        lost = {t: lane for t, (_, lane) in self.running.items() if lane in self.lost_lanes}
        self.lost_lanes = frozenset()
        for ticket in lost:
            self.suspects |= set(halves(self.begun[ticket]))
            del self.running[ticket]
        error = ShardError("the node was lost")
        on_lane = Counter(lost.values())
        ended: list[tuple[Hashable, Outcome]] = [
            (ticket, Outcome(error=error, began=self.began, beside=on_lane[lane] - 1))
            for ticket, lane in lost.items()
        ]
        return ended or super().wait(timeout_s)


@dataclass
class Dying(FakeRuntime):
    """A lane that is lost does not come back."""

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        lanes: dict[Hashable, Hashable] = {t: lane for t, (_, lane) in self.running.items()}
        ended = super().wait(timeout_s)
        lost = {lanes[ticket] for ticket, outcome in ended if outcome.error}
        self.chosen_lanes = [lane for lane in self.chosen_lanes if lane not in lost]
        return ended


@dataclass
class Shrinking(FakeRuntime):
    """Ends every lane that it may end: the idle lanes beyond the number to keep."""

    def keep(self, count: int) -> None:
        super().keep(count)
        busy = {lane for _, lane in self.running.values()}
        idle = [lane for lane in self.chosen_lanes if lane not in busy]
        ended = idle[: max(0, len(self.chosen_lanes) - count)]
        self.chosen_lanes = [lane for lane in self.chosen_lanes if lane not in ended]
