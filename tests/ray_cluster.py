"""A Ray cluster of two nodes in processes of their own, with dashboard and token authentication.

`COMMAND` is the command under test: that of this environment, or the one that the variable
`PAGEFOUNDRY_COMMAND` names (`make test-wheel` sets it). The cluster runs the Ray of the command's
environment.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import fork_server
from tests.marked_processes import MARK, command_of, family, kill

_INSTALLED = os.environ.get("PAGEFOUNDRY_COMMAND")
COMMAND = _INSTALLED or str(Path(sys.executable).with_name("pagefoundry"))
TIMEOUT_S = 600
POLL_S = 0.02
_HEAD_PORTS = ("port", "dashboard-port", "ray-client-server-port")
_NODE_PORTS = (
    "dashboard-agent-listen-port",
    "dashboard-agent-grpc-port",
    "metrics-export-port",
    "runtime-env-agent-port",
    "node-manager-port",
    "object-manager-port",
)


@dataclass(frozen=True)
class Cluster:
    """The cluster's address, its token, and the mark in the environment of its processes."""

    url: str
    token: str
    mark: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that a submitter needs."""
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token}

    @contextmanager
    def work_suspended(self) -> Iterator[None]:
        """Suspend the tasks of all jobs; drivers and Ray itself keep running."""
        titles = ("ray::raster", "ray::read_layers", "ray::finish", "ray::IDLE")
        members = family(self.mark)
        stopped = [process for process in members if command_of(process).startswith(titles)]
        assert stopped, "no task is running"
        for process in stopped:
            process.suspend()
        try:
            yield
        finally:
            for process in stopped:
                if process.is_running():
                    process.resume()


@contextmanager
def ray_cluster() -> Iterator[Cluster]:
    """Start a cluster whose PATH lacks the interpreter; kill all its processes at the end."""
    mark, token = uuid.uuid4().hex, secrets.token_hex(32)
    folder = tempfile.mkdtemp(prefix="pf-", dir="/tmp")  # Ray's sockets allow 107 characters
    environment = os.environ | {
        MARK: mark,
        "PATH": "/usr/bin:/bin",  # lacks this environment's interpreter
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": token,
        "RAY_JOB_STOP_WAIT_TIME_S": "60",
    }
    with ExitStack() as held:
        ports = iter(_free_ports(held, len(_HEAD_PORTS) + 2 * len(_NODE_PORTS)))
    head = {name: next(ports) for name in (*_HEAD_PORTS, *_NODE_PORTS)}
    worker = {name: next(ports) for name in _NODE_PORTS}
    try:
        _start_node(["--head", "--no-monitor", "--dashboard-host=127.0.0.1",
                     f"--temp-dir={folder}"], head, environment)  # fmt: skip
        _start_node([f"--address=127.0.0.1:{head['port']}"], worker, environment)
        yield Cluster(f"http://127.0.0.1:{head['dashboard-port']}", token, mark)
    finally:
        kill(family(mark))
        shutil.rmtree(folder)


def _start_node(
    arguments: list[str], ports: Mapping[str, int], environment: Mapping[str, str]
) -> None:
    ray = str(Path(COMMAND).with_name("ray"))
    numbers = [f"--{name}={port}" for name, port in ports.items()]
    # Nothing here needs the autoscaler, nor workers' lines in the drivers' logs.
    common = ["--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats",
              "--include-log-monitor=false",
              "--min-worker-port=0", "--max-worker-port=0"]  # fmt: skip
    started = subprocess.run(
        [ray, "start", *arguments, *numbers, *common],
        capture_output=True, text=True, check=False, env=environment, cwd="/", timeout=TIMEOUT_S,
    )  # fmt: skip
    assert started.returncode == 0, started.stdout + started.stderr


def _free_ports(held: ExitStack, count: int) -> list[int]:
    """Ports that nobody listens on; open sockets hold all of them until the last is found."""
    sockets = [held.enter_context(socket.socket()) for _ in range(count)]
    for bound in sockets:
        bound.bind(("127.0.0.1", 0))
    return [bound.getsockname()[1] for bound in sockets]


# ---- the command ---------------------------------------------------------------------------


def call(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; the fork server starts that of this environment faster."""
    if _INSTALLED is None:
        return fork_server.call(*arguments, cwd=cwd, environment=environment)
    return subprocess.run(
        [COMMAND, *arguments], capture_output=True, text=True, check=False,
        env=os.environ | (environment or {}), cwd=cwd, timeout=TIMEOUT_S,
    )  # fmt: skip


@contextmanager
def calling(
    *arguments: str, cwd: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """Start the command, and kill it at the end if it still runs; it is read while it runs."""
    process = subprocess.Popen(
        [COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | environment, cwd=cwd,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def calling_until_it_ends(
    *arguments: str, cwd: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str] | fork_server.Command]:
    """Start the command as `call` does, without waiting; kill it at the end if it still runs."""
    if _INSTALLED is not None:
        with calling(*arguments, cwd=cwd, environment=environment) as process:
            yield process
        return
    command = fork_server.Command(*arguments, cwd=cwd, environment=environment)
    try:
        yield command
    finally:
        command.kill()


def interrupt(process: subprocess.Popen[str]) -> None:
    """Send the signal that Ctrl-C sends."""
    process.send_signal(signal.SIGINT)


def wait_until(moment: Callable[[], bool]) -> None:
    """Wait until `moment()` is true; raises TimeoutError after `TIMEOUT_S`."""
    deadline = time.monotonic() + TIMEOUT_S
    while not moment():
        if time.monotonic() > deadline:
            raise TimeoutError("the moment never came")
        time.sleep(POLL_S)
