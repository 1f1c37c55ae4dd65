"""Watch the rasterising children of this process: how many there were, and their peak memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil


@contextmanager
def watched_children() -> Iterator[dict[int, int]]:
    """The peak resident MiB of each child that runs meanwhile, by process id."""
    done = threading.Event()
    peaks: dict[int, int] = {}

    def watch() -> None:
        while not done.wait(0.05):
            for pid in child_ids():
                peaks[pid] = max(peaks.get(pid, 0), peak_mib(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peaks
    finally:
        done.set()
        watcher.join()


def child_ids() -> list[int]:
    """The children that rasterise, and not the one that tracks resources for multiprocessing."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):  # it ended just now
            if any("spawn_main" in part for part in child.cmdline()):
                found.append(child.pid)
    return found


def peak_mib(pid: int | str = "self") -> int:
    """The most memory that a process had resident; 0 for one that has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peaks[0]) >> 10 if peaks else 0
