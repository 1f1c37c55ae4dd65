"""The command `push`: send a version of a dataset to the Hugging Face Hub."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.arguments import DatasetArg, JsonFlag, VersionOption, print_result
from pipelines.cli.console import console

app = typer.Typer()


@app.command()
def push(
    dataset: DatasetArg,
    repo: Annotated[
        str, typer.Option("--repo", metavar="OWNER/NAME", help="The repository on the Hub.")
    ],
    version: VersionOption = None,
    revision: Annotated[
        str, typer.Option("--revision", metavar="BRANCH", help="The branch to commit to.")
    ] = "main",
    private: Annotated[
        bool, typer.Option("--private", help="If the repository is made, make it private.")
    ] = False,
    create: Annotated[
        bool, typer.Option("--create/--no-create", help="Make the repository if there is none.")
    ] = True,
    as_json: JsonFlag = False,
) -> None:
    """Push a version to the Hugging Face Hub, as one commit and a tag.

    Only parts that the branch lacks are sent, and parts that left the dataset are removed in the
    same commit. A push that was interrupted can be repeated. The token is HF_TOKEN or that of
    `hf auth login`; HF_ENDPOINT names another Hub.
    """
    from workers.store.places import require_versions

    require_versions(dataset, [] if version is None else [version])

    from pipelines.cli.show import pushed as show
    from pipelines.dataset.push import Options, push_version

    done = push_version(dataset, repo, Options(version, revision, private, create), console)
    print_result(done, as_json, show.pushed)
