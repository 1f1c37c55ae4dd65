"""Runtimes that the pool runs chains on: a Ray cluster, or this process.

The Ray session is quiet: Ray's own logs stay in its session folder. Tasks and actors are the thin
part; what they call is passed in.
"""

from __future__ import annotations

import itertools
import logging
import os
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from cluster.pool import Outcome, Runtime, Step
from schemas.errors import ModelError, PageFoundryError, RequestError, ShardError

log = logging.getLogger(__name__)

IN_PROCESS = "in-process"
CONNECT_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class ReplicaSpec:
    """How many replicas a pass wants, what makes one, and what each occupies.

    `start_timeout_s` is how long to go without any replica, nodes that have to be brought up
    included.
    """

    make: Callable[[], Any]
    count: int
    num_gpus: float = 0
    start_timeout_s: float = float("inf")


@contextmanager
def open_session(
    address: str | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Session]:
    """A session, closed again at the end. Ray is started or joined when the first work needs it.

    Args:
        address: None for a local Ray of this machine's cores, `in-process` for no Ray, else a
            Ray address (`auto`, `host:port`, `ray://...`).
        environment: variables for the processes of a Ray that runs already; one started here has
            this process's.
    """
    if address == IN_PROCESS:
        yield InProcessSession()
        return
    session = RaySession(address, environment)
    try:
        yield session
    finally:
        session.close()


class Session(Protocol):
    """Gives the pool a runtime for each phase of a run."""

    isolated: bool
    """Whether a replica has a process of its own, which it may end."""

    def runtime(self, replicas: ReplicaSpec | None = None) -> AbstractContextManager[Runtime]:
        """A runtime with these replicas, or with one lane a core for chains that need none."""
        ...


# ---- in this process ----------------------------------------------------------------------


class InProcessSession:
    """Runs every step in the calling thread, one chain at a time."""

    isolated = False

    @contextmanager
    def runtime(self, replicas: ReplicaSpec | None = None) -> Iterator[Runtime]:
        """One lane; its replica, if any, is made here."""
        yield _InProcessRuntime(replicas.make() if replicas else None)


@dataclass(slots=True)
class _InProcessRuntime:
    replica: Any
    waiting: deque[tuple[int, Sequence[Step], Any]] = field(default_factory=deque)
    tickets: Iterator[int] = field(default_factory=itertools.count)

    def lanes(self) -> Sequence[Hashable]:
        return ("this process",)

    def start(self, chain: Sequence[Step], item: Any, lane: Hashable) -> Hashable:
        ticket = next(self.tickets)
        self.waiting.append((ticket, chain, item))
        return ticket

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        if not self.waiting:
            return []
        ticket, chain, item = self.waiting.popleft()
        results: list[Any] = []
        try:
            for step in chain:
                first = (self.replica, item) if step.on_replica else (item,)
                results.append(step.function(*first, *results))
        except Exception as exc:  # noqa: BLE001 - a worker's boundary: the pool decides what becomes of it
            return [(ticket, Outcome(error=exc))]
        return [(ticket, Outcome(results[-1]))]

    def expire(self, ticket: Hashable) -> None:
        """A chain runs within `wait`, in the calling thread: when this is called none runs."""


# ---- on Ray -------------------------------------------------------------------------------


class RaySession:
    """Runs steps as Ray tasks, and replica steps in Ray actors."""

    isolated = True

    def __init__(
        self, address: str | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self._address = address
        self._environment = dict(environment or {})
        self._cores: int | None = None
        self._started = False

    @contextmanager
    def runtime(self, replicas: ReplicaSpec | None = None) -> Iterator[Runtime]:
        """Replicas as actors that Ray restarts; they end with the context.

        Raises RequestError where the Ray address does not answer.
        """
        if self._cores is None:
            self._started = _start_ray(self._address, self._environment)
            self._cores = _cores_of_cluster()
        runtime = _RayRuntime(replicas, self._cores)
        try:
            yield runtime
        finally:
            runtime.close()

    def close(self) -> None:
        """Leave Ray; a local one ends. A Ray that the caller had started goes on."""
        if self._started:
            import ray

            ray.shutdown()


def _cores_of_cluster() -> int:
    import ray

    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _start_ray(address: str | None, environment: dict[str, str]) -> bool:
    """Start or join Ray, quietly; False where this process is in one already."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized() and address in (None, "auto"):
        return False
    if address is not None and address != "auto":
        _check_reachable(address)
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(
            address=address or "local",
            include_dashboard=None if address else False,
            logging_level=logging.ERROR,
            log_to_driver=False,
            runtime_env={"env_vars": environment} if environment and address else None,
        )
    except (ConnectionError, RuntimeError, ValueError) as exc:
        raise RequestError(f"Ray at {address or 'this machine'} does not answer: {exc}") from exc
    if handler is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)  # Ray's own prints its stack
    return True


def _check_reachable(address: str) -> None:
    """Ray itself tries an address for minutes, and writes to the terminal meanwhile."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_TIMEOUT_S).close()
    except (OSError, ValueError) as exc:
        raise RequestError(f"Ray at {address} does not answer: {exc}") from exc


class _RayRuntime:
    def __init__(self, replicas: ReplicaSpec | None, cores: int) -> None:
        self._slots = () if replicas else tuple(range(cores))
        self._start_timeout_s = replicas.start_timeout_s if replicas else float("inf")
        self._without_replica_since_s = time.monotonic()
        self._chains: dict[Any, list[tuple[Step, Any]]] = {}  # result reference -> its steps'
        self._tasks: dict[Step, Any] = {}
        self._running: dict[Any, Hashable] = {}  # result reference -> lane
        self._ready: list[Any] = []
        self._starting: dict[Any, Any] = {}  # readiness reference -> actor
        for _ in range(replicas.count if replicas else 0):
            assert replicas is not None
            actor = _replica_actor(replicas.num_gpus).remote(replicas.make)
            self._starting[actor.ready.remote()] = actor

    def lanes(self) -> Sequence[Hashable]:
        import ray

        if self._starting:
            # While there is nothing to do but wait for a first replica, wait here.
            timeout_s = 0 if self._ready or self._running else 0.5
            done, _ = ray.wait(
                list(self._starting), num_returns=len(self._starting), timeout=timeout_s
            )
            for reference in done:
                actor = self._starting.pop(reference)
                try:
                    ray.get(reference)
                except ray.exceptions.RayError as exc:
                    raise ModelError(f"a replica cannot start: {_cause(exc)}") from exc
                self._ready.append(actor)
            self._check_start()
        return self._slots or tuple(self._ready)

    def _check_start(self) -> None:
        if self._ready:
            self._without_replica_since_s = time.monotonic()
        waited_s = time.monotonic() - self._without_replica_since_s
        if waited_s > self._start_timeout_s:
            raise ModelError(
                f"no replica was ready within {self._start_timeout_s:g} s; look whether the "
                "cluster has the GPUs that a replica asks for, or raise "
                "placement.replica_start_timeout_s"
            )

    def start(self, chain: Sequence[Step], item: Any, lane: Hashable) -> Hashable:
        results: list[Any] = []
        for step in chain:
            if step.on_replica:
                results.append(lane.run.remote(step.function, item, *results))  # type: ignore[attr-defined]
            else:
                results.append(self._task(step).remote(item, *results))
        self._running[results[-1]] = lane
        self._chains[results[-1]] = list(zip(chain, results, strict=True))
        return results[-1]  # type: ignore[no-any-return]

    def expire(self, ticket: Hashable) -> None:
        import ray

        finished, _ = ray.wait(
            [result for _, result in self._chains[ticket]],
            num_returns=len(self._chains[ticket]),
            timeout=0,
            fetch_local=False,
        )
        for step, result in self._chains[ticket]:
            if result in finished:
                continue
            # Ray does not cancel by force what runs in an actor: the actor is restarted.
            if step.on_replica:
                ray.kill(self._running[ticket], no_restart=False)
            else:
                ray.cancel(result, force=True)
            return

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        import ray

        if not self._running:
            return []
        done, _ = ray.wait(list(self._running), num_returns=1, timeout=timeout_s)
        if done:
            done, _ = ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        return [(reference, self._outcome(reference)) for reference in done]

    def _outcome(self, reference: Any) -> Outcome:
        import ray

        lane = self._running.pop(reference)
        self._chains.pop(reference)
        try:
            return Outcome(ray.get(reference))
        except ray.exceptions.RayTaskError as exc:
            cause = exc.cause
            self._check_replica(lane, cause)
            if isinstance(cause, PageFoundryError):
                return Outcome(error=cause)
            return Outcome(error=ShardError(f"{type(cause).__name__}: {cause}"))
        except ray.exceptions.RayError as exc:
            self._check_replica(lane, exc)
            return Outcome(error=ShardError(_cause(exc)))

    def _check_replica(self, lane: Any, exc: object) -> None:
        """A replica that died takes no work until Ray has restarted it."""
        import ray

        if isinstance(exc, ray.exceptions.RayActorError) and lane in self._ready:
            self._ready.remove(lane)
            self._starting[lane.ready.remote()] = lane

    def _task(self, step: Step) -> Any:
        import ray

        if step not in self._tasks:
            self._tasks[step] = ray.remote(step.function).options(num_cpus=step.num_cpus)
        return self._tasks[step]

    def close(self) -> None:
        import ray

        for actor in [*self._ready, *self._starting.values()]:
            ray.kill(actor)


def _replica_actor(num_gpus: float) -> Any:
    import ray

    class ReplicaActor:
        def __init__(self, make: Callable[[], Any]) -> None:
            self._replica = make()

        @ray.method(max_task_retries=-1)  # type: ignore[untyped-decorator]
        def ready(self) -> bool:
            return True

        def run(self, function: Callable[..., Any], *args: Any) -> Any:
            return function(self._replica, *args)

    # num_cpus=0: on a laptop the replica and the rasterising tasks share the cores by time.
    return ray.remote(ReplicaActor).options(num_cpus=0, num_gpus=num_gpus, max_restarts=-1)


def _cause(exc: BaseException) -> str:
    """The most telling line of a Ray error, which often holds a whole remote traceback."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    return lines[-1] if lines else type(exc).__name__
