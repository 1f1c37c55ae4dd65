"""Which process is this, and is that one alive? Without wall clocks, for this machine only."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """A process. `start_ticks` tells it from a later process with the same `pid`.

    `machine` is the kernel's boot id and the namespace of the `pid`, empty where the system does
    not say; `start_ticks` counts from boot, so that no clock can change it.
    """

    host: str
    machine: str
    pid: int
    start_ticks: int


def this_process() -> Process:
    """The calling process."""
    return process_of(os.getpid())


def process_of(pid: int) -> Process:
    """A process of this machine, with all that identifies it later."""
    state = _state_of(pid)
    return Process(socket.gethostname(), _machine(), pid, state[1] if state else 0)


def is_alive(process: Process) -> bool | None:
    """Whether a process is alive; None where this machine cannot know."""
    machine = _machine()
    if not machine or (process.machine, process.host) != (machine, socket.gethostname()):
        return None
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is alive and belongs to another user
    state = _state_of(process.pid)
    if state is None:  # it ended just now, or /proc hides the processes of other users
        return None
    letter, start_ticks = state
    return letter not in "ZX" and start_ticks == process.start_ticks


def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _state_of(pid: int) -> tuple[str, int] | None:
    """State letter and start in clock ticks since boot: fields 3 and 22 of proc_pid_stat(5)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    from_third = stat.rpartition(")")[2].split()
    return from_third[0], int(from_third[19])
