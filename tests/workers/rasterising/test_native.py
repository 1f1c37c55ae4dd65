"""The fence around a child, tried from inside it."""

from __future__ import annotations

import platform
import socket
from pathlib import Path

import pytest

from tests.hostile import probes
from workers.rasterising import native
from workers.rasterising.children import Child, ChildDiedError
from workers.rasterising.render import prepare

MEMORY_BYTES = 2 * 2**30


@pytest.fixture(scope="module")
def fenced():
    child = Child(prepare, MEMORY_BYTES)
    yield child
    child.close()


def test_a_fenced_process_has_no_network_no_programs_and_limits(fenced, tmp_path: Path) -> None:
    allowed_to_others = ("connect", "udp", "unix", "pair", "fork", "spawn", "kill")
    forbidden = (*allowed_to_others, "exec", "io_uring")
    limited = {"write": "EFBIG", "files": "EMFILE", "memory": "MemoryError"}
    possible = dict.fromkeys(("thread", "read"), "done")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        tried = (server.getsockname()[1], str(tmp_path), (*forbidden, *limited, *possible))
        (found,) = fenced.run(probes.attempts, [tried], 60)
        assert found == dict.fromkeys(forbidden, "EPERM") | limited | possible
        assert fenced.report is None
        with pytest.raises(TimeoutError):
            server.accept()
        unfenced = probes.attempts(tried[0], tried[1], allowed_to_others)
        assert unfenced == dict.fromkeys(allowed_to_others, "done")


def test_what_a_fenced_process_prints_goes_nowhere(fenced) -> None:
    assert list(fenced.run(probes.streams, [()], 60)) == [["/dev/null", "/dev/null"]]


def test_cpu_time_is_renewed_for_each_call_and_ends_one_that_takes_more(fenced) -> None:
    calls = [(2, 1.5), (2, 1.5), (1, 30), (2, 0)]
    results = list(fenced.run(probes.spend_cpu, calls, 120))
    assert [r.how if isinstance(r, ChildDiedError) else r for r in results] == [0, 0, "SIGXCPU", 0]


def test_a_fence_that_cannot_be_set_up_says_so(monkeypatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    with pytest.raises(OSError, match="no filter of system calls for linux on vax"):
        native.forbid_network_and_programs()


@pytest.mark.parametrize("made", [native._filter, native._network_filter])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_jump_of_the_filter_lands_inside_it(machine: str, made) -> None:
    code = made(machine)
    count = len(code) // 8
    assert len(code) % 8 == 0
    for index in range(count):
        yes, no = code[index * 8 + 2], code[index * 8 + 3]
        assert index + 1 + max(yes, no) < count or (yes, no) == (0, 0)
