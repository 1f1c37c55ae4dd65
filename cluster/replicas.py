"""The replicas of a pass as Ray actors: asked for, found ready, lost and replaced, ended.

Replicas follow the nodes. Those whose node is gone leave at once, and others are asked for in
their place: Ray starts them where there is room, and its autoscaler brings up what is missing.
What becomes of a place whose start failed is decided by `cluster.places`. What runs on a replica
is not known here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cluster.actors import death, devices, replica_actor
from cluster.places import BACKOFF_S, LOSSES_IN_A_ROW, Device, Failure, Place, Places
from schemas.errors import ModelError, PageFoundryError, RequestError

log = logging.getLogger(__name__)

# A node that dies while its replicas wait for their pages fails no call that would tell of it.
_LOOK_EVERY_S = 2


@dataclass(frozen=True, slots=True)
class ReplicaSpec:
    """How many replicas a pass wants, what makes one, and what each occupies.

    Args:
        fewest: how many must be ready for the pass to go on.
        start_timeout_s: how long it waits for these, nodes that have to be brought up included;
            and how long one may take to load once it has room.
        backoff_s: pauses before a start that failed is tried again; its place is given up past the
            last.
        resources: those of Ray's that have a name of their own (`cluster.placing`).
    """

    make: Callable[[], Any]
    count: int
    num_gpus: float = 0
    start_timeout_s: float = float("inf")
    fewest: int = 1
    backoff_s: tuple[float, ...] = BACKOFF_S
    resources: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Start:
    """An actor that is not ready: it waits for room until its `device` is known, then it loads."""

    place: Place
    actor: Any
    found: Any  # reference to its device
    loaded: Any  # reference to None, or to what it failed with
    device: Device | None = None
    expires_at_s: float = float("inf")


class Replicas:
    """Actors made as a spec says; each is starting or ready until it is lost or ended."""

    def __init__(self, spec: ReplicaSpec) -> None:
        self._spec = spec
        self._fewest = min(spec.fewest, spec.count)
        self._places = Places(spec.count, spec.backoff_s)
        self._ready: dict[Any, tuple[Place, Device]] = {}
        self._starts: list[_Start] = []
        self._resting: list[tuple[float, Place]] = []  # places, and when each is tried again
        self._warned: set[str] = set()
        self._has_stopped = False
        self._last_enough_s = self._looked_s = time.monotonic()
        for _ in range(spec.count):
            self._start(Place())

    @property
    def ready(self) -> Sequence[Any]:
        """The actors that can take calls."""
        return tuple(self._ready)

    @property
    def starting(self) -> int:
        """How many are asked for, or will be asked for again, and not ready."""
        return len(self._starts) + len(self._resting)

    @property
    def given_up(self) -> int:
        """How many places were given up."""
        return len(self._places.given_up)

    def _start(self, place: Place) -> None:
        actor = replica_actor(self._spec.num_gpus, self._spec.resources, place.avoided)
        found, loaded = actor.device.remote(), actor.load.remote(self._spec.make)
        self._starts.append(_Start(place, actor, found, loaded))

    def settle(self, timeout_s: float) -> None:
        """Take in those that became ready, waiting up to `timeout_s` for all that are starting.

        Raises:
            ModelError: no replica can start, or too few were ready for too long.
            RequestError: none can start because of what the recipe says.
        """
        import ray

        now_s = time.monotonic()
        for due in [one for one in self._resting if one[0] <= now_s]:
            self._resting.remove(due)
            self._start(due[1])
        if self._starts:
            waited = [reference for one in self._starts for reference in (one.found, one.loaded)]
            done, _ = ray.wait(waited, num_returns=len(waited), timeout=timeout_s)
            ended = set(done)
            for start in list(self._starts):
                self._take_in(start, ended)
        try:
            self._check()
        except PageFoundryError:
            self._has_stopped = True
            raise

    def _take_in(self, start: _Start, ended: set[Any]) -> None:
        import ray

        try:
            if start.device is None and start.found in ended:
                start.device = ray.get(start.found)
                start.expires_at_s = time.monotonic() + self._spec.start_timeout_s
            error = ray.get(start.loaded) if start.loaded in ended else None
        except ray.exceptions.RayError as exc:
            error = ModelError(death(exc))
        if error is None and time.monotonic() > start.expires_at_s:
            error = ModelError(f"it did not load within {self._spec.start_timeout_s:g} s")
        if error is not None:
            self._fail(start, error)
        elif start.loaded in ended:
            assert start.device is not None  # an actor answers its calls in their order
            self._starts.remove(start)
            self._ready[start.actor] = start.place, start.device
            self._places.begin(start.place)

    def _fail(self, start: _Start, error: PageFoundryError) -> None:
        import ray

        self._starts.remove(start)
        ray.kill(start.actor)
        if start.device and start.device.node not in _alive_nodes():
            self._start(start.place)  # its node is gone, and says nothing of the next
            return
        if isinstance(error, RequestError) and not self._places.has_begun:
            self._has_stopped = True
            raise error
        failure = Failure(str(error), start.device)
        pause_s = self._places.fail(start.place, failure)
        if pause_s is None:
            self._warn(failure)
        else:
            log.info("a replica cannot start: %s; it is tried again in %g s", failure, pause_s)
            self._resting.append((time.monotonic() + pause_s, start.place))

    def _warn(self, failure: Failure) -> None:
        """Say at once what a place was given up for; `close` counts."""
        level = logging.INFO if failure.cause in self._warned else logging.WARNING
        self._warned.add(failure.cause)
        log.log(level, "the pass goes on without a replica: %s", failure)

    def _check(self) -> None:
        """Whether the pass can go on. Raises ModelError where it cannot."""
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
        return ready + [one.place for one in self._starts] + [place for _, place in self._resting]

    def _too_few(self) -> str:
        had = "no replica was ready"
        if self._ready:
            had = f"fewer than {self._fewest} replicas, as placement.replicas asks for, were ready"
        why = self._places.why()
        reason = f" ({why})" if why else ""
        room = "the GPUs that" if self._spec.num_gpus else "room for what"
        if self._spec.resources:
            room = f"nodes with {', '.join(self._spec.resources)}, which is what"
        return (
            f"{had} within {self._spec.start_timeout_s:g} s{reason}; look whether the cluster has "
            f"{room} a replica asks for, or raise placement.replica_start_timeout_s"
        )

    def on_lost_nodes(self) -> list[Any]:
        """Ready actors whose node is gone; asks Ray every few seconds, else says none."""
        now_s = time.monotonic()
        if now_s - self._looked_s < _LOOK_EVERY_S:
            return []
        self._looked_s = now_s
        alive = _alive_nodes()
        return [actor for actor, (_, device) in self._ready.items() if device.node not in alive]

    def worked(self, actor: Any) -> None:
        """It has ended a chain well."""
        if actor in self._ready:
            self._ready[actor][0].losses = 0

    def replace(self, actor: Any, cause: str) -> None:
        """End an actor, and whatever waits for it, at once; another is asked for in its place."""
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

    def keep(self, count: int, busy: Collection[Any]) -> None:
        """End what goes beyond `count` replicas: first those starting, then ready ones not busy."""
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
        """End all, and say for what causes the pass did without some."""
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
