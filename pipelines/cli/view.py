"""The command `view`: a dataset as web pages on this computer."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.arguments import DatasetArg, VersionOption
from pipelines.cli.console import print_plain

app = typer.Typer()

DEFAULT_PORT = 8517


@app.command()
def view(
    dataset: DatasetArg,
    version: VersionOption = None,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, metavar="P", help="The port on loopback; 0 for any free."),
    ] = DEFAULT_PORT,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the link, and open no browser.")
    ] = False,
    notes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where your notes are kept, as JSON lines.",
            show_default="a file of this dataset's in your data folder",
        ),
    ] = None,
) -> None:
    """Look at a dataset in a browser: pages with their text, rejects, changes, notes.

    The link it prints works on this computer alone, until the command ends (Ctrl-C). The dataset
    is only read.
    """
    from workers.store.places import require_versions

    require_versions(dataset, [] if version is None else [version])

    from pipelines.view.ports import listening

    with listening(port) as listener:
        from pipelines.view.serving import serve
        from pipelines.view.viewing import Viewing

        print_plain(f"opening {dataset}")  # which may lie far away
        with closing(Viewing(dataset, version, notes)) as viewing:
            serve(viewing, listener, not no_browser, partial(print, flush=True))
