"""The command line. Exit codes: 0 done, others as `schemas.errors` says."""

from __future__ import annotations

import logging
import signal
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from cluster.progress import TIME_FORMAT, print_line
from cluster.session import open_session
from pipelines.cli import check, evaluate, jobs, json_output, manifest, plan, starter
from pipelines.cli.arguments import (
    AllowRemovalFlag,
    DatasetArg,
    JsonFlag,
    RayOption,
    RecipeArg,
    VerboseFlag,
    VersionOption,
    print_result,
    read_recipe,
)
from pipelines.cli.check import where_for
from pipelines.cli.show import dataset as show_dataset
from pipelines.cli.show import results as show
from pipelines.dataset import (
    DEFAULT_GRACE_HOURS,
    Retention,
    diff_versions,
    inspect_dataset,
    make_gallery,
    vacuum_dataset,
    verify_dataset,
)
from pipelines.planning.check import require
from pipelines.run import run as run_recipe
from schemas.errors import UNACCOUNTED, WRONG_REQUEST, PageFoundryError
from workers import store

app = typer.Typer(
    name="pagefoundry",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=(
        "Make deduplicated parquet datasets of image–text pairs from documents.\n\n"
        "Try it: `pagefoundry sample corpus`, `pagefoundry init`, `pagefoundry run recipe.yaml`, "
        "`pagefoundry inspect data`."
    ),
)

app.add_typer(starter.app)
app.add_typer(check.app)
app.add_typer(jobs.app)
app.add_typer(manifest.app)
app.add_typer(plan.app)
app.add_typer(evaluate.app)
console = Console(stderr=True)


@app.command()
def run(
    recipe: RecipeArg,
    ray: RayOption = None,
    re_read: Annotated[
        bool, typer.Option("--re-read", help="Read every page again under changed settings.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait while another run holds the dataset.")
    ] = False,
    allow_removal: AllowRemovalFlag = False,
    as_json: JsonFlag = False,
    verbose: VerboseFlag = False,
) -> None:
    """Bring the dataset up to date with its sources.

    A first run, the resume after a crash and the nightly refresh are this one verb: whatever is
    neither published nor staged is read, then a new version is published. With nothing new it
    reads nothing and commits nothing.
    """
    _log(verbose)
    parsed = read_recipe(recipe)
    environment = store.use_storage(parsed.storage)
    require(parsed, where_for(ray))
    with open_session(ray, environment, partial(print_line, console)) as session:
        report = run_recipe(parsed, session, console, re_read, wait, allow_removal=allow_removal)
    print_result(report, as_json, show.report)
    if report.unreadable:
        raise typer.Exit(UNACCOUNTED)


@app.command()
def inspect(
    dataset: DatasetArg,
    version: VersionOption = None,
    samples: Annotated[int, typer.Option(help="How many rows to show.")] = 3,
    versions: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many versions to tell of, newest first.")
    ] = 20,
    as_json: JsonFlag = False,
) -> None:
    """Show a dataset: what each version changed, counts, rejects, columns, a few samples."""
    found = inspect_dataset(dataset, version, samples, versions)
    print_result(found, as_json, show_dataset.inspection)


@app.command()
def gallery(
    dataset: DatasetArg,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The HTML file to write.")],
    each: Annotated[int, typer.Option(min=1, metavar="N", help="How many of each kind.")] = 1,
) -> None:
    """Write an HTML file with samples of every kind: the image, its blocks, and its text."""
    made, count = make_gallery(dataset, each)
    store.write_bytes(str(file), made.encode())
    print(f"{count} samples in {file}")


@app.command()
def diff(
    dataset: DatasetArg,
    old: Annotated[int, typer.Argument(metavar="V1", help="A version of `pages`.")],
    new: Annotated[int, typer.Argument(metavar="V2", help="The version to compare it with.")],
    limit: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many rows to list, of each table and kind.")
    ] = 20,
    as_json: JsonFlag = False,
) -> None:
    """Say what pages, documents and rejects V2 has that V1 has not, or the other way, and why."""
    print_result(diff_versions(dataset, old, new, limit), as_json, show_dataset.diff)


@app.command()
def verify(
    dataset: DatasetArg,
    version: VersionOption = None,
    ray: RayOption = "in-process",
    as_json: JsonFlag = False,
) -> None:
    """Prove that no page is lost or doubled and no part is damaged; exit 1 names what is."""
    with open_session(ray) as session:
        verdict = verify_dataset(dataset, session, version)
    print_result(verdict, as_json, show.verdict)
    if verdict.problems:
        raise typer.Exit(UNACCOUNTED)


@app.command()
def vacuum(
    dataset: DatasetArg,
    keep_versions: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Keep the newest N versions.")
    ] = None,
    keep_days: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="D",
            help="Keep every version that was the newest at any time in the last D days. "
            "7 where neither this nor --keep-versions is given; both keep what either keeps.",
        ),
    ] = None,
    grace_hours: Annotated[
        float,
        typer.Option(min=0, help="Leftovers of killed runs stay for so long."),
    ] = DEFAULT_GRACE_HOURS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for a run that holds the dataset.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Remove what no retained version needs: old parts and log entries, leftovers, staging.

    The newest version always stays. Versions that go cannot be read any more; whoever reads one
    of them at this moment fails. A run that holds the dataset is not disturbed.
    """
    retention = Retention(keep_versions, keep_days, grace_hours)
    # A name in brackets is no markup.
    say = partial(console.print, soft_wrap=True, markup=False, highlight=False)
    done = vacuum_dataset(dataset, retention, dry_run, wait, say)
    print_result(done, as_json, show.vacuumed)


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it.")],
    as_json: JsonFlag = False,
) -> None:
    """Write a small corpus to try it on: good pages of many kinds, and bad files on purpose."""
    from workers.sample import write_sample_corpus

    files = write_sample_corpus(folder)
    print_result(
        {"folder": str(folder), "files": [asdict(file) for file in files]}, as_json, show.corpus
    )


class _ConsoleHandler(logging.Handler):
    """Prints log records on the console, above a live bar where there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        console.print(self.format(record), soft_wrap=True, markup=False, highlight=False)


def _log(verbose: bool) -> None:
    """Show warnings; when `verbose`, also each shard as it ends, and what is tried again."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        datefmt=TIME_FORMAT,
        handlers=[_ConsoleHandler()],
    )


def main() -> None:
    """Entry point: errors of ours are one line each on stderr, never a stack trace.

    With `--json` stdout has one object in any case; for a command that failed it says why.
    """
    ended: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        ended.append(number)
        sys.exit(128 + number)

    # Either ends a command in the same way, and what it holds is released.
    signal.signal(signal.SIGTERM, end)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # ignored in the background
        signal.signal(signal.SIGINT, end)
    as_json = "--json" in sys.argv[1:]
    if as_json:
        json_output.reserve_stdout()
    try:
        _invoke(as_json)
    except SystemExit as exc:
        code = exc.code
        if ended:  # Ray makes another exception of what is raised while it waits
            code = 128 + ended[0]
            name = signal.Signals(ended[0]).name
            print(f"pagefoundry: ended by {name}; run the command again to go on", file=sys.stderr)
        if isinstance(code, int) and code:
            json_output.write_failure("ended", f"ended with code {code}", code)
        sys.exit(code)
    except PageFoundryError as exc:
        for line in str(exc).splitlines():
            print(f"pagefoundry: {line}", file=sys.stderr)
        json_output.write_failure(json_output.kind_of(exc), str(exc), exc.exit_code)
        sys.exit(exc.exit_code)
    except Exception as exc:
        json_output.write_failure("defect", f"{type(exc).__name__}: {exc}", UNACCOUNTED)
        raise


def _invoke(as_json: bool) -> None:
    if not as_json:
        app()
        return
    try:
        code = app(standalone_mode=False)
    except Exception as exc:
        # Typer's own, of a command line that it does not understand.
        if not hasattr(exc, "format_message"):
            raise
        message = exc.format_message()
        print(f"pagefoundry: {message}", file=sys.stderr)
        json_output.write_failure("usage", message, WRONG_REQUEST)
        sys.exit(WRONG_REQUEST)
    sys.exit(code)
