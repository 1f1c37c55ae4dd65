"""The command `run`: bring a dataset up to date on this machine or on a Ray cluster."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from cluster.session import open_session
from pipelines.cli.arguments import (
    AllowRemovalFlag,
    JsonFlag,
    RayOption,
    RecipeArg,
    VerboseFlag,
    print_result,
    read_recipe,
)
from pipelines.cli.check import where_for
from pipelines.cli.console import console, show_log
from schemas.errors import UNACCOUNTED, EnvironmentFault, LeaseError, RequestError

app = typer.Typer()


@app.command()
def run(
    recipe: RecipeArg,
    ray: RayOption = None,
    re_read: Annotated[
        bool, typer.Option("--re-read", help="Read every page again under the changed settings.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait while another run holds the dataset.")
    ] = False,
    allow_removal: AllowRemovalFlag = False,
    as_json: JsonFlag = False,
    verbose: VerboseFlag = False,
) -> None:
    """Bring the dataset up to date with its sources.

    The first run, the resume after a crash and the nightly refresh are the same command: it reads
    the pages that are neither published nor staged, then publishes a new version. If nothing is
    new, it reads nothing and publishes nothing.
    """
    show_log(verbose)
    parsed = read_recipe(recipe)

    from pipelines.planning.check import require_runnable
    from workers import store

    environment = store.use_storage(parsed.storage)
    require_runnable(parsed, where_for(ray))

    from cluster.progress import print_line
    from pipelines.cli.show import run as show
    from pipelines.run import run as run_recipe

    with open_session(ray, environment, partial(print_line, console)) as session:
        try:
            report = run_recipe(
                parsed, session, console, re_read, wait, allow_removal=allow_removal
            )
        except EnvironmentFault as exc:
            if not isinstance(exc, (RequestError, LeaseError)):
                exc.add_note("what was read is kept; run the command again to go on")
            raise
    print_result(report, as_json, show.report)
    if report.unreadable:
        raise typer.Exit(UNACCOUNTED)
