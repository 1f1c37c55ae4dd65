"""The commands about jobs on a Ray cluster: submit, jobs, logs, stop."""

from __future__ import annotations

import os
import shlex
import signal
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cluster.jobs_client import connect
from cluster.submit import Job, Jobs
from pipelines.cli import json_output
from pipelines.cli.arguments import AllowRemovalFlag, JsonFlag, RecipeArg, print_result, read_recipe
from schemas.errors import MAY_PASS, UNACCOUNTED, WRONG_REQUEST

if TYPE_CHECKING:
    from pipelines.version.report import Report

app = typer.Typer()

_ADDRESS_VARIABLES = ["RAY_API_SERVER_ADDRESS", "RAY_ADDRESS"]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="URL",
        envvar=_ADDRESS_VARIABLES,
        help="The URL of the cluster's dashboard, such as http://head:8265. The default is the Ray "
        "of this machine.",
    ),
]
JobArg = Annotated[
    str, typer.Argument(metavar="ID", help="The job's id, as `pagefoundry jobs` lists it.")
]
# The exit code of a shell for a command that Ctrl-C ended.
_INTERRUPTED = 130
# The exit codes of a failed run; any other code comes from something else than PageFoundry.
_RUN_CODES = (UNACCOUNTED, WRONG_REQUEST, MAY_PASS)


def _say(line: str) -> None:
    Console(stderr=True).print(line, soft_wrap=True, markup=False, highlight=False)


@app.command()
def submit(
    recipe: RecipeArg,
    address: AddressOption = None,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Show the run until it ends, and exit with its exit code."),
    ] = False,
    ship: Annotated[
        bool,
        typer.Option(
            "--ship/--image-code",
            help="Ship the code of this PageFoundry, or use the code in the cluster's image.",
        ),
    ] = True,
    re_read: Annotated[
        bool, typer.Option("--re-read", help="Read every page again under the changed settings.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Let the job wait while another run holds the dataset.")
    ] = False,
    allow_removal: AllowRemovalFlag = False,
    python: Annotated[
        str | None,
        typer.Option(
            "--python",
            metavar="PATH",
            help="The Python interpreter on the head that runs the job. The default is Ray's own.",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run a recipe as a job on a Ray cluster.

    If a job already runs this recipe, no second one is started: the first is named, and followed
    if --follow is given. No secret is sent: the cluster needs its own keys to its stores.
    """
    parsed = read_recipe(recipe)

    from pipelines.cli.shipping import JobOptions, local_paths, packed, portable
    from pipelines.planning.check import Where, require_runnable

    parsed = portable(parsed)
    require_runnable(parsed, Where(reads=False, lists=False))
    cluster = Jobs(connect(address))
    options = JobOptions(ship, re_read, wait, allow_removal, python)
    with packed(parsed, options) as request:
        job, is_new = cluster.start(request)
    what = "is submitted" if is_new else f"already runs this recipe, since {job.since}"
    paths = local_paths(parsed) if is_new else []
    asides = (
        [f"every machine of the cluster must have these paths: {', '.join(paths)}"] if paths else []
    )
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


def _print(value: Mapping[str, object], as_json: bool, lines: Iterable[str]) -> None:
    """Print a result as JSON, or as lines for people, not wrapped so that they can be copied."""
    if as_json:
        json_output.write(value)
    else:
        print("\n".join(lines))


def _command(verb: str, job_id: str, address: str | None, *more: str) -> str:
    """A command to copy; it has the address unless the environment already sets it."""
    words = ["pagefoundry", verb, job_id, *more]
    known = next((os.environ[name] for name in _ADDRESS_VARIABLES if os.environ.get(name)), None)
    if address is not None and address != known:
        words += ["--address", address]
    return shlex.join(words)


@app.command()
def jobs(address: AddressOption = None, as_json: JsonFlag = False) -> None:
    """List the jobs of a cluster, including those that have ended."""
    listed = Jobs(connect(address)).list()
    _print({"jobs": [asdict(job) for job in listed]}, as_json, _job_lines(listed, time.time()))


def _job_lines(listed: Sequence[Job], now_s: float) -> Iterator[str]:
    """A heading and one line for each job, in aligned columns."""
    rows = [("id", "state", "since (UTC)", "duration", "dataset", "message")]
    for job in listed:
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
        bool,
        typer.Option("--follow", help="Show the run until it ends, and exit with its exit code."),
    ] = False,
    address: AddressOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Print the output of a job, in the form that a run on this machine has."""
    cluster = Jobs(connect(address))
    if follow:
        cluster.get(job_id)
        _follow(cluster, job_id, address, as_json)
        return
    from pipelines.cli.job_log import JobLog

    console = Console(stderr=as_json)
    with closing(JobLog(job_id, console, live=False)) as log:
        for line in cluster.logs(job_id).splitlines():
            log.take(line)
    if log.report is not None:
        _print_report(log.report, as_json)


def _print_report(report: Report, as_json: bool) -> None:
    from pipelines.cli.show import run as show

    print_result(report, as_json, show.report)


@app.command()
def stop(
    job_id: JobArg,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the job has ended.")] = False,
    address: AddressOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Stop a job. To go on from where it stopped, submit its recipe again."""
    cluster = Jobs(connect(address))
    job = cluster.get(job_id)
    is_stopped = not job.has_ended and cluster.stop(job_id)
    if wait:
        job = cluster.wait(job_id)
    what = f"had already ended: {job.state}"
    if is_stopped:
        what = (
            f"has ended: {job.state}" if wait else "is stopping; `pagefoundry jobs` shows its state"
        )
    ended = {"id": job_id, "state": job.state, "is_stopped": is_stopped}
    _print(ended, as_json, [f"{job_id} {what}"])


def _follow(
    cluster: Jobs, job_id: str, address: str | None, as_json: bool, greeting: Sequence[str] = ()
) -> None:
    """Show a job until it ends, and exit with its code. After Ctrl-C the job goes on."""
    from pipelines.cli.job_log import JobLog

    follow_command = _command("logs", job_id, address, "--follow")
    job = None
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for line in greeting:
            _say(line)
        with closing(JobLog(job_id, Console(stderr=True))) as log:
            job = cluster.follow(job_id, log.take, _say)
    except KeyboardInterrupt:
        _say(f"pagefoundry: {job_id} goes on; to follow it again, run `{follow_command}`; "
             f"to stop it, run `{_command('stop', job_id, address)}`")  # fmt: skip
        raise typer.Exit(_INTERRUPTED) from None
    if job is None:
        _say(f"pagefoundry: {cluster.address} does not answer any more; {job_id} goes on if the "
             f"cluster still runs; to follow it again, run `{follow_command}`")  # fmt: skip
        raise typer.Exit(MAY_PASS)
    if log.report is not None:
        _print_report(log.report, as_json)
    if job.state == "STOPPED":
        _say(f"pagefoundry: {job_id} was stopped; to go on, submit its recipe again")
    elif job.state == "FAILED" and job.exit_code not in _RUN_CODES:
        _say(f"pagefoundry: {job_id} failed: {job.message}")
    if job.state != "SUCCEEDED":
        code = job.exit_code if job.exit_code in _RUN_CODES else UNACCOUNTED
        failure = log.failure or {"kind": "job", "message": f"{job_id} {job.state}: {job.message}"}
        json_output.write_failure(failure["kind"], failure["message"], code)
        raise typer.Exit(code)
