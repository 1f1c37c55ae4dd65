"""The command `plan`: what a run would do, how long it takes and what it costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console

from cluster.session import IN_PROCESS, open_session
from pipelines.cli.arguments import JsonFlag, RecipeArg, print_result, read_recipe
from pipelines.cli.check import where_for
from pipelines.cli.show import plan as show_plan
from pipelines.planning import Options, plan_run, require_runnable
from pipelines.planning.probe import DEFAULT_PAGES
from workers import store

app = typer.Typer()


@app.command()
def plan(
    recipe: RecipeArg,
    ray: Annotated[
        str,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="A Ray to count the documents on: `auto`, `host:port`, `ray://host:port`. By "
            "default they are counted in this process, and no Ray is started.",
        ),
    ] = IN_PROCESS,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe",
            help="Read a few pages here with the recipe's engine, to measure what a page takes "
            "and how many the text layer settles.",
        ),
    ] = False,
    probe_pages: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many the engine reads for --probe.")
    ] = DEFAULT_PAGES,
    pages_per_second: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            help="What one replica reads. By default what was measured when this dataset was "
            "read, else what is assumed: the yardstick of 2.39 for a GPU, 3.1 s of a core a page "
            "for the default engine. The plan says which.",
        ),
    ] = None,
    rates_from: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET", help="Take what was measured for another one, read the same way."
        ),
    ] = None,
    price: Annotated[
        float | None,
        typer.Option("--price-per-gpu-hour", min=0, help="To estimate the cost."),
    ] = None,
    nodes: Annotated[
        int | None,
        typer.Option(min=1, help="GPU nodes. By default what placement.replicas needs."),
    ] = None,
    gpus_per_node: Annotated[int, typer.Option(min=1, help="GPUs of a node.")] = 8,
    cores: Annotated[
        int | None,
        typer.Option(
            "--cpus", min=1, help="Cores in all that draw and finish pages. Default: enough."
        ),
    ] = None,
    re_read: Annotated[
        bool, typer.Option("--re-read", help="Plan to read every page again.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Say what a run would do: documents, pages, shards, time, GPU-hours, cost, storage.

    Takes the inventory and, without --probe, reads no page; writes nothing.
    """
    parsed = read_recipe(recipe)
    options = Options(
        *(pages_per_second, rates_from, price, nodes, gpus_per_node, cores, re_read),
        probe_pages=probe_pages if probe else None,
    )
    environment = store.use_storage(parsed.storage)
    where = where_for(ray)
    require_runnable(parsed, where if nodes is None else replace(where, reads=False))
    with open_session(ray, environment) as session:
        planned = plan_run(parsed, session, Console(stderr=True), options)
    print_result(planned, as_json, show_plan.plan)
