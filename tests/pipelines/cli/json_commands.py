"""Runs a command with `--json` in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PAGEFOUNDRY = str(Path(sys.executable).with_name("pagefoundry"))


def call_json(*arguments: str, cwd: Path) -> tuple[int, dict[str, Any], str]:
    """Run a command; returns its code, the one object on stdout, and stderr."""
    done = subprocess.run(
        [PAGEFOUNDRY, *arguments, "--json"], capture_output=True, text=True, check=False, cwd=cwd,
        timeout=120,
    )  # fmt: skip
    (line,) = done.stdout.splitlines()
    return done.returncode, json.loads(line), done.stderr
