"""The JSON Schema of a recipe accepts what `parse_recipe` accepts, and marks its mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pipelines.cli.starter import starter_recipe
from schemas.recipe import parse_recipe
from schemas.recipe_schema import recipe_schema
from schemas.sources import KINDS
from tests.schemas.test_refusals import LEAST, MISTAKES

SCHEMA = recipe_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
REPOSITORY = Path(__file__).resolve().parents[2]

VALID = [
    starter_recipe(),
    *(path.read_text() for path in sorted((REPOSITORY / "demo").glob("*.yaml"))),
    "dataset: data\nsources: docs",
    "dataset: data\nsources: {documents: docs}",
    "dataset: data\nsources: [docs, {documents: [a, b]}, {documents: c, as: manuals}]",
    *(
        LEAST + text
        for text in (
            "engine: ppocr\nfallback: rapidocr",
            "placement: {replicas: 160, staging_days: null}",
            "placement: {replicas: [8, 160], gpus_per_replica: 0.5}",
            "dedup: {near: null, image: null}",
            f"engine: {{name: vllm, model: org/name, revision: {'a' * 40}, mode: gundam}}",
        )
    ),
    *(
        f"dataset: data\nsources:\n  - {source}"
        for source in (
            "{text: t, preset: dark, degrade: light, typography: {columns: 2, dpi: 150}}",
            "{text: t, degrade: {jpeg: 40}, typography: {page_size: [a4, 595x842]}}",
            "{text: t, typography: {theme: {paper: '#ffffff'}, font_size_pt: [9, 11]}}",
            "{charts: 10, kinds: bar, longest_edge_px: 800, aspect: [1, 2]}",
            "{formulas: 10, difficulty: 3}",
            "{chemistry: sample}",
            "{geometry: 4, kinds: [circle, lines]}",
            "{tables: 4, borders: none, rows: [2, 3]}",
            "{conversations: c.jsonl, fade: {by: tokens, text: 500}}",
            "{dataset: [a, b], version: 3}",
        )
    ),
]


def problems(text: str) -> list[Any]:
    return list(VALIDATOR.iter_errors(yaml.safe_load(text)))


def test_it_is_a_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("text", VALID)
def test_what_is_a_recipe_is_valid(text: str) -> None:
    parse_recipe(text)
    assert problems(text) == []


@pytest.mark.parametrize("text", [text for text, _ in MISTAKES])
def test_a_mistake_is_marked(text: str) -> None:
    data = yaml.safe_load(LEAST) | yaml.safe_load(text)
    assert list(VALIDATOR.iter_errors(data)) != []


@pytest.mark.parametrize("text", ["{}", "dataset: data", "dataset: data\nsources: []"])
def test_what_lacks_its_sources_is_marked(text: str) -> None:
    assert problems(text) != []


def test_an_editor_can_complete_each_kind_of_source_by_its_own_key() -> None:
    """Each kind has its own schema, which requires the kind's key and allows no other kind's."""
    listed = next(kind for kind in SCHEMA["properties"]["sources"]["anyOf"] if "items" in kind)
    kinds = next(kind for kind in listed["items"]["anyOf"] if "oneOf" in kind)["oneOf"]
    models = [SCHEMA["$defs"][kind["$ref"].rpartition("/")[2]] for kind in kinds]
    assert [model["required"] for model in models] == [[kind] for kind in KINDS]
    assert not any(model["additionalProperties"] for model in models)


def objects(value: Any) -> list[dict[str, Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict) and "properties" in value else []
    return own + [section for item in inner for section in objects(item)]


def test_every_section_and_every_key_has_its_sentence() -> None:
    sections = objects(SCHEMA)
    assert len(sections) > 20
    for section in sections:
        assert section["description"].endswith("."), section
        for key, value in section["properties"].items():
            assert value.get("description", "").endswith("."), key
            assert value["description"][0].isupper() or value["description"][0] == "`", key
