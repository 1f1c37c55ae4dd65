"""What a run prints while it works: a line for each stage, and at the end what changed.

A log of these lines tells later what each run did and how long it took.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console

from cluster.progress import Meter, meter, print_line
from schemas.changes import Counts

_SIGNS = {"added": "+", "removed": "−", "changed": "~"}


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


def change_line(changes: Counts | None, with_reasons: bool = False) -> str:
    """One line: pages that came and went by reason, and how many other rows; `—` for None.

    `with_reasons`: rejects by their reasons too.
    """
    if changes is None:
        return "—"
    reasoned = ("pages", "rejects") if with_reasons else ("pages",)
    parts = []
    for name in ("pages", "conversations", "documents", "rejects"):
        # An older version may lack a table.
        kinds = changes.get(name, {})
        words = _by_reason(kinds) if name in reasoned else _totals(kinds)
        parts += [f"{name} {words}"] if words else []
    return "; ".join(parts) or "no row"


def _by_reason(kinds: Mapping[str, Mapping[str, int]]) -> str:
    return ", ".join(
        f"{_SIGNS[kind]}{rows:,} {why}"
        for kind, whys in kinds.items()
        for why, rows in whys.items()
    )


def _totals(kinds: Mapping[str, Mapping[str, int]]) -> str:
    totals = {kind: sum(whys.values()) for kind, whys in kinds.items()}
    return " ".join(f"{_SIGNS[kind]}{rows:,}" for kind, rows in totals.items() if rows)
