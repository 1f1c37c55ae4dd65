"""The server of children: what they inherit, and that none outlives its parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.hostile.probes import end_by, nothing, open_files, surroundings
from workers.rasterising.children import Child, ChildDiedError

# No `if __name__ == "__main__"`: a script that is imported in a child would start another one.
SCRIPT = """
import os, sys, time
from tests.hostile.probes import nothing
from workers.rasterising.children import Child

child = Child(nothing)
(pid,) = child.run(os.getpid, [()], 60)
forked = os.fork()
if forked == 0:
    (other,) = Child(nothing).run(os.getpid, [()], 60)
    print(pid, other, flush=True)
    os._exit(0)
os.waitpid(forked, 0)
assert list(child.run(os.getpid, [()], 60)) == [pid]
print("done", flush=True)
time.sleep(3600)
"""


@pytest.fixture
def child() -> Iterator[Child]:
    made = Child(nothing)
    yield made
    made.close()


def server_of(child: Child) -> psutil.Process:
    (pid,) = child.run(os.getpid, [()], 60)
    server = psutil.Process(pid).parent()
    assert server is not None
    assert server.ppid() == os.getpid()
    return server


def wait_for_end(*pids: int) -> None:
    deadline = time.monotonic() + 60
    while any(map(psutil.pid_exists, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(psutil.pid_exists, pids))


def test_a_child_inherits_no_file_and_no_socket(child: Child, tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as file, socket.create_server(("127.0.0.1", 0)) as server:
        os.set_inheritable(file.fileno(), True)
        server.set_inheritable(True)
        (targets,) = child.run(open_files, [()], 60)
    own = [target for number, target in targets.items() if number > 2]
    assert len(own) == 1  # by which it is asked
    assert own[0].startswith("socket:")


def test_a_child_has_what_its_parent_has_by_now(child: Child, monkeypatch, tmp_path: Path) -> None:
    list(child.run(os.getpid, [()], 60))
    monkeypatch.setenv("PAGEFOUNDRY_TEST", "new")
    monkeypatch.delenv("PATH")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    child.close()
    (found,) = child.run(surroundings, [()], 60)
    assert found == surroundings()


def test_children_share_a_server_of_one_thread(child: Child) -> None:
    server = server_of(child)
    child.close()
    assert server_of(child) == server
    assert server.num_threads() == 1


def test_a_server_that_is_killed_is_replaced(child: Child) -> None:
    first = server_of(child)
    series = child.run(end_by, [(0,), (signal.SIGSTOP,), (0,)], 60)
    assert next(series) == 0
    first.kill()
    result = next(series)
    assert isinstance(result, ChildDiedError)
    assert result.how == "SIGKILL"
    assert list(series) == [0]
    assert server_of(child) != first


def test_no_child_outlives_its_parent_nor_imports_its_script(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as parent:
        assert parent.stdout is not None
        pid, other = map(int, parent.stdout.readline().split())
        assert parent.stdout.readline() == "done\n"
        wait_for_end(other)
        server = psutil.Process(pid).ppid()
        parent.kill()
        wait_for_end(pid, server)
