"""The faults by name: what each does to a run, and how the run may end."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.faults.harness import Fault, Run
from tests.marked_processes import command_of

STOP_S = 2
SERVER_DOWN_S = 2  # and 3 s until the server answers again
DAYS_S = 3 * 86_400
RASTER_SERVER = "fork_server import serve"
REPLICA = "ray::ReplicaActor"
TORN = {"rows": ".parquet", "images": ".images", "receipt": ".json"}
NOISE = ("error", "slow_down", "reset", "delay")
_KILLED = frozenset({-signal.SIGKILL})
_GAVE_UP = frozenset({0, 2, 3})  # a run survives short trouble, or ends with its cause


# ---- processes --------------------------------------------------------------------------------


def _kill_driver(run: Run) -> bool:
    _driver(run).kill()
    return True


def _terminate(run: Run) -> bool:
    _driver(run).terminate()
    return True


def _stop_a_while(run: Run) -> bool:
    stopped = run.own()  # Ray's nodes keep running, as when a driver's machine stalls
    _signal(stopped, signal.SIGSTOP)
    time.sleep(STOP_S)
    _signal(stopped, signal.SIGCONT)
    return True


def _kill_one(*words: str) -> Callable[[Run], bool]:
    """Make a fault that kills the first such process found while the run is running."""

    def strike(run: Run) -> bool:
        while run.process.poll() is None:
            for process in run.find(*words):
                process.kill()
                return True
        return False

    return strike


def _kill_raster_child(run: Run) -> bool:
    """Kill the first child that is found. It has the command line of the server that forked it."""
    while run.process.poll() is None:
        found = run.find(RASTER_SERVER)
        servers = {process.pid for process in found}
        for process in found:
            with suppress(psutil.NoSuchProcess):
                if process.ppid() in servers:
                    process.kill()
                    return True
    return False


def _kill_node(run: Run) -> bool:
    """Kill a whole node: its raylet, and all that the raylet started."""
    run.stage.props()
    return True


def _signal(processes: list[psutil.Process], number: int) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def _driver(run: Run) -> psutil.Process:
    """Return the process of the command, which `nsenter` may have started."""
    process = psutil.Process(run.process.pid)
    if run.stage.forks:
        return process
    while "pagefoundry" not in command_of(process).split(" run ")[0]:
        (process,) = process.children()
    return process


# ---- files ------------------------------------------------------------------------------------


def _tear(*kinds: str) -> Callable[[Run], bool]:
    """Kill the driver, and cut one staged file of each kind in half, each of a different shard."""

    def strike(run: Run) -> bool:
        _kill_driver(run)
        run.end()
        folder = Path(run.stage.view) / "staging"
        shards = sorted(folder.glob("*/[0-9a-f]*.json"))
        for kind, receipt in zip(kinds, shards, strict=False):
            torn = receipt.with_suffix(TORN[kind])
            os.truncate(torn, torn.stat().st_size // 2)
        return len(shards) >= len(kinds)

    return strike


def _limit_files(run: Run) -> bool:
    """Keep every file of the driver from growing past 4 KiB, as a quota does."""
    resource.prlimit(_driver(run).pid, resource.RLIMIT_FSIZE, (4096, 4096))
    return True


def _fill_disk(run: Run) -> bool:
    with _held(run), _ballast(run).open("wb", buffering=0) as ballast:
        try:
            while ballast.write(b"\0" * 65_536):
                pass
        except OSError:
            return True
    return False


@contextmanager
def _held(run: Run) -> Iterator[None]:
    """Stop the run inside the block, so that it does not get past its moment."""
    stopped = run.own()
    _signal(stopped, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(stopped, signal.SIGCONT)


def _fill_disk_a_while(run: Run) -> bool:
    filled = _fill_disk(run)
    time.sleep(STOP_S)
    _empty_disk(run)
    return filled


def _empty_disk(run: Run) -> None:
    _ballast(run).unlink()


def _ballast(run: Run) -> Path:
    return Path(run.stage.view).parent / "ballast"


def _make_read_only(run: Run) -> bool:
    """Remount read-only; retry, as the kernel refuses while a file is open for writing."""
    while run.process.poll() is None:
        with _held(run):
            if _remount(run, "ro").returncode == 0:
                return True
    return False


def _make_writable(run: Run) -> None:
    _remount(run, "rw").check_returncode()


def _remount(run: Run, how: str) -> subprocess.CompletedProcess[bytes]:
    folder = str(Path(run.stage.dataset).parent)
    command = [*run.stage.prefix, "mount", "-o", f"remount,{how}", folder]
    return subprocess.run(command, capture_output=True, check=False)


# ---- clocks -----------------------------------------------------------------------------------


def _jump(days: int) -> Callable[[Run], bool]:
    """Set the wall clock of the run and its children permanently: later runs see it too."""

    def strike(run: Run) -> bool:
        run.stage.props.write_text(f"{days * 86_400:+d}\n")
        return True

    return strike


# ---- stores -----------------------------------------------------------------------------------


def _stop_server(run: Run) -> bool:
    run.stage.props.server.kill()
    time.sleep(SERVER_DOWN_S)
    run.stage.props.server.start()
    return True


def _disturb(*kinds: str, rate: float = 1, only: str = "", limit: int | None = None):
    def strike(run: Run) -> bool:
        run.stage.props.proxy.inject(*kinds, rate=rate, only=only, limit=limit)
        return True

    return strike


def _has_disturbed(run: Run) -> bool:
    return sum(run.stage.props.proxy.faults.values()) > 0


def _calm(run: Run) -> None:
    run.stage.props.proxy.calm()


KILL_DRIVER = Fault("kill -9 of the driver", _kill_driver, _KILLED)
# A run that is still importing does not handle the signal yet, and dies of it.
_TERMINATED = frozenset({128 + signal.SIGTERM, -signal.SIGTERM})
TERMINATE = Fault("SIGTERM of the job", _terminate, _TERMINATED)
STOP = Fault("SIGSTOP, later SIGCONT", _stop_a_while)
KILL_CHILD = Fault("kill -9 of a raster child", _kill_raster_child)
KILL_REPLICA = Fault("kill -9 of a replica", _kill_one(REPLICA))
KILL_NODE = Fault("kill -9 of a whole node", _kill_node)
TEAR_ROWS = Fault("torn staged rows", _tear("rows"), _KILLED)
TEAR_IMAGES = Fault("torn staged images", _tear("images"), _KILLED)
TEAR_RECEIPT = Fault("torn receipt", _tear("receipt"), _KILLED)
TEAR_ALL = Fault("torn rows, images, receipt", _tear("rows", "images", "receipt"), _KILLED)
LIMIT_FILES = Fault(
    "file size limit", _limit_files, _GAVE_UP, is_last=True, forbidden_output="too large.*retrying"
)
FILL_DISK = Fault("full disk", _fill_disk, _GAVE_UP, _empty_disk, is_last=True)
FILL_A_WHILE = Fault("disk full for 2 s", _fill_disk_a_while, _GAVE_UP)
READ_ONLY = Fault(
    "read-only folder",
    _make_read_only,
    _GAVE_UP,
    _make_writable,
    is_last=True,
    forbidden_output="Read-only.*retrying",
)
CLOCK_AHEAD = Fault("clock jumps 3 days ahead", _jump(+3))
CLOCK_BACK = Fault("clock jumps 3 days back", _jump(-3))
STOP_SERVER = Fault("S3 server gone for 5 s", _stop_server, _GAVE_UP)
NOISE_5 = Fault(
    "S3 500/503/reset/slow, 5 %",
    _disturb(*NOISE, rate=0.05),
    _GAVE_UP,
    _calm,
    has_harmed=_has_disturbed,
)
TORN_UPLOAD = Fault(
    "torn upload",
    _disturb("torn", only="PUT", limit=1),
    _GAVE_UP,
    _calm,
    has_harmed=_has_disturbed,
)

OF_STAGE = {
    "local": [
        *(KILL_DRIVER, TERMINATE, STOP, KILL_CHILD, LIMIT_FILES),
        *(TEAR_ROWS, TEAR_IMAGES, TEAR_RECEIPT),
    ],
    "small disk": [FILL_DISK, FILL_A_WHILE, READ_ONLY, KILL_DRIVER],
    "own clock": [CLOCK_AHEAD, CLOCK_BACK, KILL_DRIVER],
    "ray": [KILL_DRIVER, TERMINATE, STOP, KILL_CHILD, KILL_REPLICA, KILL_NODE],
    "s3": [STOP_SERVER, NOISE_5, TORN_UPLOAD, KILL_DRIVER],
}
"""Which faults can strike on which stage."""
