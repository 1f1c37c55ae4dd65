"""A session under a lease: work stops when the lease on the dataset is lost."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from cluster.pace import Turn
from cluster.runtime import Outcome, Runtime, Step
from cluster.session import ReplicaSpec, Session


class Hold(Protocol):
    """How a run asks after its lease; `workers.dataset.lease.Lease` is the real one."""

    def ensure_held(self) -> None:
        """Raises LeaseError if the lease is known to be lost. Cheap: does not ask the store."""
        ...

    def check(self) -> None:
        """Raises LeaseError if the lease is lost. Asks the store."""
        ...


class LeasedSession:
    """Another session whose runtimes ask `hold` at every turn of the pool."""

    def __init__(self, session: Session, hold: Hold) -> None:
        self.isolated = session.isolated
        self.metrics = session.metrics
        self._session = session
        self._hold = hold

    def pace(self, place: str, per_s: float) -> Turn:
        """The inner session's."""
        return self._session.pace(place, per_s)

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

    def start(self, chain: Sequence[Step], item: object, lane: Hashable) -> Hashable:
        return self.runtime.start(chain, item, lane)

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        return self.runtime.wait(timeout_s)

    def expire(self, ticket: Hashable) -> None:
        self.runtime.expire(ticket)
