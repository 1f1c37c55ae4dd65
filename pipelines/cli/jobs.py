"""The commands about jobs on a Ray cluster: submit, jobs, logs, stop."""

from __future__ import annotations

import os
import shlex
import signal
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from cluster.jobs_client import connect
from cluster.submit import Job, Jobs
from pipelines.cli import json_output
from pipelines.cli.arguments import AllowRemovalFlag, JsonFlag, RecipeArg, print_result, read_recipe
from pipelines.cli.job_log import JobLog
from pipelines.cli.shipping import JobOptions, local_paths, packed, portable
from pipelines.cli.show import results as show
from pipelines.planning import Where, require_runnable
from schemas.errors import MAY_PASS, UNACCOUNTED, WRONG_REQUEST

app = typer.Typer()

_ADDRESS_VARIABLES = ["RAY_API_SERVER_ADDRESS", "RAY_ADDRESS"]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="URL",
        envvar=_ADDRESS_VARIABLES,
        help="The cluster's dashboard, as http://head:8265; by default the Ray of this machine.",
    ),
]
JobArg = Annotated[str, typer.Argument(metavar="ID", help="The job's id; `jobs` lists them.")]
# As a shell has it for a command that Ctrl-C ended.
_INTERRUPTED = 130
# A run that fails says why by one of these; another code is that of something else.
_CODES = (UNACCOUNTED, WRONG_REQUEST, MAY_PASS)


def _say(line: str) -> None:
    Console(stderr=True).print(line, soft_wrap=True, markup=False, highlight=False)


@app.command()
def submit(
    recipe: RecipeArg,
    address: AddressOption = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Show the run until it ends, and end with its code.")
    ] = False,
    ship: Annotated[
        bool,
        typer.Option(
            "--ship/--image-code",
            help="Ship this PageFoundry's code, or run the one of the cluster's image.",
        ),
    ] = True,
    re_read: Annotated[
        bool, typer.Option("--re-read", help="Read every page again under changed settings.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Have the job wait while another run holds the dataset.")
    ] = False,
    allow_removal: AllowRemovalFlag = False,
    python: Annotated[
        str | None,
        typer.Option(
            "--python",
            metavar="PATH",
            help="The head's interpreter for the run; by default the one that Ray runs on there.",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run a recipe as a job on a Ray cluster.

    A job that runs this recipe already is not started twice: it is named, and followed where
    --follow is given. Secrets do not travel: the cluster has its own keys to its stores.
    """
    parsed = portable(read_recipe(recipe))
    require_runnable(parsed, Where(reads=False, lists=False))
    cluster = Jobs(connect(address))
    options = JobOptions(ship, re_read, wait, allow_removal, python)
    with packed(parsed, options) as request:
        job, is_new = cluster.start(request)
    what = "is submitted" if is_new else f"runs already since {job.since}"
    paths = local_paths(parsed) if is_new else []
    asides = [f"these must be on every machine of the cluster: {', '.join(paths)}"] if paths else []
    if follow:
        _follow(cluster, job.id, address, as_json, [f"{job.id} {what}", *asides])
        return
    started = {"id": job.id, "dataset": job.dataset, "state": job.state, "is_new": is_new}
    lines = [
        f"{job.id} {what}",
        f"  follow it: {_command('logs', job.id, address, '--follow')}",
        f"  stop it:   {_command('stop', job.id, address)}",
    ]
    _print(started, as_json, lines)
    for line in asides:
        _say(line)


def _print(value: Mapping[str, Any], as_json: bool, lines: Iterable[str]) -> None:
    """A result for machines, or as lines that are never wrapped, so that they can be copied."""
    if as_json:
        json_output.write(value)
    else:
        print("\n".join(lines))


def _command(verb: str, job_id: str, address: str | None, *more: str) -> str:
    """A command for people to copy; the address is in it where it is not in the environment."""
    words = ["pagefoundry", verb, job_id, *more]
    known = next((os.environ[name] for name in _ADDRESS_VARIABLES if os.environ.get(name)), None)
    if address is not None and address != known:
        words += ["--address", address]
    return shlex.join(words)


@app.command()
def jobs(address: AddressOption = None, as_json: JsonFlag = False) -> None:
    """List the jobs of a cluster, those that have ended too."""
    found = Jobs(connect(address)).list()
    now_s = time.time()
    _print({"jobs": [asdict(job) for job in found]}, as_json, _listed(found, now_s))


def _listed(found: Sequence[Job], now_s: float) -> Iterator[str]:
    rows = [("id", "state", "since (UTC)", "duration", "dataset", "message")]
    for job in found:
        seconds = int((job.ended_s or now_s) - (job.started_s or now_s))
        duration = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        since = job.since.removesuffix(" UTC")
        rows.append((job.id, job.state, since, duration, job.dataset or "?", job.message))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


@app.command()
def logs(
    job_id: JobArg,
    follow: Annotated[
        bool, typer.Option("--follow", help="Show the run until it ends, and end with its code.")
    ] = False,
    address: AddressOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Print what a job has printed, as a run on this machine would have printed it."""
    cluster = Jobs(connect(address))
    if follow:
        cluster.get(job_id)
        _follow(cluster, job_id, address, as_json)
        return
    console = Console(stderr=as_json)
    with closing(JobLog(job_id, console, live=False)) as log:
        for line in cluster.logs(job_id).splitlines():
            log.take(line)
    if log.report is not None:
        print_result(log.report, as_json, show.report)


@app.command()
def stop(
    job_id: JobArg,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it has ended.")] = False,
    address: AddressOption = None,
    as_json: JsonFlag = False,
) -> None:
    """End a job. Submitting its recipe again goes on from where it was."""
    cluster = Jobs(connect(address))
    job = cluster.get(job_id)
    is_stopped = not job.has_ended and cluster.stop(job_id)
    if wait:
        job = cluster.wait(job_id)
    what = f"has ended already: {job.state}"
    if is_stopped:
        what = f"has ended: {job.state}" if wait else "is told to end; `pagefoundry jobs` shows it"
    ended = {"id": job_id, "state": job.state, "is_stopped": is_stopped}
    _print(ended, as_json, [f"{job_id} {what}"])


def _follow(
    cluster: Jobs, job_id: str, address: str | None, as_json: bool, greeting: Sequence[str] = ()
) -> None:
    """Show a job until it ends; leaves with its code. Ctrl-C leaves it too, and the job goes on."""
    again = _command("logs", job_id, address, "--follow")
    job = None
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for line in greeting:
            _say(line)
        with closing(JobLog(job_id, Console(stderr=True))) as log:
            job = cluster.follow(job_id, log.take, _say)
    except KeyboardInterrupt:
        _say(f"pagefoundry: {job_id} goes on; follow it again by `{again}`, "
             f"stop it by `{_command('stop', job_id, address)}`")  # fmt: skip
        raise typer.Exit(_INTERRUPTED) from None
    if job is None:
        _say(f"pagefoundry: {cluster.address} does not answer any more; {job_id} goes on where the "
             f"cluster does; follow it again by `{again}`")  # fmt: skip
        raise typer.Exit(MAY_PASS)
    if log.report is not None:
        print_result(log.report, as_json, show.report)
    if job.state == "STOPPED":
        _say(f"pagefoundry: {job_id} was stopped; submit its recipe again to go on")
    elif job.state == "FAILED" and job.exit_code not in _CODES:
        _say(f"pagefoundry: {job_id} failed: {job.message}")
    if job.state != "SUCCEEDED":
        code = job.exit_code if job.exit_code in _CODES else UNACCOUNTED
        failure = log.failure or {"kind": "job", "message": f"{job_id} {job.state}: {job.message}"}
        json_output.write_failure(failure["kind"], failure["message"], code)
        raise typer.Exit(code)
