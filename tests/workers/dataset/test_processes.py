"""Processes: alive, dead, not reaped, another with the same number, and none of this machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from workers.dataset.processes import is_alive, process_of, this_process


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_process_knows_itself() -> None:
    assert this_process() == this_process()
    assert is_alive(this_process()) is True


def test_a_killed_process_is_dead_before_and_after_it_is_reaped(
    sleeper: subprocess.Popen[bytes],
) -> None:
    process = process_of(sleeper.pid)
    assert is_alive(process) is True
    sleeper.kill()
    while is_alive(process):  # until the kernel has ended it; nobody has waited for it yet
        pass
    assert sleeper.returncode is None
    sleeper.communicate()
    assert is_alive(process) is False


def test_another_process_with_the_same_number_is_not_it() -> None:
    mine = this_process()
    assert is_alive(replace(mine, start_ticks=mine.start_ticks + 1)) is False


@pytest.mark.parametrize("elsewhere", [{"host": "elsewhere"}, {"machine": "another boot"}])
def test_nothing_is_known_of_other_machines(elsewhere: dict[str, str]) -> None:
    assert is_alive(replace(this_process(), **elsewhere)) is None
    assert is_alive(replace(this_process(), pid=2**22 + 1, **elsewhere)) is None
