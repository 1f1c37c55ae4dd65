"""Croissant: valid by `mlcroissant` whatever a dataset is called, and true of what is known."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlcroissant
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipelines.version.metadata import settings_of
from schemas.descriptions import description
from schemas.recipe import Recipe, parse_recipe
from schemas.tables import SCHEMAS, TABLES
from tests.many import few
from workers.dataset.croissant import MOST_NAMED, render_croissant, write_croissant
from workers.dataset.croissant_fields import record_set, splits
from workers.dataset.delta import PartFile, TableVersion
from workers.dataset.hub_info import OnHub
from workers.dataset.parts import write_part

# mlcroissant uses what rdflib and pandas are giving up.
pytestmark = [
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword"),
]

COMMITTED_MS = 1_796_083_200_000  # 2026-12-01
HUB = OnHub("lake/manuals", "https://huggingface.co/datasets/lake/manuals", "v3")
HOSTILE = "\"'<script>&amp; 50% \\ 😀é \x01\t\n\u2028{}@id"


def part_named(number: int) -> PartFile:
    return PartFile(f"data/part-{number:064x}.parquet", 1, 1)


def version_of(*parts: PartFile, **record: Any) -> Mapping[str, TableVersion]:
    counts = dict.fromkeys(TABLES, 7)
    metadata: Any = {"counts": counts, "rejects": {"blank": 2}, "recipe_digest": "0", **record}
    return {table: TableVersion(f"x/{table}", 3, parts, metadata, COMMITTED_MS) for table in TABLES}


def recipe_of(**changes: str) -> Recipe:
    text = "dataset: s3://lake/manuals/\nsources: [{documents: x}]\nlicense: cc-by-4.0"
    return parse_recipe(text).model_copy(update=changes)


def rendered(
    recipe: Recipe | None = None, hub: OnHub | None = None, **record: Any
) -> dict[str, Any]:
    tables = version_of(part_named(1), part_named(2), **record)
    text = render_croissant(recipe or recipe_of(), tables, {"en": 3, "de": 1}, hub)
    value: dict[str, Any] = json.loads(text)
    return value


def without_fault(described: dict[str, Any]) -> mlcroissant.Metadata:
    """What `mlcroissant` makes of it; it must have nothing to say."""
    metadata = mlcroissant.Dataset(jsonld=described).metadata
    assert (metadata.ctx.issues.errors, metadata.ctx.issues.warnings) == (set(), set())
    return metadata


def fields_of(fields: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for field in fields:
        yield field
        yield from fields_of(field.get("subField", []))


# ---- the whole ----------------------------------------------------------------------------------


@pytest.mark.parametrize("hub", [None, HUB], ids=["beside", "hub"])
def test_it_says_what_the_version_is_and_mlcroissant_finds_no_fault(hub: OnHub | None) -> None:
    metadata = without_fault(rendered(hub=hub))
    assert [str(version) for version in metadata.conforms_to] == [
        "http://mlcommons.org/croissant/1.1",
        "http://mlcommons.org/croissant/RAI/1.0",
    ]
    assert (metadata.name, metadata.version) == ("manuals", "3.0.0")
    assert metadata.license == ["https://spdx.org/licenses/CC-BY-4.0.html"]
    assert metadata.date_published is not None
    assert str(metadata.date_published.date()) == "2026-12-01"
    assert metadata.in_language == ["en"]
    assert metadata.url == (hub.url if hub else None)
    assert {found.id for found in metadata.record_sets} == set(TABLES)
    assert metadata.data_collection


def test_the_parts_of_the_version_are_named_and_on_a_hub_a_pattern_is_enough() -> None:
    sets = {item["@id"]: item for item in rendered()["distribution"]}
    assert sets["pages-parts"]["includes"] == [f"pages/{part_named(n).path}" for n in (1, 2)]
    repository, *others = rendered(hub=HUB)["distribution"]
    assert repository["contentUrl"] == HUB.url
    assert {item["containedIn"]["@id"] for item in others} == {repository["@id"]}
    patterns = {item["includes"] for item in others}
    assert patterns == {f"{table}/data/part-*.parquet" for table in TABLES}


def test_it_stays_small_where_a_table_has_very_many_parts() -> None:
    parts = [part_named(number) for number in range(MOST_NAMED + 1)]
    texts = [
        render_croissant(recipe_of(), version_of(*some), {}) for some in (parts[1:], parts, parts)
    ]
    assert texts[1] == texts[2]
    named, pattern, _ = (json.loads(text)["distribution"][0] for text in texts)
    assert len(named["includes"]) == MOST_NAMED
    assert pattern["includes"] == "pages/data/part-*.parquet"
    assert "also finds parts of older versions" in pattern["description"]
    assert len(texts[1]) < 200_000 < len(texts[0])


def test_a_table_without_parts_is_left_out() -> None:
    tables = dict(version_of(part_named(1)))
    tables["crops"] = version_of()["crops"]
    described = json.loads(render_croissant(recipe_of(), tables, {}))
    assert "crops" not in {item["@id"] for item in described["recordSet"]}
    empty = json.loads(render_croissant(recipe_of(), version_of(), {}))
    assert (empty["distribution"], empty["recordSet"]) == ([], [])
    without_fault(empty)


def test_no_name_breaks_it_or_a_page_that_it_stands_in() -> None:
    license_name = HOSTILE + "</script>"
    recipe = recipe_of(dataset=f"/data/{HOSTILE}", license=license_name)
    licenses = {license_name: 2, "": 1}
    text = render_croissant(recipe, version_of(part_named(1), licenses=licenses), {HOSTILE: 1})
    assert not re.search("[<>&\u2028\u2029]", text)
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", text)
    described = json.loads(text)
    metadata = without_fault(described)
    assert (metadata.name, metadata.license) == (HOSTILE, [license_name])
    assert license_name in described["rai:dataCollection"]


@settings(max_examples=few(20, 500), deadline=None)
@given(name=st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1))
def test_any_name_comes_back_as_it_is(name: str) -> None:
    assert rendered(recipe_of(dataset=f"/data/{name}"))["name"] == name


def test_a_licence_that_spdx_does_not_name_is_written_as_it_is() -> None:
    for text in ("other", "MIT OR Apache-2.0", "see LICENCE"):
        assert rendered(recipe_of(license=text))["license"] == text


def test_croissant_that_is_there_already_is_not_written_again(tmp_path: Path) -> None:
    recipe, written = recipe_of(dataset=str(tmp_path)), tmp_path / "croissant.json"
    write_croissant(recipe, version_of(part_named(1)), {})
    before = written.stat().st_ino
    write_croissant(recipe, version_of(part_named(1)), {})
    assert written.stat().st_ino == before
    write_croissant(recipe, version_of(part_named(2)), {})
    assert part_named(2).path in written.read_text()


# ---- columns ------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_every_column_and_field_is_described(table: str) -> None:
    made = record_set(table, SCHEMAS[table])
    fields: Any = made["field"]
    assert [field["name"] for field in fields] == SCHEMAS[table].names
    for field in fields_of(fields):
        path = field["@id"].removeprefix(f"{table}/").replace("/", ".")
        assert field["description"] == description(table, path)
        assert ("source" in field) == ("dataType" in field) == ("subField" not in field)
    assert len({field["@id"] for field in fields_of(fields)}) == len(list(fields_of(fields)))


def test_nested_fields_say_how_to_get_to_them() -> None:
    pages: Any = record_set("pages", SCHEMAS["pages"])["field"]
    found = {field["@id"]: field for field in fields_of(pages)}
    assert found["pages/image"]["dataType"] == "sc:ImageObject"
    assert found["pages/image"]["source"]["transform"] == {"jsonPath": "bytes"}
    assert found["pages/blocks"]["isArray"]
    assert found["pages/blocks/bbox"]["arrayShape"] == "-1"
    assert found["pages/blocks/label"]["source"] == {
        "fileSet": {"@id": "pages-parts"},
        "extract": {"column": "blocks"},
        "transform": {"jsonPath": "label"},
    }
    assert found["pages/blocks/cells/row"]["source"]["transform"] == {"jsonPath": "cells.*.row"}


def test_splits_are_explained_where_a_table_has_them() -> None:
    kinds = {field["@id"]: field["dataType"] for field in splits()["field"]}  # type: ignore[attr-defined]
    assert kinds == {"splits/name": "sc:Text", "splits/url": "sc:URL"}
    assert not any(item["@id"] == "splits" for item in rendered()["recordSet"])
    metadata = without_fault({**rendered(), "recordSet": [splits(), *rendered()["recordSet"]]})
    named = next(found for found in metadata.record_sets if found.id == "splits")
    assert named.data is not None
    assert [row["splits/name"] for row in named.data] == ["train", "validation"]


def test_mlcroissant_reads_the_records_of_every_table(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (4, 3)).save(picture, "PNG")
    image = {"bytes": picture.getvalue(), "path": "a.png"}
    block = {"label": "table", "bbox": [0, 0, 1, 0.5], "text": "x", "cells": [{"row": 2}]}
    values: dict[str, dict[str, Any]] = {
        "pages": {"page_id": "a/00000", "image": image, "blocks": [block, {"label": "title"}]},
        "documents": {"doc_id": "a", "page_offsets": [0, 7], "quality_score": 0.5},
        "crops": {"crop_id": "a/00000-00", "image": image, "bbox": [0, 0.25, 1, 1]},
        "conversations": {
            "page_id": "b/00000",
            "images": [image, image],
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}],
            "turns": [{"turn": 0, "images": [1]}, {"turn": 1, "images": []}],
        },
        "inventory": {"doc_id": "a", "uris": [{"uri": "a.zip!b", "member": {"name": "b"}}]},
        "rejects": {"reason": "blank", "quality": {"score": 0.25}, "findings": []},
    }
    tables = {}
    for name, row in values.items():
        group = pa.Table.from_pylist([row, {}], schema=SCHEMAS[name])
        part = write_part(str(tmp_path), name, [group])
        tables[name] = replace(version_of(part)[name], uri=str(tmp_path / name))
    write_croissant(recipe_of(dataset=str(tmp_path)), tables, {})
    described = mlcroissant.Dataset(jsonld=str(tmp_path / "croissant.json"))
    found = {name: list(described.records(name)) for name in values}
    assert {name: len(rows) for name, rows in found.items()} == dict.fromkeys(values, 2)
    page, crop, chat = (found[name][0] for name in ("pages", "crops", "conversations"))
    assert [page["pages/image"].size, crop["crops/image"].size] == [(4, 3), (4, 3)]
    assert [image.size for image in chat["conversations/images"]] == [(4, 3), (4, 3)]
    assert page["pages/blocks"][0]["pages/blocks/label"] == b"table"
    assert page["pages/blocks"][0]["pages/blocks/bbox"] == [0, 0, 1, 0.5]
    assert [block["pages/blocks/text"] for block in page["pages/blocks"]] == [b"x", None]
    assert crop["crops/bbox"] == [0, 0.25, 1, 1]
    assert found["documents"][0]["documents/page_offsets"] == [0, 7]
    assert chat["conversations/turns"][0]["conversations/turns/images"] == [1]
    assert chat["conversations/messages"][0]["conversations/messages/role"] == b"user"
    assert found["inventory"][0]["inventory/uris/member"]["inventory/uris/member/name"] == [b"b"]
    assert found["rejects"][0]["rejects/quality"]["rejects/quality/score"] == 0.25
    assert found["rejects"][1]["rejects/reason"] is None


# ---- what is said of how it was made ------------------------------------------------------------


def stated(policies: str) -> dict[str, Any]:
    recipe = parse_recipe(f"dataset: x\nsources: [{{documents: x}}]\npolicies: {policies}")
    return rendered(**settings_of(recipe))


def test_what_was_not_sought_is_said() -> None:
    said = stated("[]")
    assert "Personal data was not sought" in said["rai:personalSensitiveInformation"][0]
    limits = " ".join(said["rai:dataLimitations"])
    assert "benchmarks were not sought" in limits
    assert "tells a model what to do, were not sought" in limits


def test_what_was_sought_is_said_by_kind() -> None:
    said = stated("[{trust: {}}, {pii: {default: mask, ip: keep, secret: reject}}]")
    (personal,) = said["rai:personalSensitiveInformation"]
    for words in ("asked: email, phone, iban", "with their rows: secret", "sought: ip, name, addr"):
        assert words in personal
    assert "tells a model" not in " ".join(said["rai:dataLimitations"])
    said = stated("[{decontaminate: [{name: quiz, file: quiz.jsonl}]}]")
    assert "these benchmarks were sought, and no others: quiz" in said["rai:dataLimitations"][1]


def test_a_version_that_does_not_say_how_it_was_made_states_nothing_of_it() -> None:
    said = rendered()
    assert said.keys().isdisjoint(
        {"rai:personalSensitiveInformation", "rai:dataPreprocessingProtocol"}
    )
    assert len(said["rai:dataLimitations"]) == 1
    assert said["rai:dataBiases"] == [
        "Languages of the samples, as recognised: en 75.0%, de 25.0%."
    ]


def test_engines_and_models_are_named_as_the_tools() -> None:
    recipe = parse_recipe("dataset: x\nsources: [{documents: x}]\nrouting: never")
    assert rendered(**settings_of(recipe))["rai:machineAnnotationTools"] == ["`rapidocr`"]
    steps = rendered(**settings_of(recipe))["rai:dataPreprocessingProtocol"]
    assert "The engine reads every page; text layers are not used." in steps
