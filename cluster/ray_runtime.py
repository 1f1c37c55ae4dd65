"""Runs the chains of a pool as Ray tasks and actor calls."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster.actors import death
from cluster.replicas import Replicas, ReplicaSpec
from cluster.runtime import Outcome, Step
from schemas.errors import PageFoundryError, ShardError

if TYPE_CHECKING:
    from ray import ObjectRef
    from ray.actor import ActorHandle
    from ray.remote_function import RemoteFunction

_COUNT_CORES_EVERY_S = 5
_FIRST_REPLICA_WAIT_S = 0.5


@dataclass(slots=True)
class _Chain:
    """A running chain: its steps, with references to their results.

    `is_lost`: its replica was lost; `began` is False if that was before the replica's step had its
    input. `beside` is how many others had begun on it.
    """

    lane: ActorHandle
    links: list[tuple[Step, ObjectRef]]
    is_lost: bool = False
    began: bool = True
    beside: int = 0


class RayRuntime:
    """The lanes are ready replicas, or the cluster's cores for chains that need no replica."""

    def __init__(self, spec: ReplicaSpec | None) -> None:
        self._replicas = Replicas(spec) if spec else None
        self._chains: dict[ObjectRef, _Chain] = {}  # by the reference to its last result
        self._tasks: dict[Step, RemoteFunction] = {}
        self._cores = 0
        self._counted_s = float("-inf")

    def lanes(self) -> Sequence[Hashable]:
        """The ready replicas, or the present cores. Raises ModelError if no replica can start."""
        if self._replicas is None:
            return range(self._count_cores())
        # If there is nothing to do but wait for the first replica, wait here.
        has_work = self._chains or self._replicas.ready
        self._replicas.settle(0 if has_work else _FIRST_REPLICA_WAIT_S)
        for lane in self._replicas.on_lost_nodes():
            self._lose(lane, "its node was lost")
        return self._replicas.ready

    def _count_cores(self) -> int:
        """The cores of the cluster, counted again every few seconds as nodes come and go."""
        import ray

        if time.monotonic() - self._counted_s > _COUNT_CORES_EVERY_S:
            self._counted_s = time.monotonic()
            self._cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        return self._cores

    def pending_lanes(self) -> int:
        """How many replicas are starting, or wait for a GPU or for a retry."""
        return self._replicas.starting if self._replicas else 0

    def failed_lanes(self) -> int:
        """How many replicas could not start and are not retried any more."""
        return self._replicas.given_up if self._replicas else 0

    def keep(self, count: int) -> None:
        """End idle replicas beyond `count`, so that their nodes can be released."""
        if self._replicas:
            self._replicas.keep(count, {chain.lane for chain in self._chains.values()})

    def start(self, chain: Sequence[Step], item: object, lane: Hashable) -> Hashable:
        """Submit the whole chain at once: Ray starts each step when its arguments are ready."""
        results: list[ObjectRef] = []
        for step in chain:
            if step.on_replica:
                results.append(lane.run.remote(step.function, item, *results))  # type: ignore[attr-defined]
            else:
                results.append(self._task(step).remote(item, *results))
        self._chains[results[-1]] = _Chain(lane, list(zip(chain, results, strict=True)))
        return results[-1]  # type: ignore[no-any-return]

    def _task(self, step: Step) -> RemoteFunction:
        import ray

        if step not in self._tasks:
            self._tasks[step] = ray.remote(step.function).options(num_cpus=step.num_cpus)
        return self._tasks[step]

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        """The chains that have ended, with their outcomes."""
        import ray

        if not self._chains:
            return []
        running = list(self._chains)
        done, _ = ray.wait(running, num_returns=1, timeout=timeout_s)
        if done:
            done, _ = ray.wait(running, num_returns=len(running), timeout=0)
        ended = [(reference, self._outcome(reference)) for reference in done]
        for reference in done:
            del self._chains[reference]
        return ended

    def _outcome(self, reference: ObjectRef) -> Outcome:
        import ray

        chain = self._chains[reference]
        try:
            value = ray.get(reference)
            if self._replicas:
                self._replicas.worked(chain.lane)
            return Outcome(value)
        except ray.exceptions.RayTaskError as exc:
            cause = exc.cause  # later steps pass on the error of an earlier one
        except ray.exceptions.RayError as exc:
            cause = exc
        if isinstance(cause, PageFoundryError):
            return Outcome(error=cause)
        if isinstance(cause, ray.exceptions.RayActorError):
            if not chain.is_lost:
                self._lose(chain.lane, death(cause))
            return Outcome(error=ShardError(death(cause)), began=chain.began, beside=chain.beside)
        if isinstance(cause, ray.exceptions.RayError):
            return Outcome(error=ShardError(death(cause)))
        return Outcome(error=ShardError(f"{type(cause).__name__}: {cause}"))

    def expire(self, ticket: Hashable) -> None:
        """End the chain's current step; if that runs in a replica, end the replica."""
        import ray

        chain = self._chains[ticket]
        for step, result in chain.links:
            if _is_finished([result]):
                continue
            if step.on_replica:  # Ray cannot cancel an actor's call by force
                self._lose(chain.lane, "a shard passed its deadline on it")
            else:
                ray.cancel(result, force=True)
            return

    def _lose(self, lane: ActorHandle, cause: str) -> None:
        """Replace a lost replica, and mark its chains as lost."""
        assert self._replicas is not None
        lost = [c for c in self._chains.values() if c.lane == lane and not c.is_lost]
        for chain in lost:
            chain.is_lost = True
            first = next(n for n, (step, _) in enumerate(chain.links) if step.on_replica)
            chain.began = _is_finished([result for _, result in chain.links[:first]])
        for chain in lost:
            chain.beside = sum(other.began for other in lost) - 1
        self._replicas.replace(lane, cause)

    def close(self) -> None:
        """End the replicas."""
        if self._replicas:
            self._replicas.close()


def _is_finished(references: list[ObjectRef]) -> bool:
    import ray

    if not references:
        return True
    _, unfinished = ray.wait(references, num_returns=len(references), timeout=0, fetch_local=False)
    return not unfinished
