"""What the commands share: common arguments, how a recipe is read and a result printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from pipelines.cli import json_output
from schemas.errors import AccessError, RecipeError, RequestError, StorageError
from schemas.recipe import Recipe, parse_recipe
from workers import store
from workers.store.places import require_dataset

RecipeArg = Annotated[Path, typer.Argument(metavar="RECIPE", help="The recipe, a YAML file.")]


def _checked(dataset: str) -> str:
    """Errors of ours pass through the parser of the command line."""
    require_dataset(dataset)
    return dataset


DatasetArg = Annotated[
    str,
    typer.Argument(metavar="DATASET", help="The dataset's folder or URL.", callback=_checked),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
VersionOption = Annotated[
    int | None, typer.Option("--version", help="A version of `pages`; the latest by default.")
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="Ray to run on: `auto`, `host:port`, `ray://host:port`, or `in-process` for none. "
        "By default one is started on this machine.",
    ),
]
AllowRemovalFlag = Annotated[
    bool,
    typer.Option(
        "--allow-removal",
        help="Publish also where more of the dataset leaves than the recipe's `max_removed`.",
    ),
]
VerboseFlag = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say when each shard ends, and what is tried again.")
]


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file. Raises RequestError where there is none, RecipeError for a bad one."""
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
    return parse_recipe(text, str(path))


def print_result(value: Any, as_json: bool, render: Callable[[Any], Any]) -> None:
    """Print a value for people, by `render`, or as one JSON object."""
    if as_json:
        plain: Mapping[str, Any] = asdict(value) if is_dataclass(value) else value  # type: ignore[arg-type]
        json_output.write(plain)
    else:
        Console().print(render(value))
