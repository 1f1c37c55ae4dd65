"""The commands `init` and `schema`: a recipe to start from, and the schema for editors."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.arguments import JsonFlag, print_result
from schemas.errors import RequestError

app = typer.Typer()


def starter_recipe() -> str:
    """The text of the recipe that `init` writes."""
    return (files("pipelines.cli") / "starter_recipe.yaml").read_text(encoding="utf-8")


@app.command("init")
def init_command(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="The recipe to write.")] = Path(
        "recipe.yaml"
    ),
    as_json: JsonFlag = False,
) -> None:
    """Write a commented recipe to start from. An existing file is never overwritten.

    The recipe makes the dataset `data` of the documents in the folder `corpus`.
    """
    from workers import store

    place = store.absolute(str(recipe))
    if store.exists(place) or not store.create_exclusive(place, starter_recipe().encode()):
        raise RequestError(f"{recipe} is there already; name another file, or remove it first")
    print_result(
        {"recipe": str(recipe)},
        as_json,
        lambda _: f"wrote {recipe}; next: edit it, then `pagefoundry check {recipe}`",
    )


@app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of a recipe, by which editors complete keys and mark mistakes."""
    from schemas.recipe_schema import recipe_schema

    print(json.dumps(recipe_schema(), indent=2, ensure_ascii=False))
