"""Processes that a test has started, however deep: a mark in their environment identifies them.

Start a process with `{MARK: mark}` in its environment, where `mark` is like no other. Its children
inherit the mark.
"""

from __future__ import annotations

import psutil

MARK = "PAGEFOUNDRY_TEST_MARK"


def marked(mark: str) -> list[psutil.Process]:
    """Return all processes that have this mark in their environment."""
    return [process for process in psutil.process_iter() if _mark_of(process) == mark]


def family(*marks: str) -> list[psutil.Process]:
    """Return the processes that have one of these marks, and all their descendants.

    Ray's workers overwrite their environment with their titles, so they are found by descent.
    """
    roots = [process for mark in marks for process in marked(mark)]
    by_id = {process.pid: process for process in roots}
    for root in roots:
        try:
            by_id |= {child.pid: child for child in root.children(recursive=True)}
        except psutil.NoSuchProcess:
            continue
    return list(by_id.values())


def kill(processes: list[psutil.Process]) -> None:
    """Kill these processes, and wait until they have ended."""
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, timeout=10)


def command_of(process: psutil.Process) -> str:
    """Return the command line of a process, empty if the process has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except psutil.Error:
        return None
