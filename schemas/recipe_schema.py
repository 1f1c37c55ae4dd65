"""The recipe's JSON Schema, which editors use for completion and checks while typing. Pure.

The schema knows keys, types, ranges and choices. What several settings mean together, such as a
mix that needs `on_missing: remove`, only `schemas.recipe` knows.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from schemas.recipe import Recipe

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Untitled(GenerateJsonSchema):
    """Leaves out the titles of fields, which only repeat their names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def recipe_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a recipe, by the names that stand in the YAML.

    >>> recipe_schema()["required"]
    ['dataset', 'sources']
    """
    schema = Recipe.model_json_schema(by_alias=True, schema_generator=_Untitled)
    return {"$schema": _DIALECT, **schema}
