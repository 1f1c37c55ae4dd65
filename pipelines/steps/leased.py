"""A session under a lease: its work stops when the lease on the dataset is lost."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from cluster.pool import Outcome, Runtime, Step
from cluster.session import ReplicaSpec, Session


class Hold(Protocol):
    """What a run needs to know of its lease; `workers.dataset.lease.Lease` is one."""

    def ensure_held(self) -> None:
        """Raises LeaseError where it is known to be lost; cheap."""
        ...

    def check(self) -> None:
        """Raises LeaseError where it is lost; asks the store."""
        ...


class LeasedSession:
    """Gives the runtimes of another session; each asks `hold` at every turn of the pool."""

    def __init__(self, session: Session, hold: Hold) -> None:
        self.isolated = session.isolated
        self.metrics = session.metrics
        self._session = session
        self._hold = hold

    @contextmanager
    def runtime(self, replicas: ReplicaSpec | None = None) -> Iterator[Runtime]:
        """Raises LeaseError where the lease is lost, here or in the pool."""
        self._hold.ensure_held()
        with self._session.runtime(replicas) as runtime:
            yield _LeasedRuntime(runtime, self._hold)


@dataclass(frozen=True, slots=True)
class _LeasedRuntime:
    runtime: Runtime
    hold: Hold

    def lanes(self) -> Sequence[Hashable]:
        self.hold.ensure_held()
        return self.runtime.lanes()

    def pending_lanes(self) -> int:
        return self.runtime.pending_lanes()

    def failed_lanes(self) -> int:
        return self.runtime.failed_lanes()

    def keep(self, count: int) -> None:
        self.runtime.keep(count)

    def start(self, chain: Sequence[Step], item: Any, lane: Hashable) -> Hashable:
        return self.runtime.start(chain, item, lane)

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        return self.runtime.wait(timeout_s)

    def expire(self, ticket: Hashable) -> None:
        self.runtime.expire(ticket)
