"""Chains as Ray tasks and actor calls: what the pool runs them on in a cluster."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from cluster.actors import death
from cluster.pool import Outcome, Step
from cluster.replicas import Replicas, ReplicaSpec
from schemas.errors import PageFoundryError, ShardError

_COUNT_CORES_EVERY_S = 5
_FIRST_REPLICA_WAIT_S = 0.5


@dataclass(slots=True)
class _Chain:
    """What runs for an item: its steps with references to their results.

    `is_lost`: its replica was; `began` is False where that was before it had all it reads.
    """

    lane: Any
    links: list[tuple[Step, Any]]
    is_lost: bool = False
    began: bool = True


class RayRuntime:
    """Lanes are ready replicas; for chains that need none, the cluster's cores."""

    def __init__(self, spec: ReplicaSpec | None) -> None:
        self._replicas = Replicas(spec) if spec else None
        self._chains: dict[Any, _Chain] = {}  # by the reference to its last result
        self._tasks: dict[Step, Any] = {}
        self._cores = 0
        self._counted_s = float("-inf")

    def lanes(self) -> Sequence[Hashable]:
        """The ready replicas, or the cores of now. Raises ModelError where no replica starts."""
        if self._replicas is None:
            return range(self._count_cores())
        # While there is nothing to do but wait for a first replica, wait here.
        has_work = self._chains or self._replicas.ready
        self._replicas.settle(0 if has_work else _FIRST_REPLICA_WAIT_S)
        for lane in self._replicas.on_lost_nodes():
            self._lose(lane, "its node is gone")
        return self._replicas.ready

    def _count_cores(self) -> int:
        """Cores of the cluster, counted anew as nodes come and go."""
        import ray

        if time.monotonic() - self._counted_s > _COUNT_CORES_EVERY_S:
            self._counted_s = time.monotonic()
            self._cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        return self._cores

    def pending_lanes(self) -> int:
        """Replicas that are starting, or wait for a GPU or for another try."""
        return self._replicas.starting if self._replicas else 0

    def failed_lanes(self) -> int:
        """Replicas that could not start, and are not tried any more."""
        return self._replicas.given_up if self._replicas else 0

    def keep(self, count: int) -> None:
        """End replicas without work beyond `count`, so that their nodes can be taken back."""
        if self._replicas:
            self._replicas.keep(count, {chain.lane for chain in self._chains.values()})

    def start(self, chain: Sequence[Step], item: Any, lane: Hashable) -> Hashable:
        """Submit the whole chain at once: Ray begins each step when its arguments are there."""
        results: list[Any] = []
        for step in chain:
            if step.on_replica:
                results.append(lane.run.remote(step.function, item, *results))  # type: ignore[attr-defined]
            else:
                results.append(self._task(step).remote(item, *results))
        self._chains[results[-1]] = _Chain(lane, list(zip(chain, results, strict=True)))
        return results[-1]  # type: ignore[no-any-return]

    def _task(self, step: Step) -> Any:
        import ray

        if step not in self._tasks:
            self._tasks[step] = ray.remote(step.function).options(num_cpus=step.num_cpus)
        return self._tasks[step]

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        """Chains that ended, and how."""
        import ray

        if not self._chains:
            return []
        running = list(self._chains)
        done, _ = ray.wait(running, num_returns=1, timeout=timeout_s)
        if done:
            done, _ = ray.wait(running, num_returns=len(running), timeout=0)
        return [(reference, self._outcome(reference)) for reference in done]

    def _outcome(self, reference: Any) -> Outcome:
        import ray

        chain = self._chains.pop(reference)
        try:
            value = ray.get(reference)
            if self._replicas:
                self._replicas.worked(chain.lane)
            return Outcome(value)
        except ray.exceptions.RayTaskError as exc:
            cause = exc.cause  # that of an earlier step comes through the later ones
        except ray.exceptions.RayError as exc:
            cause = exc
        if isinstance(cause, PageFoundryError):
            return Outcome(error=cause)
        if isinstance(cause, ray.exceptions.RayActorError):
            if not chain.is_lost:
                self._lose(chain.lane, death(cause))
            return Outcome(error=ShardError(death(cause)), began=chain.began)
        if isinstance(cause, ray.exceptions.RayError):
            return Outcome(error=ShardError(death(cause)))
        return Outcome(error=ShardError(f"{type(cause).__name__}: {cause}"))

    def expire(self, ticket: Hashable) -> None:
        """End the step that the chain is at; in a replica, with the replica."""
        import ray

        chain = self._chains[ticket]
        for step, result in chain.links:
            if _is_finished([result]):
                continue
            if step.on_replica:  # Ray does not cancel by force what runs in an actor
                self._lose(chain.lane, "a shard passed its deadline on it")
            else:
                ray.cancel(result, force=True)
            return

    def _lose(self, lane: Any, cause: str) -> None:
        """A replica that died takes no more work, and its chains end."""
        assert self._replicas is not None
        for chain in self._chains.values():
            if chain.lane == lane and not chain.is_lost:
                chain.is_lost = True
                first = next(n for n, (step, _) in enumerate(chain.links) if step.on_replica)
                chain.began = _is_finished([result for _, result in chain.links[:first]])
        self._replicas.replace(lane, cause)

    def close(self) -> None:
        """End the replicas."""
        if self._replicas:
            self._replicas.close()


def _is_finished(references: list[Any]) -> bool:
    import ray

    if not references:
        return True
    _, unfinished = ray.wait(references, num_returns=len(references), timeout=0, fetch_local=False)
    return not unfinished
