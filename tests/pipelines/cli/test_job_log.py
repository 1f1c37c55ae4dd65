"""The log of a job, shown as a run on this machine shows itself."""

from __future__ import annotations

import io
import json
from dataclasses import asdict

from rich.console import Console

from cluster.progress import Record
from pipelines.cli.job_log import JobLog
from pipelines.run import Report

STARTED = "Running entrypoint for job pagefoundry-0-1: PAGEFOUNDRY_PROGRESS=records exec python"
REPORT = Report("data", 1, True, 2, 3, 3, {"pages": 3}, {})


def show(*lines: str) -> tuple[str, Report | None]:
    console = Console(file=io.StringIO(), width=200)
    log = JobLog("pagefoundry-0-1", console)
    for line in lines:
        log.take(line)
    log.close()
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue(), log.report


def test_what_the_run_said_is_shown_and_what_ray_said_is_not() -> None:
    ray = "2026-11-23 16:04:52,348 INFO job_manager.py:568 -- Runtime env is setting up."
    said = "pagefoundry: s3://b: [no] such bucket :smile:"
    assert show(ray, STARTED, said) == (said + "\n", None)


def test_where_the_command_never_started_ray_is_heard() -> None:
    assert show("runtime_env setup failed: disk full") == (
        "runtime_env setup failed: disk full\n", None,
    )  # fmt: skip


def test_progress_is_drawn_and_the_report_is_kept() -> None:
    record = Record("read", "pages", 3, 2, 20.0)
    report = json.dumps(asdict(REPORT))
    shown, found = show(STARTED, record.to_line(), report)
    assert shown.endswith(" read: 2/3 pages, 0.1 pages/s, 0:00:10 left\n")
    assert found == REPORT


def test_json_that_is_no_report_is_shown() -> None:
    lines = ['{"dataset": "data"}', "{", "[1]", "{1}"]
    assert show(STARTED, *lines) == ("\n".join(lines) + "\n", None)


def test_why_a_run_failed_is_kept_for_machines_and_shown_once() -> None:
    error = {"kind": "lease", "message": "data is held by another run", "exit_code": 3}
    console = Console(file=io.StringIO(), width=200)
    log = JobLog("pagefoundry-0-1", console)
    line = "pagefoundry: data is held by another run"
    for one in (STARTED, line, json.dumps({"error": error})):
        log.take(one)
    log.close()
    assert isinstance(console.file, io.StringIO)
    assert (console.file.getvalue(), log.failure) == (f"{line}\n", error)
