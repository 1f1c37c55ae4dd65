"""The fence around LibreOffice, tried from inside it, with a program that is not LibreOffice."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from tests.hostile import probes
from workers.rasterising import landlock
from workers.rasterising.children import Child

MEMORY_BYTES = 2 * 2**30


def test_a_program_behind_the_fence_sees_its_own_files_and_no_network(tmp_path: Path) -> None:
    scratch, elsewhere = tmp_path / "scratch", tmp_path / "elsewhere"
    scratch.mkdir()
    elsewhere.mkdir()
    (elsewhere / "secret").write_text("secret")
    program = str(tmp_path / "office/program/soffice.bin")
    prepare = probes.prepare_as_for_libreoffice
    child = Child(prepare, program, str(scratch), MEMORY_BYTES, leads_group=True)
    names = ("connect", "udp", "unix", "fork", "write", "read", "memory")
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            calls = [(port, str(folder), names) for folder in (scratch, elsewhere)]
            inside, outside = child.run(probes.attempts, calls, 60)
            assert child.report is None
            server.setblocking(False)
            with pytest.raises(BlockingIOError):
                server.accept()
    finally:
        child.close()
    refused = [found.pop("connect") for found in (inside, outside)]
    assert set(refused) <= {"EPERM", "EACCES"}
    closed = {"udp": "EPERM", "read": "EACCES", "memory": "MemoryError"}
    assert inside == closed | {"unix": "done", "fork": "done", "write": "done"}
    assert outside == inside | {"write": "EACCES"}
    assert (scratch / "written").exists()


def test_a_system_without_landlock_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(OSError, match="there is no Landlock for darwin"):
        landlock.see_only((), ())
