"""Shows the log of a job as a run on this machine shows itself.

The job prints records of its progress and, at its end, its report as JSON
(`pipelines.cli.shipping`). Anything else, as another entrypoint prints, is shown as it is.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from rich.console import Console

from cluster.progress import Drawing, Record
from pipelines.run import Report

_REPORT_KEYS = {field.name for field in fields(Report)}


class JobLog:
    """Takes the lines of a job's log.

    `report` is the run's, and `failure` why it failed, once it was printed.
    """

    def __init__(self, job_id: str, console: Console, live: bool = True) -> None:
        self.report: Report | None = None
        self.failure: dict[str, str] | None = None
        self._console = console
        self._drawing = Drawing(console, live)
        # Ray writes this line when it starts the command; what it writes before is its own.
        self._start = f"Running entrypoint for job {job_id}:"
        self._before: list[str] | None = []

    def take(self, line: str) -> None:
        """Show a line."""
        if self._before is not None:
            self._before.append(line)
            if line.startswith(self._start):
                self._before = None
        elif record := Record.from_line(line):
            self._drawing.take(record)
        elif report := _report_of(line):
            self.report = report
        elif failure := _failure_of(line):
            self.failure = failure  # its line for people came before
        else:
            self._console.out(line, highlight=False)

    def close(self) -> None:
        """Take the bar away; where the command never started, show what Ray wrote."""
        self._drawing.close()
        for line in self._before or ():
            self._console.out(line, highlight=False)
        self._before = []


def _report_of(line: str) -> Report | None:
    value = _object_of(line)
    return Report(**value) if value.keys() == _REPORT_KEYS else None


def _failure_of(line: str) -> dict[str, str] | None:
    value = _object_of(line)
    return value["error"] if value.keys() == {"error"} else None


def _object_of(line: str) -> dict[str, Any]:
    if not line.startswith("{"):
        return {}
    try:
        value: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return value
