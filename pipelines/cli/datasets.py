"""The commands on a dataset: inspect, diff, verify, vacuum, gallery; and `sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cluster.session import IN_PROCESS, open_session
from pipelines.cli.arguments import (
    DatasetArg,
    JsonFlag,
    RayOrNoneOption,
    VersionOption,
    print_result,
)
from pipelines.cli.console import print_plain
from schemas.defaults import GRACE_HOURS
from schemas.errors import UNACCOUNTED, RequestError

app = typer.Typer()


@app.command()
def inspect(
    dataset: DatasetArg,
    version: VersionOption = None,
    samples: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many sample rows to show.")
    ] = 1,
    versions: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many versions to list, newest first.")
    ] = 3,
    rejects: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many rejects to list, by document.")
    ] = 3,
    policies: Annotated[
        bool,
        typer.Option("--policies", help="Show what each step and each policy left and found."),
    ] = False,
    columns: Annotated[
        bool, typer.Option("--columns", help="Show the columns of `pages` and their types.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show a dataset on one screen: counts, why the rest was rejected, versions, a sample.

    The options show more of each; --json has all of it.
    """
    _require_versions(dataset, version)

    from pipelines.cli.show import dataset as show
    from pipelines.dataset.overview import inspect_dataset

    overview = inspect_dataset(dataset, version, samples, versions, rejects)
    view = show.View(columns, policies)
    print_result(overview, as_json, lambda value: show.overview(value, view))


def _require_versions(dataset: str, *numbers: int | None) -> None:
    """Refuse a version that is not there, before what reads one is imported."""
    from workers.store.places import require_versions

    require_versions(dataset, [number for number in numbers if number is not None])


@app.command()
def diff(
    dataset: DatasetArg,
    old: Annotated[int, typer.Argument(metavar="V1", help="The older version of `pages`.")],
    new: Annotated[int, typer.Argument(metavar="V2", help="The newer version of `pages`.")],
    limit: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="List at most N rows of each table and each kind of change.",
        ),
    ] = 200,
    as_json: JsonFlag = False,
) -> None:
    """List by document the rows that differ between two versions, and why each differs."""
    _require_versions(dataset, old, new)

    from pipelines.cli.show import diff as show
    from pipelines.dataset.diff import diff_versions

    print_result(diff_versions(dataset, old, new, limit), as_json, show.diff)


@app.command()
def verify(
    dataset: DatasetArg,
    version: VersionOption = None,
    forgotten: Annotated[
        bool,
        typer.Option(
            "--forgotten",
            help="Instead, search every file of every version, and staging, for documents that "
            "were taken down with `forget`.",
        ),
    ] = False,
    ray: RayOrNoneOption = IN_PROCESS,
    as_json: JsonFlag = False,
) -> None:
    """Prove that no page is lost or doubled and no file is damaged; exit with 1 if one is."""
    if forgotten:
        _prove_forgotten(dataset, version, ray, as_json)
        return
    _require_versions(dataset, version)

    from pipelines.cli.show import results as show
    from pipelines.dataset.verify import verify_dataset

    with open_session(ray) as session:
        verdict = verify_dataset(dataset, session, version)
    print_result(verdict, as_json, show.verdict)
    if verdict.problems:
        raise typer.Exit(UNACCOUNTED)


def _prove_forgotten(dataset: str, version: int | None, ray: str, as_json: bool) -> None:
    if version is not None:
        raise RequestError("--forgotten searches all versions; leave --version out")

    from pipelines.cli.show import takedown as show
    from pipelines.takedown import search_forgotten

    with open_session(ray) as session:
        searched = search_forgotten(dataset, session)
    print_result(searched, as_json, show.searched)
    if searched.problems:
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
            help="Keep each version that was the newest at some time in the last D days. "
            "The default is 7, unless --keep-versions is given. With both options, a version "
            "stays if either of them keeps it.",
        ),
    ] = None,
    grace_hours: Annotated[
        float,
        typer.Option(min=0, metavar="H", help="Keep leftovers of killed runs for H hours."),
    ] = GRACE_HOURS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed; remove nothing.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait while a run holds the dataset.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Remove what no kept version needs: old parts and log entries, leftovers, staging.

    The newest version always stays. A removed version can no longer be read, and a reader that is
    in it now fails. A run that holds the dataset is not disturbed.
    """
    from pipelines.cli.show import results as show
    from pipelines.dataset.vacuum import Retention, vacuum_dataset

    retention = Retention(keep_versions, keep_days, grace_hours)
    removed = vacuum_dataset(dataset, retention, dry_run, wait, print_plain)
    print_result(removed, as_json, show.vacuumed)


@app.command()
def gallery(
    dataset: DatasetArg,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The HTML file to write.")],
    each: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many samples of each kind.")
    ] = 1,
) -> None:
    """Write an HTML file with samples of every kind: the image, its blocks and its text."""
    from pipelines.dataset.gallery import make_gallery
    from workers import store

    page, count = make_gallery(dataset, each)
    store.write_bytes(str(file), page.encode())
    print(f"{count} samples in {file}")


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write to.")],
    as_json: JsonFlag = False,
) -> None:
    """Write a small corpus to try PageFoundry on: good pages of many kinds, and some bad files."""
    from pipelines.cli.show import results as show
    from workers.sample import write_sample_corpus

    corpus = show.Corpus(str(folder), write_sample_corpus(folder))
    print_result(corpus, as_json, show.corpus)
