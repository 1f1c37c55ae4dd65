"""Shows the log of a job in the form that a run on this machine has.

The job prints records of its progress and, at its end, its report as JSON
(`pipelines.cli.shipping`). Any other line is shown as it is.
"""

from __future__ import annotations

import json
from dataclasses import fields

from rich.console import Console

from cluster.progress import Drawing, Record
from pipelines.version.report import Report

_REPORT_KEYS = {field.name for field in fields(Report)}


class JobLog:
    """Shows the lines of a job's log.

    `report` is the run's report and `failure` the error that ended the run, once the job has
    printed them.
    """

    def __init__(self, job_id: str, console: Console, live: bool = True) -> None:
        self.report: Report | None = None
        self.failure: dict[str, str] | None = None
        self._console = console
        self._drawing = Drawing(console, live)
        # Ray writes this line when it starts the command; the lines before it are Ray's own.
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
            self.failure = failure  # the message for people was printed before
        else:
            self._console.out(line, highlight=False)

    def close(self) -> None:
        """Remove the bar. If the command never started, show what Ray wrote."""
        self._drawing.close()
        for line in self._before or ():
            self._console.out(line, highlight=False)
        self._before = []


def _report_of(line: str) -> Report | None:
    value = _object_of(line)
    if value.keys() != _REPORT_KEYS:
        return None
    return Report(**value)  # type: ignore[arg-type]  # a job of this version wrote it


def _failure_of(line: str) -> dict[str, str] | None:
    value = _object_of(line)
    error = value.get("error") if value.keys() == {"error"} else None
    return error if isinstance(error, dict) else None


def _object_of(line: str) -> dict[str, object]:
    """The JSON object in a line; empty if the line is anything else."""
    if not line.startswith("{"):
        return {}
    try:
        value: dict[str, object] = json.loads(line)
    except ValueError:
        return {}
    return value
