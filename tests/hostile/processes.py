"""Watch the rasterising children of this process: their number and their peak memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil


@contextmanager
def watched_children() -> Iterator[dict[int, int]]:
    """Yield the peak resident MiB, by process id, of each child that runs inside the block."""
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
    """Return the ids of the rasterising children."""
    return [child.pid for child in rasterising_children()]


def rasterising_children() -> list[psutil.Process]:
    """Return the rasterising children, which are those of this process's fork servers."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):  # the child has just ended
            if any("fork_server import serve" in part for part in child.cmdline()):
                found += child.children()
    return found


def peak_mib(pid: int | str = "self") -> int:
    """Return the peak resident memory of a process; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peaks[0]) >> 10 if peaks else 0
