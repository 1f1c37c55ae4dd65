"""The command line: joins the families of commands, and turns how a command ends into an exit code.

0 is success; `schemas.errors` has the others.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from pipelines.cli import (
    check,
    datasets,
    evaluate,
    export,
    forget,
    jobs,
    json_output,
    manifest,
    plan,
    push,
    run,
    starter,
    view,
)
from schemas.errors import UNACCOUNTED, WRONG_REQUEST, PageFoundryError

app = typer.Typer(
    name="pagefoundry",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help=(
        "Make deduplicated parquet datasets of image–text pairs from documents.\n\n"
        "Try it: `pagefoundry sample corpus`, `pagefoundry init`, `pagefoundry run recipe.yaml`, "
        "`pagefoundry inspect data`."
    ),
)


def _print_version(is_asked: bool) -> None:
    if not is_asked:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        print(f"pagefoundry {version('pagefoundry')}")
    except PackageNotFoundError:  # code that was shipped to a cluster
        print("pagefoundry, without a version: it runs from its sources, and is not installed")
    raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """The options before a command."""


# The order here is that of `--help`.
for family in (
    *(starter.app, run.app, check.app, plan.app, datasets.app, view.app),
    *(export.app, push.app, forget.app, jobs.app, manifest.app, evaluate.app),
):
    app.add_typer(family)


def main() -> None:
    """Run the command line. Each of our errors is printed as one line on stderr, without a trace.

    With `--json`, stdout always has one JSON object; if the command failed, it says why.
    """
    signals: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        signals.append(number)
        sys.exit(128 + number)

    # SIGTERM and SIGINT end a command alike, and it releases what it holds (leases, processes).
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
        if signals:  # Ray replaces an exception that is raised while it waits
            code = 128 + signals[0]
            name = signal.Signals(signals[0]).name
            print(f"pagefoundry: ended by {name}; run the command again to go on", file=sys.stderr)
        if isinstance(code, int) and code:
            json_output.write_failure("ended", f"ended with code {code}", code)
        sys.exit(code)
    except PageFoundryError as exc:
        for line in str(exc).splitlines():
            print(f"pagefoundry: {line}", file=sys.stderr)
        for note in getattr(exc, "__notes__", ()):  # what to do next
            print(f"pagefoundry: {note}", file=sys.stderr)
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
        # Typer's own errors, for a command line that it cannot parse, have a message for people.
        if not hasattr(exc, "format_message"):
            raise
        message = exc.format_message()
        print(f"pagefoundry: {message}", file=sys.stderr)
        json_output.write_failure("usage", message, WRONG_REQUEST)
        sys.exit(WRONG_REQUEST)
    sys.exit(code)
