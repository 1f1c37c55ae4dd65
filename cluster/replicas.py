"""The replicas of a pass as Ray actors: asked for, found ready, lost and replaced, ended.

Replicas follow the nodes. Those whose node is gone leave at once, and others are asked for in
their place: Ray starts them where there is room, and its autoscaler brings up what is missing.
What runs on a replica is not known here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.errors import ModelError

log = logging.getLogger(__name__)

# A node that dies while its replicas wait for their pages fails no call that would tell of it.
_LOOK_EVERY_S = 2


@dataclass(frozen=True, slots=True)
class ReplicaSpec:
    """How many replicas a pass wants, what makes one, and what each occupies.

    `start_timeout_s` is how long to go without any replica, nodes that have to be brought up
    included. `resources` are those of Ray's that have a name of their own (`cluster.placing`).
    """

    make: Callable[[], Any]
    count: int
    num_gpus: float = 0
    start_timeout_s: float = float("inf")
    resources: Mapping[str, float] = field(default_factory=dict)


class Replicas:
    """Actors made as a spec says; each is starting or ready until it is lost or ended."""

    def __init__(self, spec: ReplicaSpec) -> None:
        self._spec = spec
        self._actor_class = _replica_actor(spec)
        self._nodes: dict[Any, str] = {}  # ready actor -> its node's id
        self._starting: dict[Any, Any] = {}  # reference to its node's id -> actor
        self._has_begun = False
        self._last_ready_s = self._looked_s = time.monotonic()
        for _ in range(spec.count):
            self._start()

    @property
    def ready(self) -> Sequence[Any]:
        """The actors that can take calls."""
        return tuple(self._nodes)

    @property
    def starting(self) -> int:
        """How many are asked for and not ready."""
        return len(self._starting)

    def _start(self) -> None:
        actor = self._actor_class.remote(self._spec.make)
        self._starting[actor.node.remote()] = actor

    def settle(self, timeout_s: float) -> None:
        """Take in those that became ready, waiting up to `timeout_s` for all that are starting.

        Raises ModelError where none can start, or none was ready for too long.
        """
        import ray

        if self._starting:
            done, _ = ray.wait(
                list(self._starting), num_returns=len(self._starting), timeout=timeout_s
            )
            for reference in done:
                self._take_in(reference)
        now_s = time.monotonic()
        if self._nodes:
            self._last_ready_s, self._has_begun = now_s, True
        if now_s - self._last_ready_s > self._spec.start_timeout_s:
            raise ModelError(
                f"no replica was ready within {self._spec.start_timeout_s:g} s; look whether the "
                "cluster has the GPUs that a replica asks for, or raise "
                "placement.replica_start_timeout_s"
            )

    def _take_in(self, reference: Any) -> None:
        import ray

        actor = self._starting.pop(reference)
        try:
            self._nodes[actor] = ray.get(reference)
        except ray.exceptions.RayError as exc:
            # At the start it is the recipe's fault; later, that of one device among many.
            others = len(self._nodes) + len(self._starting)
            if not self._has_begun or others == 0:
                raise ModelError(f"a replica cannot start: {last_line(exc)}") from exc
            log.warning("a replica cannot start: %s; %d are left", last_line(exc), others)

    def on_lost_nodes(self) -> list[Any]:
        """Ready actors whose node is gone; asks Ray every few seconds, else says none."""
        import ray

        now_s = time.monotonic()
        if now_s - self._looked_s < _LOOK_EVERY_S:
            return []
        self._looked_s = now_s
        alive = {node["NodeID"] for node in ray.nodes() if node["Alive"]}
        return [actor for actor, node in self._nodes.items() if node not in alive]

    def replace(self, actor: Any) -> None:
        """End an actor, and whatever waits for it, at once; another is asked for in its place.

        Ray would start it anew by itself, but calls that had not reached it would wait until
        there is room for it, while other replicas are idle.
        """
        import ray

        if self._nodes.pop(actor, None) is not None:
            ray.kill(actor)
            self._start()

    def keep(self, count: int, busy: Collection[Any]) -> None:
        """End what goes beyond `count` replicas: first those starting, then ready ones not busy."""
        import ray

        surplus = len(self._nodes) + len(self._starting) - count
        for reference in list(self._starting)[: max(0, surplus)]:
            ray.kill(self._starting.pop(reference))
            surplus -= 1
        idle = [actor for actor in self._nodes if actor not in busy]
        for actor in idle[: max(0, surplus)]:
            del self._nodes[actor]
            ray.kill(actor)

    def close(self) -> None:
        """End all."""
        import ray

        for actor in [*self._nodes, *self._starting.values()]:
            ray.kill(actor)
        self._nodes, self._starting = {}, {}


def _replica_actor(spec: ReplicaSpec) -> Any:
    import ray

    class ReplicaActor:
        def __init__(self, make: Callable[[], Any]) -> None:
            self._replica = make()

        @ray.method(max_task_retries=-1)  # type: ignore[untyped-decorator]
        def node(self) -> str:
            return str(ray.get_runtime_context().get_node_id())

        def run(self, function: Callable[..., Any], *args: Any) -> Any:
            return function(self._replica, *args)

    # num_cpus=0: on a laptop the replica and the rasterising tasks share the cores by time.
    # Restarts are for a node that is lost while the replica starts.
    return ray.remote(ReplicaActor).options(
        num_cpus=0,
        num_gpus=spec.num_gpus,
        resources=dict(spec.resources),
        max_restarts=-1,
    )


def last_line(exc: BaseException) -> str:
    """The most telling line of a Ray error, which often holds a whole remote traceback."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    return lines[-1] if lines else type(exc).__name__
