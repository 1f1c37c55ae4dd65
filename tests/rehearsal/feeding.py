"""What draining costs engines that batch: a pass in simulated time, fed in two ways.

    python -m tests.rehearsal.feeding [--replicas 8] [--pages 80000] [--seed 0]

The pool is the real one. A replica reads up to 256 pages side by side. A page takes as long as its
answer has tokens; a shard's pages that were read badly (3 in 100) are read again when its others
have ended, as the ladder does. The first table compares one shard at a time on a replica with as
many as `schemas.feeding` gives: same pages, same lengths. The second varies how many.

A place is busy while a page runs there, until the last shard is admitted: what comes after is the
end of a pass, which a longer one hides. A real GPU is faster with few pages than with many, so less
time is lost than places are idle. The gain is that of the whole pass, with its end.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from cluster.pool import Policy, run_pool
from cluster.runtime import Outcome, Step
from schemas.feeding import BATCH_PAGES, shards_at_once
from schemas.recipe import EngineSpec, Placement

MEDIAN_TOKENS = 700
MOST_TOKENS = 8192
RETRIED = 0.03
# The standard deviation of a length's logarithm: with the last, 1 % is over 6,000 tokens.
SPREADS = {"even": 0.0, "half as wide": 0.46, "1 % over 6,000": 0.92}
SHARD_PAGES = (16, 64, 256, 1024)
Shard = tuple[tuple[int, int], ...]
"""The tokens of each page, at the first try and at the second; 0 for none."""


def make_shards(pages: int, shard_pages: int, spread: float, seed: int) -> list[Shard]:
    """Shards of pages whose lengths depend on nothing but their number and the seed."""
    drawn = [_page(random.Random(f"{seed} {page}"), spread) for page in range(pages)]
    return [tuple(drawn[start : start + shard_pages]) for start in range(0, pages, shard_pages)]


def _page(rng: random.Random, spread: float) -> tuple[int, int]:
    first, second = (_tokens(rng, spread) for _ in range(2))
    return first, second if rng.random() < RETRIED else 0


def _tokens(rng: random.Random, spread: float) -> int:
    return min(MOST_TOKENS, max(1, round(MEDIAN_TOKENS * rng.lognormvariate(0, spread))))


@dataclass(slots=True)
class Call:
    """A shard on a replica: how many of its pages run or wait, and what is read again then."""

    ticket: int
    shard: Shard
    running: int = 0
    again: list[int] = field(default_factory=list)


@dataclass(slots=True)
class BatchingReplica:
    """Up to `places` pages run at once, of at most `most_calls` shards."""

    places: int
    most_calls: int
    calls: int = 0
    prepared: deque[Call] = field(default_factory=deque)
    waiting: deque[tuple[int, Call]] = field(default_factory=deque)

    def take(self) -> Iterator[tuple[int, Call]]:
        """The pages that begin now: their tokens, and their call."""
        while self.prepared and self.calls < self.most_calls:
            call = self.prepared.popleft()
            self.calls += 1
            call.again = [second for _, second in call.shard if second]
            self.queue(call, [first for first, _ in call.shard])
        while self.waiting and self.places:
            self.places -= 1
            tokens, call = self.waiting.popleft()
            yield tokens, call

    def queue(self, call: Call, tokens: Sequence[int]) -> None:
        """Pages wait for a place."""
        call.running = len(tokens)
        self.waiting.extend((count, call) for count in tokens)

    def end(self, call: Call) -> bool:
        """A page of `call` has ended; whether it was the last."""
        self.places += 1
        call.running -= 1
        if call.running == 0 and call.again:
            self.queue(call, call.again)
            call.again = []
        if call.running:
            return False
        self.calls -= 1
        return True


class SimulatedTime:
    """A runtime of such replicas; `now` is in token steps."""

    def __init__(self, replicas: int, calls: int, batch: int = BATCH_PAGES) -> None:
        self.now = 0
        self.replicas = [BatchingReplica(batch, calls) for _ in range(replicas)]
        self._numbers = itertools.count()
        self._ends: list[tuple[int, int, int, Call]] = []  # when, and on which replica
        self._batch = batch
        self._busy = self._used = 0  # places now, and place steps so far
        self._admitted = (0, 0)  # when the last shard was, and the place steps until then

    def lanes(self) -> Sequence[Hashable]:
        return range(len(self.replicas))

    def pending_lanes(self) -> int:
        return 0

    def failed_lanes(self) -> int:
        return 0

    def keep(self, count: int) -> None:
        """Replicas stay."""

    def start(self, chain: Sequence[Step], item: Any, lane: Any) -> Hashable:
        self._admitted = (self.now, self._used)
        ticket = next(self._numbers)
        self.replicas[lane].prepared.append(Call(ticket, item))
        self._begin(lane)
        return ticket

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        while self._ends:
            at, _, lane, call = heapq.heappop(self._ends)
            self._used += self._busy * (at - self.now)
            self._busy -= 1
            self.now = at
            has_ended = self.replicas[lane].end(call)
            self._begin(lane)
            if has_ended:
                return [(call.ticket, Outcome(len(call.shard)))]
        return []

    @property
    def busy_share(self) -> float:
        """Of all places, until the last shard was admitted; 0 if all were at once."""
        steps, used = self._admitted
        return used / (steps * self._batch * len(self.replicas)) if steps else 0.0

    def expire(self, ticket: Hashable) -> None:
        raise AssertionError("nothing here has a deadline")

    def _begin(self, lane: int) -> None:
        for tokens, call in self.replicas[lane].take():
            self._busy += 1
            heapq.heappush(self._ends, (self.now + tokens, next(self._numbers), lane, call))


@dataclass(frozen=True, slots=True)
class Fed:
    """A pass: its pages, its time in token steps, and the share of places that were in use."""

    pages: int
    steps: int
    busy_share: float


def simulate(shards: Sequence[Shard], replicas: int, calls: int, batch: int = BATCH_PAGES) -> Fed:
    """Run all shards through the pool, `calls` at once on a replica."""
    runtime = SimulatedTime(replicas, calls, batch)
    policy: Policy[Shard] = Policy(lambda shard: [shard], in_flight_per_lane=calls + 1)
    step = Step(len, on_replica=True)
    pages = sum(done.value for done in run_pool(shards, [step], runtime, policy))
    return Fed(pages, runtime.now, runtime.busy_share)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicas", type=int, default=8)
    parser.add_argument("--pages", type=int, default=80_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    spec = EngineSpec(name="vllm", model="any")
    title = f"{options.pages:,} pages on {options.replicas} replicas of {BATCH_PAGES} places"
    table = Table("lengths", "pages a shard", "shards at once", title=title)
    for name in ("busy, one", "busy, fed", "gain"):
        table.add_column(name, justify="right")
    for name, spread in SPREADS.items():
        table.add_section()
        for shard_pages in SHARD_PAGES:
            shards = make_shards(options.pages, shard_pages, spread, options.seed)
            calls = shards_at_once(spec, Placement(shard_pages=shard_pages))
            one = simulate(shards, options.replicas, 1)
            fed = simulate(shards, options.replicas, calls)
            table.add_row(
                name,
                str(shard_pages),
                str(calls),
                f"{one.busy_share:.1%}",
                f"{fed.busy_share:.1%}",
                f"{one.steps / fed.steps:.1f}",
            )
    shards = make_shards(options.pages, 64, SPREADS["1 % over 6,000"], options.seed)
    most = Table("shards of 64 at once", title="widest lengths")
    most.add_column("busy", justify="right")
    for calls in (1, 2, 4, 8, 16, 24, 32, 48):
        most.add_row(str(calls), f"{simulate(shards, options.replicas, calls).busy_share:.1%}")
    console = Console()
    console.print(table)
    console.print(most)


if __name__ == "__main__":
    main()
