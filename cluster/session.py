"""Sessions: where the chains of a pool run, on a Ray cluster or in this process.

They guarantee:

- Ray is started or joined when the first work needs it, and never for a session without work.
- A local Ray ends with its session; a Ray that was already running goes on.
- An address where nothing listens fails within seconds, with one error; Ray itself tries for
  minutes.
- Ray prints nothing: its logs stay in its own folder, and its messages about dead workers and nodes
  go to our log, because standard output belongs to the command.
- A session in this process runs one chain at a time, in the calling thread, without Ray.
"""

from __future__ import annotations

import itertools
import logging
import os
import secrets
import signal
import socket
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cluster.metrics import RaySink, SilentSink, Sink
from cluster.pace import Pace, Turn, TurnHere, TurnOnRay, turn_on_ray
from cluster.placing import placed
from cluster.ray_runtime import RayRuntime
from cluster.replicas import ReplicaSpec
from cluster.runtime import Outcome, Runtime, Step
from schemas.errors import ClusterError, RequestError

log = logging.getLogger(__name__)

__all__ = ["IN_PROCESS", "ReplicaSpec", "Session", "open_session", "require_reachable"]

IN_PROCESS = "in-process"
CONNECT_TIMEOUT_S = 10


@contextmanager
def open_session(
    address: str | None = None,
    environment: Mapping[str, str] | None = None,
    say: Callable[[str], object] = lambda line: None,
) -> Iterator[Session]:
    """Open a session; it is closed at the end of the context.

    Args:
        address: None for a local Ray with this machine's cores, `in-process` for no Ray, else a
            Ray address (`auto`, `host:port`, `ray://...`).
        environment: variables for the processes of a Ray that is already running; a local Ray has
            those of this process.
        say: prints a line when Ray is started or joined, which takes some seconds.
    """
    if address == IN_PROCESS:
        yield InProcessSession()
        return
    session = RaySession(address, environment, say)
    try:
        yield session
    finally:
        session.close()


class Session(Protocol):
    """Gives the pool a runtime for each phase of a run."""

    isolated: bool
    """Whether each replica has its own process, which it may end."""
    metrics: Sink
    """Where the metrics of its passes go."""

    def runtime(self, replicas: ReplicaSpec | None = None) -> AbstractContextManager[Runtime]:
        """A runtime with these replicas, or with a lane for each core if chains need no replica."""
        ...

    def pace(self, place: str, per_s: float) -> Turn:
        """How tasks wait for their turns to ask a place; the same for all tasks of the session."""
        ...


# ---- in this process ----------------------------------------------------------------------


class InProcessSession:
    """Runs every step in the calling thread, one chain at a time."""

    isolated = False

    def __init__(self) -> None:
        self.metrics: Sink = SilentSink()
        self._paces: dict[str, Turn] = {}

    def pace(self, place: str, per_s: float) -> Turn:
        """Turns that this process gives itself."""
        return self._paces.setdefault(place, TurnHere(Pace(per_s)))

    @contextmanager
    def runtime(self, replicas: ReplicaSpec | None = None) -> Iterator[Runtime]:
        """One lane, with a replica made in this process if there is a spec."""
        yield _InProcessRuntime(replicas.make() if replicas else None)


@dataclass(slots=True)
class _InProcessRuntime:
    replica: object
    waiting: deque[tuple[int, Sequence[Step], object]] = field(default_factory=deque)
    tickets: Iterator[int] = field(default_factory=itertools.count)

    def lanes(self) -> Sequence[Hashable]:
        return ("this process",)

    def pending_lanes(self) -> int:
        return 0

    def failed_lanes(self) -> int:
        return 0

    def keep(self, count: int) -> None:
        """Do nothing: the only lane stays to the end."""

    def start(self, chain: Sequence[Step], item: object, lane: Hashable) -> Hashable:
        ticket = next(self.tickets)
        self.waiting.append((ticket, chain, item))
        return ticket

    def wait(self, timeout_s: float) -> list[tuple[Hashable, Outcome]]:
        if not self.waiting:
            return []
        ticket, chain, item = self.waiting.popleft()
        results: list[object] = []
        try:
            for step in chain:
                inputs = (self.replica, item) if step.on_replica else (item,)
                results.append(step.function(*inputs, *results))
        except Exception as exc:  # noqa: BLE001 - a worker's boundary: the pool decides what becomes of it
            return [(ticket, Outcome(error=exc))]
        return [(ticket, Outcome(results[-1]))]

    def expire(self, ticket: Hashable) -> None:
        """Do nothing: chains run inside `wait`, in the calling thread, so none runs now."""


# ---- on Ray -------------------------------------------------------------------------------


class RaySession:
    """Runs steps as Ray tasks, and replica steps in Ray actors."""

    isolated = True

    def __init__(
        self,
        address: str | None = None,
        environment: Mapping[str, str] | None = None,
        say: Callable[[str], object] = lambda line: None,
    ) -> None:
        self._say = say
        self._address = address
        self._environment = dict(environment or {})
        self._is_joined = False
        self._started = False
        self.metrics: Sink = RaySink()
        self._paces: dict[str, TurnOnRay] = {}

    def pace(self, place: str, per_s: float) -> Turn:
        """Turns that an actor gives. It ends with the session."""
        if not self._is_joined:
            self._open()
        if place not in self._paces:
            self._paces[place] = turn_on_ray(per_s)
        return self._paces[place]

    @contextmanager
    def runtime(self, replicas: ReplicaSpec | None = None) -> Iterator[Runtime]:
        """A runtime whose replicas are Ray actors; they end with the context.

        Raises ClusterError if no Ray answers or starts, RequestError if the address is not valid.
        """
        if not self._is_joined:
            self._open()
        runtime = RayRuntime(placed(replicas) if replicas else None)
        try:
            yield runtime
        finally:
            runtime.close()

    def _open(self) -> None:
        where = "on this machine" if self._address is None else f"at {self._address}"
        self._say(f"{'starting' if self._address is None else 'joining'} Ray {where}")
        began_s = time.monotonic()
        self._started = _start_ray(self._address, self._environment)
        self._is_joined = True
        self._say(f"Ray {where} is ready: {_capacity()}, after {time.monotonic() - began_s:.1f} s")

    def close(self) -> None:
        """Leave Ray. A local Ray ends; a Ray that was already running goes on."""
        self._paces.clear()  # an actor ends when nobody refers to it
        if self._started:
            import ray

            ray.shutdown()


def _start_ray(address: str | None, environment: dict[str, str]) -> bool:
    """Start or join Ray, without output; False if this process is already in one."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray would print the errors of chains that a stopping run leaves behind.
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized() and address in (None, "auto"):
        return False
    if address is not None and address != "auto":
        require_reachable(address)
    if address is None:
        _provide_token()
    handler = signal.getsignal(signal.SIGTERM)
    _quiet_raylets()
    try:
        ray.init(
            address=address or "local",
            include_dashboard=None if address else False,
            logging_level=logging.ERROR,
            log_to_driver=False,
            runtime_env={"env_vars": environment} if environment and address else None,
        )
    except (OSError, RuntimeError, ValueError) as exc:
        what = f"Ray at {address} does not answer" if address else "Ray cannot start here"
        raise ClusterError(f"{what}: {' '.join(str(exc).split())}") from exc
    if handler is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)  # Ray's handler prints a stack trace
    return True


def _capacity() -> str:
    """The nodes, cores and GPUs of this process's Ray."""
    import ray

    nodes = sum(node["Alive"] for node in ray.nodes())
    total = ray.cluster_resources()
    counted = ((nodes, "node"), (total.get("CPU", 0), "core"), (total.get("GPU", 0), "GPU"))
    return ", ".join(f"{count:g} {what}" + "s" * (count != 1) for count, what in counted)


def _quiet_raylets() -> None:
    """Send Ray's messages about dead workers and nodes to the log.

    Ray prints them on standard output even with `log_to_driver=False` (`listen_error_messages` of
    Ray 2.60), and has no switch for it.
    """
    from ray._private import worker

    def to_log(data: Mapping[str, list[str]], ignore_prefix: bool) -> None:
        for message in data["lines"]:
            log.info("Ray: %s", message)

    worker.print_to_stdstream = to_log


def _provide_token() -> None:
    """Give Ray a token if it cannot write its own into the home folder."""
    if os.environ.keys() & {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"}:
        return
    try:
        folder = Path.home() / ".ray"
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError):  # RuntimeError: there is no home folder
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def require_reachable(address: str) -> None:
    """Check that something listens at an address; Ray itself tries for minutes, and prints.

    Raises RequestError if the address is not valid, ClusterError if nothing listens.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not (host and port.isdecimal() and 0 < int(port) < 2**16):
        raise RequestError(
            f"--ray {address} is not a valid address; give `auto`, `host:port`, `ray://host:port` "
            f"or `{IN_PROCESS}`"
        )
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_TIMEOUT_S).close()
    except OSError as exc:
        raise ClusterError(
            f"Ray at {address} does not answer: {exc}; check that it runs, or leave out --ray to "
            "start a local Ray"
        ) from exc
