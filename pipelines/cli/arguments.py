"""What the commands share: common arguments, reading a recipe, printing a result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from pipelines.cli import json_output
from schemas.errors import AccessError, RecipeError, RequestError, StorageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from schemas.recipe import Recipe

Result = TypeVar("Result")

RecipeArg = Annotated[Path, typer.Argument(metavar="RECIPE", help="The recipe, a YAML file.")]


def _checked(dataset: str) -> str:
    """The dataset, if it is a folder or URL that we can read; our errors pass through Typer."""
    from workers.store.places import require_dataset

    require_dataset(dataset)
    return dataset


DatasetArg = Annotated[
    str,
    typer.Argument(metavar="DATASET", help="The dataset's folder or URL.", callback=_checked),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
VersionOption = Annotated[
    int | None, typer.Option("--version", help="A version of `pages`. The default is the latest.")
]
_RAY_HELP = "The Ray to run on: `auto`, `host:port` or `ray://host:port`. `in-process` uses no Ray."
RayOption = Annotated[
    str | None,
    typer.Option("--ray", metavar="ADDRESS", help=_RAY_HELP, show_default="a local Ray"),
]
"""For a command that starts a Ray of its own by default."""
RayOrNoneOption = Annotated[str, typer.Option("--ray", metavar="ADDRESS", help=_RAY_HELP)]
"""For a command that uses no Ray by default."""
AllowRemovalFlag = Annotated[
    bool,
    typer.Option(
        "--allow-removal",
        help="Publish even if a larger share of the documents is gone than `max_removed` allows.",
    ),
]
VerboseFlag = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Print each finished shard and each retry."),
]


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file.

    Raises RequestError if there is no such file, RecipeError if the recipe is wrong.
    """
    from workers import store

    try:
        text = store.read_bytes(store.absolute(str(path))).decode()
    except FileNotFoundError as exc:
        raise RequestError(f"{path}: there is no such recipe") from exc
    except UnicodeDecodeError as exc:
        raise RecipeError(f"{path}: not UTF-8 text") from exc
    except AccessError:
        raise
    except StorageError as exc:
        if path.is_dir():
            raise RequestError(f"{path} is a folder; name the recipe in it") from exc
        raise

    from schemas.recipe import parse_recipe

    return parse_recipe(text, str(path))


def print_result(value: Result, as_json: bool, render: Callable[[Result], RenderableType]) -> None:
    """Print a dataclass or mapping: for people as `render` draws it, or as one JSON object."""
    from rich.console import Console

    if not as_json:
        Console().print(render(value), crop=False)  # a command to copy may be longer than a line
    elif isinstance(value, Mapping):
        json_output.write(value)
    else:
        assert is_dataclass(value)
        assert not isinstance(value, type)
        json_output.write(asdict(value))
