"""What the driver records of a rehearsal: the pool's turns, the chains, the machine.

The runtime here passes every call on to the real one; only the function that makes a replica is
replaced.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import psutil

from cluster.metrics import Sink
from cluster.runtime import Outcome, Runtime, Step
from cluster.session import ReplicaSpec, Session
from schemas.shards import Receipt
from tests.rehearsal.script import Script, load_scripted
from workers.reading import ReplicaSettings


@dataclass(slots=True)
class Watched:
    """The records of a pass. Times are of the machine's monotonic clock, as in the spells.

    `lanes` holds (time, ready replicas) at each change. `starts` and `ends` hold (time, pages) of
    the pass's chains. `tasks` holds the time at which each function was first submitted.
    """

    opened_s: float = 0.0
    closed_s: float = 0.0
    asked: int = 0
    lanes: list[tuple[float, int]] = field(default_factory=list)
    starts: list[tuple[float, int]] = field(default_factory=list)
    ends: list[tuple[float, int]] = field(default_factory=list)
    tasks: dict[str, float] = field(default_factory=dict)
    failures: int = 0
    in_flight: int = 0
    most_over_bound: int = 0
    fewest_kept: int | None = None
    driver_cpu_s: float = 0.0


@dataclass
class RehearsalSession:
    """Wraps another session: it watches the runtimes and makes scripted replicas."""

    session: Session
    script: Script
    settings: ReplicaSettings
    watched: Watched
    on_pages: Callable[[int, int], None]
    least_lanes: int = 0
    isolated: bool = True

    @property
    def metrics(self) -> Sink:
        return self.session.metrics

    @contextmanager
    def runtime(self, replicas: ReplicaSpec | None = None) -> Iterator[Runtime]:
        if replicas is None:
            with self.session.runtime() as runtime:
                yield _WatchedRuntime(runtime, self.watched)
            return
        watched = self.watched
        watched.opened_s, watched.asked = time.monotonic(), replicas.count
        cpu_s = time.process_time()
        make = functools.partial(load_scripted, self.script, self.settings)
        with self.session.runtime(replace(replicas, make=make)) as runtime:
            yield _WatchedPass(runtime, watched, self.on_pages, self.least_lanes)
            watched.closed_s = time.monotonic()
            watched.driver_cpu_s = time.process_time() - cpu_s


@dataclass
class _WatchedRuntime:
    runtime: Runtime
    watched: Watched

    def lanes(self) -> Sequence[Hashable]:
        return self.runtime.lanes()

    def pending_lanes(self) -> int:
        return self.runtime.pending_lanes()

    def failed_lanes(self) -> int:
        return self.runtime.failed_lanes()

    def keep(self, count: int) -> None:
        self.runtime.keep(count)

    def start(self, chain: Sequence[Step], item: Any, lane: Hashable) -> Hashable:
        self.watched.tasks.setdefault(chain[0].function.__name__, time.monotonic())
        return self.runtime.start(chain, item, lane)

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        return self.runtime.wait(timeout_s)

    def expire(self, ticket: Hashable) -> None:
        self.runtime.expire(ticket)


@dataclass
class _WatchedPass(_WatchedRuntime):
    """Calls `on_pages` with the pages done and the lanes at work; shows no lane of too few."""

    on_pages: Callable[[int, int], None]
    least_lanes: int
    pages: int = 0
    where: dict[Hashable, Hashable] = field(default_factory=dict)

    def lanes(self) -> Sequence[Hashable]:
        lanes = super().lanes()
        if not self.watched.lanes or self.watched.lanes[-1][1] != len(lanes):
            self.watched.lanes.append((time.monotonic(), len(lanes)))
        if len(lanes) < self.least_lanes:
            return ()
        self.least_lanes = 0
        return lanes

    def keep(self, count: int) -> None:
        self.watched.fewest_kept = count
        super().keep(count)

    def start(self, chain: Sequence[Step], item: Any, lane: Hashable) -> Hashable:
        self.watched.starts.append((time.monotonic(), item.shard.page_count))
        on_lane = sum(other == lane for other in self.where.values()) + 1
        self.watched.most_over_bound = max(self.watched.most_over_bound, on_lane - 2)
        ticket = super().start(chain, item, lane)
        self.where[ticket] = lane
        return ticket

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        ended = super().wait(timeout_s)
        for ticket, outcome in ended:
            del self.where[ticket]
            if outcome.error is not None:
                self.watched.failures += 1
                continue
            receipt: Receipt = outcome.value.value
            count = sum(receipt.outcomes.values())
            self.watched.ends.append((time.monotonic(), count))
            self.pages += count
        self.on_pages(self.pages, len(set(self.where.values())))
        return ended


# ---- the machine --------------------------------------------------------------------------

_KINDS = (
    ("ray::ReplicaActor", "replicas"),
    ("ray::", "tasks on CPU nodes"),
    ("fork_server import serve", "raster children"),
    ("gcs_server", "GCS"),
    ("raylet/raylet", "raylets"),
    ("default_worker.py", "workers starting or idle"),
    ("ray/", "Ray's agents and monitors"),
)


@dataclass
class Machine:
    """CPU seconds by kind of process, and memory, both sampled.

    A process that ends keeps its last sample.
    """

    every_s: float = 15.0  # sampling 300 processes takes the driver 0.1 s
    peak_used_bytes: int = 0
    _cpu_s: dict[tuple[int, float], tuple[str, float]] = field(default_factory=dict)
    _used_before: int = 0

    @contextmanager
    def watched(self) -> Iterator[Machine]:
        """Sample until the context ends."""
        self._used_before = _used_bytes()
        ended = threading.Event()
        thread = threading.Thread(target=self._sample_until, args=(ended,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            thread.join()

    def _sample_until(self, ended: threading.Event) -> None:
        while not ended.wait(self.every_s):
            self.sample()

    def sample(self) -> None:
        """Take one sample."""
        self.peak_used_bytes = max(self.peak_used_bytes, _used_bytes() - self._used_before)
        for process in psutil.Process().children(recursive=True):
            try:
                with process.oneshot():
                    key = process.pid, process.create_time()
                    times, command = process.cpu_times(), " ".join(process.cmdline())
            except psutil.Error:
                continue  # it ended; its last sample stays
            kind = next((kind for part, kind in _KINDS if part in command), "others")
            self._cpu_s[key] = kind, times.user + times.system

    def cpu_s(self) -> dict[str, list[float]]:
        """CPU seconds of each process below this one so far, by kind."""
        by_kind: dict[str, list[float]] = {}
        for kind, seconds in list(self._cpu_s.values()):
            by_kind.setdefault(kind, []).append(seconds)
        return by_kind


def _used_bytes() -> int:
    memory = psutil.virtual_memory()
    return int(memory.total - memory.available)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))
