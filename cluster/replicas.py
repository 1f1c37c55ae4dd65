"""The replicas of a pass as Ray actors: started, ready, lost and replaced, ended.

It guarantees:

- Every place of the pass has a replica that is starting, ready, or waiting for a retry, until the
  place is given up (`cluster.places` decides that) or no longer needed.
- A replica that is lost, or whose node is lost, is ended and replaced at once. Ray starts the new
  one where there is room, and its autoscaler adds missing nodes.
- The pass stops with an error if no replica can start, if fewer than `fewest` places are left, or
  if fewer replicas were ready for `start_timeout_s`. The loss of others does not stop it.
- No actor outlives `close`, which also logs why the pass ran without some replicas.

Does not know what runs on a replica.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cluster.actors import death, devices, replica_actor
from cluster.places import BACKOFF_S, LOSSES_IN_A_ROW, Device, Failure, Place, Places
from schemas.errors import ModelError, PageFoundryError, RequestError

if TYPE_CHECKING:
    from ray import ObjectRef
    from ray.actor import ActorHandle

log = logging.getLogger(__name__)

# If a node dies while its replicas wait for pages, no call fails that would report it.
_LOOK_EVERY_S = 2


@dataclass(frozen=True, slots=True)
class ReplicaSpec:
    """How many replicas a pass wants, how to make one, and what each occupies.

    Args:
        fewest: how many must be ready for the pass to go on.
        start_timeout_s: how long the pass waits for these, including the start of nodes; and how
            long a replica may take to load once it has room.
        backoff_s: the pauses before a failed start is retried; after the last, its place is given
            up.
        resources: Ray's custom resources that a replica takes (`cluster.placing`).
        calls_at_once: how many calls a replica works at side by side, in threads of its own. Only a
            replica whose engine batches over calls gains by more than one.
    """

    make: Callable[[], object]
    count: int
    num_gpus: float = 0
    start_timeout_s: float = float("inf")
    fewest: int = 1
    backoff_s: tuple[float, ...] = BACKOFF_S
    resources: Mapping[str, float] = field(default_factory=dict)
    calls_at_once: int = 1


@dataclass(slots=True, eq=False)
class _Start:
    """An actor that is not ready: it waits for room until its `device` is known, then it loads."""

    place: Place
    actor: ActorHandle
    device_ref: ObjectRef
    load_ref: ObjectRef  # to None, or to the error
    device: Device | None = None
    expires_at_s: float = float("inf")


class Replicas:
    """The actors of a spec. Each is starting or ready until it is lost or ended."""

    def __init__(self, spec: ReplicaSpec) -> None:
        self._spec = spec
        self._fewest = min(spec.fewest, spec.count)
        self._places = Places(spec.count, spec.backoff_s)
        self._ready: dict[ActorHandle, tuple[Place, Device]] = {}
        self._starts: list[_Start] = []
        self._resting: list[tuple[float, Place]] = []  # when each place is retried
        self._warned: set[str] = set()
        self._has_stopped = False
        self._last_enough_s = self._looked_s = time.monotonic()
        for _ in range(spec.count):
            self._start(Place())

    @property
    def ready(self) -> Sequence[ActorHandle]:
        """The actors that can take calls."""
        return tuple(self._ready)

    @property
    def starting(self) -> int:
        """How many are starting, or wait for a retry."""
        return len(self._starts) + len(self._resting)

    @property
    def given_up(self) -> int:
        """How many places were given up."""
        return len(self._places.given_up)

    def _start(self, place: Place) -> None:
        spec = self._spec
        actor = replica_actor(spec.num_gpus, spec.resources, place.avoided, spec.calls_at_once)
        device, load = actor.device.remote(), actor.load.remote(self._spec.make)
        self._starts.append(_Start(place, actor, device, load))

    def settle(self, timeout_s: float) -> None:
        """Update the ready replicas, waiting up to `timeout_s` for all that are starting.

        Raises:
            ModelError: no replica can start, or too few were ready for too long.
            RequestError: no replica can start because the recipe is wrong.
        """
        import ray

        now_s = time.monotonic()
        for due in [resting for resting in self._resting if resting[0] <= now_s]:
            self._resting.remove(due)
            self._start(due[1])
        if self._starts:
            refs = [ref for start in self._starts for ref in (start.device_ref, start.load_ref)]
            done, _ = ray.wait(refs, num_returns=len(refs), timeout=timeout_s)
            for start in list(self._starts):
                self._update(start, set(done))
        try:
            self._check()
        except PageFoundryError:
            self._has_stopped = True
            raise

    def _update(self, start: _Start, done: set[ObjectRef]) -> None:
        import ray

        try:
            if start.device is None and start.device_ref in done:
                start.device = ray.get(start.device_ref)
                start.expires_at_s = time.monotonic() + self._spec.start_timeout_s
            error = ray.get(start.load_ref) if start.load_ref in done else None
        except ray.exceptions.RayError as exc:
            error = ModelError(death(exc))
        if error is None and time.monotonic() > start.expires_at_s:
            error = ModelError(f"it did not load within {self._spec.start_timeout_s:g} s")
        if error is not None:
            self._fail(start, error)
        elif start.load_ref in done and start.device is not None:
            self._starts.remove(start)
            self._ready[start.actor] = start.place, start.device
            self._places.begin(start.place)

    def _fail(self, start: _Start, error: PageFoundryError) -> None:
        import ray

        self._starts.remove(start)
        ray.kill(start.actor)
        if start.device and start.device.node not in _alive_nodes():
            self._start(start.place)  # the loss of its node tells nothing about the next start
            return
        if isinstance(error, RequestError) and not self._places.has_begun:
            self._has_stopped = True
            raise error
        failure = Failure(str(error), start.device)
        pause_s = self._places.fail(start.place, failure)
        if pause_s is None:
            self._warn(failure)
        else:
            log.info("a replica cannot start: %s; retrying in %g s", failure, pause_s)
            self._resting.append((time.monotonic() + pause_s, start.place))

    def _warn(self, failure: Failure) -> None:
        """Log at once why a place was given up; `close` logs the counts."""
        level = logging.INFO if failure.cause in self._warned else logging.WARNING
        self._warned.add(failure.cause)
        log.log(level, "the pass goes on without a replica: %s", failure)

    def _check(self) -> None:
        """Raises ModelError if the pass cannot go on."""
        now_s = time.monotonic()
        if len(self._ready) >= self._fewest:
            self._last_enough_s = now_s
            return
        if self._is_hopeless():
            raise ModelError(f"no replica can start: {self._places.why()}")
        left = len(self._left())
        if left == 0 or left < self._fewest:
            raise ModelError(
                f"{left} of {self._spec.count} replicas are left, and placement.replicas asks for "
                f"at least {self._fewest}: {self._places.why()}"
            )
        if now_s - self._last_enough_s > self._spec.start_timeout_s:
            raise ModelError(self._too_few())

    def _is_hopeless(self) -> bool:
        if self._places.has_begun or not self._places.why():
            return False
        loading = [start.device for start in self._starts if start.device]
        return self._places.is_hopeless(
            self._left(),
            loading,
            devices(self._spec.num_gpus, self._spec.resources, self._spec.count),
        )

    def _left(self) -> list[Place]:
        """The places that were not given up."""
        ready = [place for place, _ in self._ready.values()]
        return (
            ready + [start.place for start in self._starts] + [place for _, place in self._resting]
        )

    def _too_few(self) -> str:
        count = "no replica was ready"
        if self._ready:
            count = f"fewer than the {self._fewest} replicas of placement.replicas were ready"
        why = self._places.why()
        reason = f" ({why})" if why else ""
        room = "the GPUs that" if self._spec.num_gpus else "room for what"
        if self._spec.resources:
            room = f"nodes with {', '.join(self._spec.resources)}, which is what"
        return (
            f"{count} within {self._spec.start_timeout_s:g} s{reason}; check that the cluster has "
            f"{room} a replica asks for, or raise placement.replica_start_timeout_s"
        )

    def on_lost_nodes(self) -> list[ActorHandle]:
        """The ready actors whose node is lost. Asks Ray every few seconds, else returns none."""
        now_s = time.monotonic()
        if now_s - self._looked_s < _LOOK_EVERY_S:
            return []
        self._looked_s = now_s
        alive = _alive_nodes()
        return [actor for actor, (_, device) in self._ready.items() if device.node not in alive]

    def worked(self, actor: ActorHandle) -> None:
        """Record that a chain on this actor succeeded."""
        if actor in self._ready:
            self._ready[actor][0].losses = 0

    def replace(self, actor: ActorHandle, cause: str) -> None:
        """End an actor and its calls at once, and start another in its place."""
        import ray

        if actor not in self._ready:
            return
        place, device = self._ready.pop(actor)
        ray.kill(actor)
        failure = Failure(f"it was lost {LOSSES_IN_A_ROW} times in a row: {cause}", device)
        if self._places.lose(place, failure, others=len(self._left())):
            self._start(place)
        else:
            self._warn(failure)

    def keep(self, count: int, busy: Collection[ActorHandle]) -> None:
        """End replicas beyond `count`: first those starting, then ready ones that are not busy."""
        import ray

        self._fewest = min(self._fewest, count)
        surplus = max(0, len(self._left()) - count)
        for resting in self._resting[:surplus]:
            self._resting.remove(resting)
            self._places.drop(resting[1])
            surplus -= 1
        for start in self._starts[:surplus]:
            self._starts.remove(start)
            self._places.drop(start.place)
            ray.kill(start.actor)
            surplus -= 1
        idle = [actor for actor in self._ready if actor not in busy]
        for actor in idle[:surplus]:
            del self._ready[actor]
            ray.kill(actor)

    def close(self) -> None:
        """End all replicas, and log why the pass ran without some."""
        import ray

        for actor in [*self._ready, *(start.actor for start in self._starts)]:
            ray.kill(actor)
        self._ready, self._starts, self._resting = {}, [], []
        if not self._has_stopped:
            for line in self._places.losses():
                log.warning("%s", line)


def _alive_nodes() -> set[str]:
    import ray

    return {node["NodeID"] for node in ray.nodes() if node["Alive"]}
