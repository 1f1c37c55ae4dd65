"""What a process of its own costs, with those that it starts."""

from __future__ import annotations

import json
import resource
import subprocess
import time
from collections.abc import Sequence
from typing import Any


def measured(command: Sequence[str]) -> dict[str, Any]:
    """What a command prints as JSON in its last line, with its `cpu_s` and `wall_s`."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    after, wall_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**json.loads(done.stdout.splitlines()[-1]), "cpu_s": cpu_s, "wall_s": wall_s}
