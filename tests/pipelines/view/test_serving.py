"""The command: serves on loopback with a link of its own, and ends when it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from pipelines.view.ports import listening
from schemas.errors import RequestError

TIMEOUT_S = 120
COMMAND = (sys.executable, "-m", "pipelines.cli", "view")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_and_leaves_nothing(
    dataset: Path, tmp_path: Path, end: signal.Signals
) -> None:
    saved = tmp_path / "opened"
    opener = tmp_path / "browser"
    opener.write_text(f'#!/bin/sh\ncp "${{1#file://}}" {saved}.part && mv {saved}.part {saved}\n')
    opener.chmod(0o755)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = os.environ | {
        "BROWSER": f"{opener} %s", "TMPDIR": str(temporary), "XDG_CACHE_HOME": str(tmp_path),
    }  # fmt: skip
    with subprocess.Popen(
        [*COMMAND, str(dataset), "--port", "0", "--notes", str(tmp_path / "notes.jsonl")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert "version 2" in process.stdout.readline()
            link = process.stdout.readline().strip()
            assert link.startswith("http://127.0.0.1:")
            with httpx2.Client(timeout=TIMEOUT_S) as client:
                assert client.get(link.partition("?")[0]).status_code == 403
                assert client.get(link).status_code == 200
                assert "8 pages" in client.get(link.partition("?")[0]).text
        finally:
            process.send_signal(end)
            out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, out, err) == (0, "", f"opening {dataset}\n")
    assert link in saved.read_text()
    assert list(temporary.glob("pagefoundry-view-*")) == []


def test_a_port_in_use_is_told_in_one_line(dataset: Path) -> None:
    with listening(0) as taken:
        port = taken.getsockname()[1]
        assert taken.getsockname()[0] == "127.0.0.1"
        done = subprocess.run(
            [*COMMAND, str(dataset), "--no-browser", "--port", str(port)],
            capture_output=True, text=True, check=False, timeout=TIMEOUT_S,
        )  # fmt: skip
        with pytest.raises(RequestError, match=f"port {port} is in use"):
            listening(port)
    assert done.returncode == 2
    assert done.stderr == (
        f"pagefoundry: port {port} is in use; give another, or --port 0 for any\n"
    )
    assert done.stdout == ""
