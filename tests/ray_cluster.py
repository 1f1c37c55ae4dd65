"""A Ray cluster of two nodes in processes of their own, with dashboard and token authentication.

`COMMAND` is the command under test: this environment's, or the one that `PAGEFOUNDRY_COMMAND`
names, as `make test-wheel` does. The cluster is of the environment that the command is in.
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

import psutil

from tests import fork_server

_INSTALLED = os.environ.get("PAGEFOUNDRY_COMMAND")
COMMAND = _INSTALLED or str(Path(sys.executable).with_name("pagefoundry"))
TIMEOUT_S = 600
POLL_S = 0.01
_MARK = "PAGEFOUNDRY_TEST_MARK"
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
    """Where it is, what opens it, and the mark that its processes bear."""

    url: str
    token: str
    mark: str

    @property
    def environment(self) -> dict[str, str]:
        """What a submitter's environment has."""
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token}

    @contextmanager
    def work_suspended(self) -> Iterator[None]:
        """Meanwhile no task of a job goes on; drivers and Ray itself do."""
        titles = ("ray::raster", "ray::read_layers", "ray::finish", "ray::IDLE")
        stopped = [one for one in _family(self.mark) if _command(one).startswith(titles)]
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
    """Started, and killed at the end with all that it started; its PATH lacks the interpreter."""
    mark, token = uuid.uuid4().hex, secrets.token_hex(32)
    folder = tempfile.mkdtemp(prefix="pf-", dir="/tmp")  # Ray's sockets allow 107 characters
    environment = os.environ | {
        _MARK: mark,
        "PATH": "/usr/bin:/bin",  # where this environment's interpreter is not
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": token,
        "RAY_JOB_STOP_WAIT_TIME_S": "60",
    }
    with ExitStack() as held:
        ports = iter(_free_ports(held, len(_HEAD_PORTS) + 2 * len(_NODE_PORTS)))
    head = {name: next(ports) for name in (*_HEAD_PORTS, *_NODE_PORTS)}
    worker = {name: next(ports) for name in _NODE_PORTS}
    try:
        _start_node(["--head", "--dashboard-host=127.0.0.1", f"--temp-dir={folder}"],
                    head, environment)  # fmt: skip
        _start_node([f"--address=127.0.0.1:{head['port']}"], worker, environment)
        yield Cluster(f"http://127.0.0.1:{head['dashboard-port']}", token, mark)
    finally:
        left = _family(mark)
        for process in left:
            process.kill()
        psutil.wait_procs(left, timeout=10)
        shutil.rmtree(folder)


def _start_node(
    arguments: list[str], ports: Mapping[str, int], environment: Mapping[str, str]
) -> None:
    ray = str(Path(COMMAND).with_name("ray"))
    numbers = [f"--{name}={port}" for name, port in ports.items()]
    common = ["--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats",
              "--min-worker-port=0", "--max-worker-port=0"]  # fmt: skip
    started = subprocess.run(
        [ray, "start", *arguments, *numbers, *common],
        capture_output=True, text=True, check=False, env=environment, cwd="/", timeout=TIMEOUT_S,
    )  # fmt: skip
    assert started.returncode == 0, started.stdout + started.stderr


def _free_ports(held: ExitStack, count: int) -> list[int]:
    """Ports that nobody listens on, all held until the last is found."""
    sockets = [held.enter_context(socket.socket()) for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    return [one.getsockname()[1] for one in sockets]


def _family(mark: str) -> list[psutil.Process]:
    """What bears the mark, and its children: Ray's workers write titles over their environment."""
    found = {}
    for process in psutil.process_iter():
        try:
            if process.environ().get(_MARK) == mark:
                found |= {one.pid: one for one in (process, *process.children(recursive=True))}
        except psutil.Error:
            continue
    return list(found.values())


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


# ---- the command ---------------------------------------------------------------------------


def call(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; this environment's starts faster from the fork server."""
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
    """The command at work; killed at the end if it still is."""
    process = subprocess.Popen(
        [COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | environment, cwd=cwd,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.kill()


def interrupt(process: subprocess.Popen[str]) -> None:
    """As Ctrl-C does."""
    process.send_signal(signal.SIGINT)


def wait_until(moment: Callable[[], bool]) -> None:
    """Raises TimeoutError where it does not come."""
    deadline = time.monotonic() + TIMEOUT_S
    while not moment():
        if time.monotonic() > deadline:
            raise TimeoutError("the moment never came")
        time.sleep(POLL_S)
