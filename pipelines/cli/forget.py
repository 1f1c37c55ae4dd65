"""The command `forget`: take documents out of a dataset, and keep them out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cluster.session import IN_PROCESS, open_session
from pipelines.cli.arguments import DatasetArg, JsonFlag, RayOrNoneOption, print_result
from pipelines.cli.console import print_plain
from schemas.errors import RequestError

app = typer.Typer()


@app.command()
def forget(
    dataset: DatasetArg,
    doc: Annotated[
        list[str] | None,
        typer.Option("--doc", metavar="ID", help="The `doc_id` of a document. May be repeated."),
    ] = None,
    url: Annotated[
        list[str] | None,
        typer.Option(
            "--url",
            metavar="GLOB",
            help="An address in the column `uris` of `inventory`, or a glob of addresses. That of "
            "a container, or of a file of records, means all that is in it. May be repeated.",
        ),
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option("--list", metavar="FILE", help="A file with an id or an address a line."),
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept beside the ids.")
    ] = None,
    erase: Annotated[
        bool,
        typer.Option(
            "--erase",
            help="Remove every part of every version, and all staging, that holds any document "
            "that was ever taken down. Old versions that lose a part can no longer be read.",
        ),
    ] = False,
    undo: Annotated[
        bool,
        typer.Option("--undo", help="Take ids off the list: the next run reads them again."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would leave; change nothing.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait while a run holds the dataset.")
    ] = False,
    ray: RayOrNoneOption = IN_PROCESS,
    as_json: JsonFlag = False,
) -> None:
    """Take documents out of a dataset in one commit, and keep only their ids, on a list.

    No run brings them back. Old versions still have them until `--erase`; then `pagefoundry verify
    --forgotten` proves that nothing is left. A command that was killed can be repeated. `--erase`
    alone works for the whole list.
    """
    if undo and (erase or dry_run):
        raise RequestError("--undo goes with neither --erase nor --dry-run")

    from pipelines.cli.show import takedown as show
    from pipelines.takedown import Options, Wanted, bring_back, wanted_of
    from pipelines.takedown import forget as take_down

    names_any = doc or url or from_file or not erase
    wanted = wanted_of(doc or [], url or [], _lines(from_file)) if names_any else Wanted()
    if undo:
        undone = bring_back(dataset, wanted, wait, print_plain)
        print_result(show.Undone(dataset, undone), as_json, show.undone)
        return
    options = Options(reason, erase, dry_run, wait)
    with open_session(ray) as session:
        done = take_down(dataset, wanted, options, session, print_plain)
    print_result(done, as_json, show.takedown)


def _lines(path: Path | None) -> list[str]:
    """The lines of a list. Raises RequestError where it cannot be read."""
    if path is None:
        return []

    from workers import store

    try:
        return store.read_bytes(store.absolute(str(path))).decode().splitlines()
    except (FileNotFoundError, UnicodeDecodeError) as exc:
        raise RequestError(f"--list {path}: there is no such file, or it is not UTF-8") from exc
