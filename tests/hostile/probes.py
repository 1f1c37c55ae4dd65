"""Functions that tests run in a child: each tries what a document must not be able to do."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from workers.rasterising import native, office_child

SECRET_EXIT = 41


def nothing() -> None:
    """Prepare the child without doing anything."""


def prepare_without_fence(memory_bytes: int) -> str:
    """Prepare the child as on a system without a filter of system calls."""
    return "there is none here"


def prepare_as_for_libreoffice(program: str, scratch: str, memory_bytes: int) -> str | None:
    """Prepare the child as `office` does; from this module, which could not be read afterwards."""
    return office_child.prepare(program, scratch, memory_bytes)


def lead_a_group() -> None:
    """Prepare the child to start others, which end with it."""
    os.setsid()


def start_another() -> int:
    """Start a process that does not end; return its id."""
    return subprocess.Popen(["sleep", "3600"]).pid


def streams() -> list[str]:
    """Return the targets of stdout and stderr."""
    return [os.readlink(f"/proc/self/fd/{stream}") for stream in (1, 2)]


def fail_to_start(message: str) -> None:
    raise OSError(message)


def echo(value: Any) -> Any:
    return value


def spin(seconds: float) -> int:
    """Keep a core busy, as a library that hangs does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pass
    return 0


def exit_now() -> None:
    os._exit(SECRET_EXIT)


def open_files() -> dict[int, str]:
    """Return the targets of this process's open files, by their numbers."""
    folder = Path("/proc/self/fd")
    links = {int(name): folder / name for name in os.listdir(folder)}
    return {number: os.readlink(link) for number, link in links.items() if link.is_symlink()}


def surroundings() -> tuple[dict[str, str], str, list[str]]:
    """Return this process's environment, working folder and path of modules."""
    return dict(os.environ), os.getcwd(), sys.path


def behave(shared: bytes, argument: bytes, behaviour: str, size: int, seconds: float) -> bytes:
    """Answer with `size` bytes of `argument`; first sleep, stop, die or fail if asked to."""
    if behaviour == "sleep":
        time.sleep(seconds)
    elif behaviour == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif behaviour == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif behaviour == "fail":
        raise ValueError("not this one")
    return (argument[:1] or shared[:1]) * size


def large_answer(size: int) -> tuple[int, bytes]:
    """Return the process id and `size` bytes."""
    return os.getpid(), bytes(size)


def end_by(signal_number: int) -> int:
    if signal_number == 11:
        ctypes.string_at(0)
    elif signal_number:
        os.kill(os.getpid(), signal_number)
    return 0


def shared_end_by(shared: bytes, signal_number: int) -> int:
    """Call `end_by`, in a probe that takes shared bytes."""
    return end_by(signal_number)


def spend_cpu(allowed_s: float, spent_s: float) -> int:
    """Renew the limit of CPU time, then use `spent_s` of it."""
    native.allow_cpu(allowed_s)
    deadline = time.process_time() + spent_s
    while time.process_time() < deadline:
        pass
    return 0


def attempts(port: int, folder: str, names: tuple[str, ...]) -> dict[str, str]:
    """Try what is forbidden and a few things that must work; return the outcome of each."""
    tried = {
        "connect": lambda: socket.create_connection(("127.0.0.1", port), timeout=5).close(),
        "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
        "unix": lambda: socket.socket(socket.AF_UNIX).close(),
        "pair": lambda: [end.close() for end in socket.socketpair()],
        "fork": lambda: os.waitpid(_forked(), 0),
        "spawn": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
        "exec": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
        "kill": lambda: os.kill(os.getppid(), 0),
        "io_uring": _io_uring,
        "write": lambda: Path(folder, "written").write_bytes(b"x"),
        "files": lambda: [open(os.devnull) for _ in range(100)],  # noqa: SIM115
        "memory": lambda: len(bytearray(3 * 2**30)),
        "thread": _thread,
        "read": lambda: Path(__file__).read_bytes(),
    }
    return {name: _outcome(attempt) for name, attempt in tried.items() if name in names}


def _outcome(attempt: Any) -> str:
    try:
        attempt()
    except MemoryError:
        return "MemoryError"
    except OSError as exc:
        return errno.errorcode.get(exc.errno or 0, str(exc))
    return "done"


def _forked() -> int:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return pid


def _thread() -> None:
    ran = threading.Event()
    thread = threading.Thread(target=ran.set)
    thread.start()
    thread.join()
    assert ran.is_set()


def _io_uring() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(425, 8, ctypes.create_string_buffer(256)) < 0:
        raise OSError(ctypes.get_errno(), "io_uring_setup")
