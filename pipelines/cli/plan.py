"""The command `plan`: what a run would do, how long it would take and what it would cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from cluster.session import IN_PROCESS, open_session
from pipelines.cli.arguments import JsonFlag, RecipeArg, print_result, read_recipe
from pipelines.cli.check import where_for
from pipelines.cli.console import console
from schemas.defaults import PROBE_PAGES

app = typer.Typer()


@app.command()
def plan(
    recipe: RecipeArg,
    ray: Annotated[
        str,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="The Ray that counts the documents: `auto`, `host:port` or `ray://host:port`. "
            "`in-process` counts them here and uses no Ray.",
        ),
    ] = IN_PROCESS,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe",
            help="Read a few pages here with the recipe's engine, to measure how long a page "
            "takes and how many pages need no engine.",
        ),
    ] = False,
    probe_pages: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many pages the engine reads for --probe.")
    ] = PROBE_PAGES,
    pages_per_second: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            help="How many pages one replica reads in a second. The default is the rate measured "
            "when this dataset was read; if there is none, 2.39 for a GPU, or 3.1 core seconds a "
            "page for the default engine. The plan says which rate it uses.",
        ),
    ] = None,
    rates_from: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET", help="Use the rates of another dataset with the same settings."
        ),
    ] = None,
    price: Annotated[
        float | None,
        typer.Option("--price-per-gpu-hour", min=0, help="The price of a GPU-hour, for the cost."),
    ] = None,
    nodes: Annotated[
        int | None,
        typer.Option(
            min=1, help="How many GPU nodes. The default is what placement.replicas needs."
        ),
    ] = None,
    gpus_per_node: Annotated[int, typer.Option(min=1, help="The GPUs of a node.")] = 8,
    cores: Annotated[
        int | None,
        typer.Option(
            "--cpus",
            min=1,
            help="The cores of the cluster that rasterise and finish pages. The default is as many "
            "as the replicas need.",
        ),
    ] = None,
    re_read: Annotated[
        bool, typer.Option("--re-read", help="Plan a run that reads every page again.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Estimate what a run would do: documents, pages, shards, time, GPU-hours, cost, storage.

    Takes the inventory, but reads no page unless --probe is given. Writes nothing.
    """
    parsed = read_recipe(recipe)

    from pipelines.planning.check import require_runnable
    from workers import store

    environment = store.use_storage(parsed.storage)
    where = where_for(ray)
    require_runnable(parsed, where if nodes is None else replace(where, reads=False))

    from pipelines.cli.show import plan as show_plan
    from pipelines.planning.plan import Options, plan_run

    options = Options(
        pages_per_second=pages_per_second,
        rates_from=rates_from,
        price=price,
        nodes=nodes,
        gpus_per_node=gpus_per_node,
        cores=cores,
        re_read=re_read,
        probe_pages=probe_pages if probe else None,
    )
    with open_session(ray, environment) as session:
        planned = plan_run(parsed, session, console, options)
    print_result(planned, as_json, show_plan.plan)
