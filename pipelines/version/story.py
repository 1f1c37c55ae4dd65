"""What a run prints while it works: a line for each stage, and lines that stay.

A log of these lines tells later what each run did and how long it took.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from cluster.progress import Meter, meter, print_line


class Story:
    """Shows the stages of one run on `console`, and keeps the seconds that each took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began_s = time.monotonic()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(
        self, name: str, unit: str, total: int | None = None, kept: int = 0
    ) -> Iterator[Meter]:
        """A meter for a stage. The seconds of stages with the same name are added up."""
        began_s = time.monotonic()
        try:
            with meter(self._console, name, unit, total, kept) as progress:
                yield progress
        finally:
            took_s = time.monotonic() - began_s
            self.seconds[name] = round(self.seconds.get(name, 0.0) + took_s, 3)

    def say(self, line: str) -> None:
        """Print a line that stays."""
        print_line(self._console, line)

    def all_seconds(self) -> dict[str, float]:
        """Seconds by stage, and of the whole run so far as `all`."""
        return {**self.seconds, "all": round(time.monotonic() - self._began_s, 3)}
