"""Runs a command with `--json` in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests import fork_server


def call_json(*arguments: str, cwd: Path) -> tuple[int, dict[str, Any], str]:
    """Run a command; returns its code, the one object on stdout, and stderr."""
    done = fork_server.call(*arguments, "--json", cwd=cwd)
    (line,) = done.stdout.splitlines()
    return done.returncode, json.loads(line), done.stderr
