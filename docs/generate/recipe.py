"""The recipe reference: one table for each section of a recipe, made from its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from schemas.recipe_schema import recipe_schema

Schema = Mapping[str, Any]

_INTRO = """# Recipe reference

A recipe is one YAML file that says what dataset to make. Only `dataset` and `sources` are required.
Unknown keys are refused. `pagefoundry init` writes a commented recipe to start from,
`pagefoundry check` says what is wrong with one, and `pagefoundry schema` prints the same facts as
this page for [your editor](../editors.md).

This page is made from the models in `schemas/` that read the recipe, so it cannot differ from them.
"""
_SOURCES = """## sources

A list. Each source has exactly one of the keys below that names its kind. A plain path, as in
`sources: [manuals/]`, stands for `documents`.
"""
# What a pattern asks for, in words.
_PATTERNS = {
    r"^[0-9a-f]{40}$": "40 hex digits",
    r"^[a-z][a-z0-9_]{0,39}$": "a name such as `edu`: small letters, digits and `_`",
    r"^#[0-9a-f]{6}$": "a colour such as `#1a2b3c`",
    r"^https?://[^/@?#\s]+/?$": "an address such as `https://host:port`",
    r"^https?://[^/@?#\s]+(/[^@?#\s]*)?$": "a URL such as `http://host:8000/v1`",
    r"^[A-Z][A-Z0-9_]*$": "a name in capitals such as `OPENAI_API_KEY`",
    r"^([0-9]{2,4})x([0-9]{2,4})$": "points such as `595x842`",
}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "null": "`null`",
}
_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


@dataclass(frozen=True, slots=True)
class Section:
    """A table of keys: a model of the recipe, under the name by which readers look for it."""

    title: str
    model: str

    @property
    def anchor(self) -> str:
        """Where links to it lead."""
        return self.title.replace(": ", "-").replace(".", "-").replace(" ", "-")


def recipe_reference() -> str:
    """The page, in Markdown."""
    schema = recipe_schema()
    models: dict[str, Schema] = schema["$defs"]
    sections = tuple(_sections(schema, models))
    anchors = {section.model: section.anchor for section in sections}
    parts = [
        _INTRO,
        f"## The top level {{#top}}\n\n{schema['description']}\n",
        _table(schema, anchors),
    ]
    for section in sections:
        if section.title.startswith("sources: ") and _SOURCES not in parts:
            parts.append(_SOURCES)
        model = _object(models[section.model])
        heading = "###" if _SOURCES in parts else "##"
        parts.append(f"{heading} {section.title} {{#{section.anchor}}}\n\n{model['description']}\n")
        parts.append(_table(model, anchors))
    return "\n".join(parts)


def _sections(schema: Schema, models: Mapping[str, Schema]) -> Iterator[Section]:
    """The sections in the order in which their keys come, each model once; sources come last."""
    seen: set[str] = set()

    def walk(properties: Schema, prefix: str) -> Iterator[Section]:
        for key, value in properties.items():
            for model in _references(value):
                if model not in seen:
                    seen.add(model)
                    yield Section(prefix + key, model)
                    inner = _object(models[model])["properties"]
                    yield from walk(inner, f"{prefix}{key}.")

    settings = {key: value for key, value in schema["properties"].items() if key != "sources"}
    yield from walk(settings, "")
    for model in dict.fromkeys(_references(schema["properties"]["sources"])):
        of_kind = models[model]
        yield Section(f"sources: {of_kind['required'][0]}", model)
        yield from walk(of_kind["properties"], "")


def _references(value: Any) -> Iterator[str]:
    """The models that a schema mentions, in its order."""
    if isinstance(value, Mapping):
        if "$ref" in value:
            yield value["$ref"].rpartition("/")[2]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _object(model: Schema) -> Schema:
    """The mapping form of a model that may also be given as a word."""
    return next(kind for kind in model.get("anyOf", [model]) if kind.get("type") == "object")


def _table(model: Schema, anchors: Mapping[str, str]) -> str:
    """A row for each key: what may stand there, its default, and its meaning."""
    required = model.get("required", ())
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for key, value in model["properties"].items():
        default = "*required*" if key in required else _default(value)
        words = "see [sources](#sources)" if key == "sources" else value_words(value, anchors)
        rows.append(f"| `{key}` | {words} | {default} | {value['description']} |")
    return "\n".join(rows) + "\n"


def _default(value: Schema) -> str:
    default = value["default"]
    if isinstance(default, Mapping):
        return ""
    text = yaml.safe_dump(default, default_flow_style=True, width=1000).removesuffix("...\n")
    return f"`{text.strip()}`"


def value_words(value: Schema, anchors: Mapping[str, str]) -> str:
    """What may stand at a key, in words.

    >>> value_words({"type": "integer", "minimum": 1, "maximum": 100}, {})
    'whole number, 1 to 100'
    """
    if "$ref" in value:
        anchor = anchors[value["$ref"].rpartition("/")[2]]
        words = f"[section](#{anchor})"
    elif "anyOf" in value:
        words = _alternatives(value["anyOf"], anchors)
    elif "enum" in value:
        words = _choice(value["enum"])
    elif "prefixItems" in value:
        words = f"`[least, most]` of {value_words(value['prefixItems'][0], anchors)}"
    elif value["type"] == "array":
        words = f"list of {value_words(value['items'], anchors)}"
    elif value["type"] == "object":
        each = value_words(value["additionalProperties"], anchors)
        words = f"names, each with a value: {each}"
    elif "pattern" in value:
        words = _PATTERNS[value["pattern"]]
    else:
        words = _TYPES[value["type"]] + _limits(value)
    return words


def _alternatives(kinds: list[Schema], anchors: Mapping[str, str]) -> str:
    """`X or null`, and the short forms: one value for a list, one number for a range."""
    words = [value_words(kind, anchors) for kind in kinds if kind.get("type") != "null"]
    null = [" or `null`"] if any(kind.get("type") == "null" for kind in kinds) else []
    if len(words) == 2 and words[1] == f"list of {words[0]}":
        words = [f"{words[0]}; one, or a list"]
    elif len(words) == 2 and words[1] == f"`[least, most]` of {words[0]}":
        words = [f"{words[0]}; one, or `[least, most]`"]
    return " or ".join(words) + "".join(null)


def _choice(words: list[str]) -> str:
    quoted = [f"`{word}`" for word in words]
    return " or ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))


def _limits(value: Schema) -> str:
    """A range in words, with a comma before it; nothing where there is none."""
    least, most, above, below = (value.get(name) for name in _LIMITS)
    if least is not None and most is not None:
        return f", {least:,g} to {most:,g}"
    parts = []
    if least is not None:
        parts.append(f"{least:,g} or more")
    if above is not None:
        parts.append(f"more than {above:,g}")
    if most is not None:
        parts.append(f"{most:,g} or less")
    if below is not None:
        parts.append(f"less than {below:,g}")
    return "".join(f", {part}" for part in parts)
