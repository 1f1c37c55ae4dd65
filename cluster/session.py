"""Sessions, which give the pool what to run chains on: a Ray cluster, or this process.

The Ray session is quiet: Ray's own logs stay in its session folder, and what Ray would print of
workers and nodes that die goes to the log: standard output is the command's.
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
from typing import Any, Protocol

from cluster.metrics import RaySink, SilentSink, Sink
from cluster.placing import placed
from cluster.pool import Outcome, Runtime, Step
from cluster.ray_runtime import RayRuntime
from cluster.replicas import ReplicaSpec
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
    """A session, closed again at the end. Ray is started or joined when the first work needs it.

    Args:
        address: None for a local Ray of this machine's cores, `in-process` for no Ray, else a
            Ray address (`auto`, `host:port`, `ray://...`).
        environment: variables for the processes of a Ray that runs already; one started here has
            this process's.
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
    """Whether a replica has a process of its own, which it may end."""
    metrics: Sink
    """Where the metrics of its passes go."""

    def runtime(self, replicas: ReplicaSpec | None = None) -> AbstractContextManager[Runtime]:
        """A runtime with these replicas, or with one lane a core for chains that need none."""
        ...


# ---- in this process ----------------------------------------------------------------------


class InProcessSession:
    """Runs every step in the calling thread, one chain at a time."""

    isolated = False

    def __init__(self) -> None:
        self.metrics: Sink = SilentSink()

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

    def pending_lanes(self) -> int:
        return 0

    def failed_lanes(self) -> int:
        return 0

    def keep(self, count: int) -> None:
        """The one lane stays to the end."""

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

    @contextmanager
    def runtime(self, replicas: ReplicaSpec | None = None) -> Iterator[Runtime]:
        """Replicas as Ray actors; they end with the context.

        Raises ClusterError where no Ray answers or starts, RequestError where the address is none.
        """
        if not self._is_joined:
            self._enter()
        runtime = RayRuntime(placed(replicas) if replicas else None)
        try:
            yield runtime
        finally:
            runtime.close()

    def _enter(self) -> None:
        where = "on this machine" if self._address is None else f"at {self._address}"
        self._say(f"{'starting' if self._address is None else 'joining'} Ray {where}")
        began_s = time.monotonic()
        self._started = _start_ray(self._address, self._environment)
        self._is_joined = True
        self._say(f"Ray {where} is ready: {_capacity()}, after {time.monotonic() - began_s:.1f} s")

    def close(self) -> None:
        """Leave Ray; a local one ends. A Ray that the caller had started goes on."""
        if self._started:
            import ray

            ray.shutdown()


def _start_ray(address: str | None, environment: dict[str, str]) -> bool:
    """Start or join Ray, quietly; False where this process is in one already."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # The failures that Ray means are those of chains that a run which stops has left behind.
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
        signal.signal(signal.SIGTERM, handler)  # Ray's own prints its stack
    return True


def _capacity() -> str:
    """The nodes, cores and GPUs of the Ray that this process is in."""
    import ray

    nodes = sum(node["Alive"] for node in ray.nodes())
    total = ray.cluster_resources()
    counted = ((nodes, "node"), (total.get("CPU", 0), "core"), (total.get("GPU", 0), "GPU"))
    return ", ".join(f"{count:g} {what}" + "s" * (count != 1) for count, what in counted)


def _quiet_raylets() -> None:
    """Have Ray log what it prints on standard output of each worker and node that dies.

    It does so whatever `log_to_driver` says (`listen_error_messages` of Ray 2.60), and has no
    switch for it.
    """
    from ray._private import worker

    def to_log(data: Mapping[str, Any], ignore_prefix: bool) -> None:
        for message in data["lines"]:
            log.info("Ray: %s", message)

    worker.print_to_stdstream = to_log


def _provide_token() -> None:
    """Ray keeps the token of a Ray that it starts in the home folder. Where that takes no files,
    the Ray of this process gets one that is nowhere else."""
    if os.environ.keys() & {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"}:
        return
    try:
        folder = Path.home() / ".ray"
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError):  # RuntimeError: nobody knows where it is
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def require_reachable(address: str) -> None:
    """Ray itself tries an address for minutes, and writes to the terminal meanwhile.

    Raises RequestError for what is no address, ClusterError where nobody listens.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not (host and port.isdecimal() and 0 < int(port) < 2**16):
        raise RequestError(
            f"--ray {address} is no address; give `auto`, `host:port`, `ray://host:port` or "
            f"`{IN_PROCESS}`"
        )
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_TIMEOUT_S).close()
    except OSError as exc:
        raise ClusterError(
            f"Ray at {address} does not answer: {exc}; look whether it runs, or leave out --ray to "
            "start one on this machine"
        ) from exc
