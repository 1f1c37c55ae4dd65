"""The card: a header that readers parse, naming exactly the version's parts, the same each time."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from pipelines.version.metadata import settings_of
from schemas.descriptions import TABLE_DESCRIPTIONS, description
from schemas.provenance import Provenance
from schemas.recipe import Recipe, parse_recipe
from schemas.tables import PAGES, SCHEMAS, TABLES
from workers.dataset.card import count_languages, count_licenses, render_card, write_card
from workers.dataset.delta import PartFile, TableVersion
from workers.dataset.hub_info import OnHub
from workers.dataset.parts import write_part


def metadata_of(pages: int) -> dict[str, Any]:
    counts = {"pages": pages, "documents": 4, "crops": 7, "inventory": 5, "rejects": 6}
    counts["conversations"] = 0
    return {"counts": counts, "rejects": {"blank": 2, "timeout": 4}, "recipe_digest": "0123"}


def version_of(dataset: str, pages: int, *parts: PartFile) -> Mapping[str, TableVersion]:
    return {
        table: TableVersion(f"{dataset}/{table}", 3, parts, metadata_of(pages)) for table in TABLES
    }


def recipe_for(dataset: str) -> Recipe:
    return parse_recipe(f"dataset: {dataset}\nsources: [{{documents: x}}]\nlicense: cc-by-4.0")


def header_of(card: str) -> dict[str, Any]:
    _, header, _ = card.split("---\n", 2)
    return yaml.safe_load(header)


def render(pages: int = 10, languages: Mapping[str, int] | None = None, *parts: PartFile) -> str:
    return render_card(
        recipe_for("s3://lake/manuals/"), version_of("x", pages, *parts), languages or {}
    )


def test_the_header_names_exactly_the_parts_of_the_version() -> None:
    parts = [PartFile(f"data/part-{name}.parquet", 1, 1) for name in "ab"]
    configs = {
        config["config_name"]: config for config in header_of(render(10, {}, *parts))["configs"]
    }
    assert configs["pages"]["data_files"] == [f"pages/{part.path}" for part in parts]
    assert configs["documents"]["data_files"] == [f"documents/{part.path}" for part in parts]
    assert configs["crops"]["data_files"] == [f"crops/{part.path}" for part in parts]
    assert [name for name, config in configs.items() if config["default"]] == ["pages"]


def test_the_header_is_what_pyyaml_writes_without_libyaml() -> None:
    """So the card of a dataset stays as it is, whichever of both wrote it."""
    _, header, _ = render(10, {}, PartFile("data/part-a.parquet", 1, 1)).split("---\n", 2)
    assert header == yaml.safe_dump(yaml.safe_load(header), sort_keys=False, allow_unicode=True)


@pytest.mark.parametrize("name", ["manuals", "[x] #1", "a\"b'c", "50% \\", "😀é"])
def test_the_lines_that_load_it_name_it_whatever_its_name(name: str) -> None:
    recipe = recipe_for("d").model_copy(update={"dataset": f"/data/{name}"})
    card = render_card(recipe, version_of("x", 10), {})
    programs = [block.partition("```")[0] for block in card.split("```python\n")[1:]]
    assert len(programs) == 5
    for program in programs:
        nodes = ast.walk(ast.parse(program))
        texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
        assert texts & {name, f"{name}/pages"}
    assert header_of(card)["pretty_name"] == name


def test_on_a_hub_its_lines_load_the_tag_and_nothing_speaks_of_delta() -> None:
    part = PartFile("data/part-a.parquet", 1, 1)
    tables = dict(version_of("x", 10, part))
    tables["pages"].metadata.update(settings_of(recipe_for("x")))
    hub = OnHub("lake/manuals", "https://hub/datasets/lake/manuals", "v3")
    card = render_card(recipe_for("s3://private/place"), tables, {}, hub)
    assert "delta" not in card.lower()
    assert "private" not in card
    assert header_of(card)["pretty_name"] == "manuals"
    programs = [block.partition("```")[0] for block in card.split("```python\n")[1:]]
    assert len(programs) == 5
    for program in programs:
        nodes = ast.walk(ast.parse(program))
        texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
        assert texts >= {"lake/manuals", "v3"}


def test_a_table_without_parts_is_no_configuration_and_never_the_default() -> None:
    assert header_of(render(0, {}))["configs"] == []
    part = PartFile("data/part-a.parquet", 1, 1)
    tables = dict(version_of("x", 0))
    tables["documents"] = tables["conversations"] = version_of("x", 0, part)["pages"]
    card = render_card(recipe_for("x"), tables, {})
    names = [(config["config_name"], config["default"]) for config in header_of(card)["configs"]]
    assert names == [("conversations", True), ("documents", False)]
    assert [info["config_name"] for info in header_of(card)["dataset_info"]] == [
        n for n, _ in names
    ]
    assert 'load_dataset("x", "conversations", split="train")' in card


def test_the_header_has_the_name_the_licence_and_languages_by_size() -> None:
    header = header_of(render(10, {"de": 3, "und": 9, "en": 5, "no": 3}))
    assert (header["pretty_name"], header["license"]) == ("manuals", "cc-by-4.0")
    assert header["language"] == ["en", "de", "no"]


@pytest.mark.parametrize(
    ("counts", "listed"),
    [
        ({}, []),
        ({"und": 7}, []),
        ({"de": 1}, ["de"]),
        ({"en": 40, "la": 1}, ["en"]),
        ({"en": 9_801, "de": 100, "la": 99}, ["en", "de"]),
    ],
)
def test_a_language_of_one_page_or_of_less_than_a_hundredth_is_not_in_the_header(
    counts: dict[str, int], listed: list[str]
) -> None:
    card = render(10, counts)
    assert header_of(card)["language"] == listed
    rows = card.split("## Languages")[1].split("##")[0].splitlines()
    codes = [row.split(" ")[1] for row in rows if row.startswith("| ")][1:]
    assert codes == sorted(counts, key=lambda code: -counts[code])


def test_the_card_says_what_every_column_of_a_table_with_rows_means() -> None:
    card = render(10, {}, PartFile("data/part-a.parquet", 1, 1))
    for table, schema in SCHEMAS.items():
        section = card.split(f"### {table}\n")[1].split("\n### ")[0]
        assert TABLE_DESCRIPTIONS[table] in section
        for field in schema:
            assert f"| `{field.name}` | " in section
            assert description(table, field.name) in section
    assert "### pages" not in render(0)


def test_the_card_says_how_the_rows_were_made() -> None:
    text = """
dataset: x
sources: [{documents: x}]
engine: {name: transformers, model: org/reader, revision: 0123456789012345678901234567890123456789}
policies: [{trust: {}}, {lines: {}}]
rights: {reserved: drop}
"""
    tables = version_of("x", 10)
    tables["pages"].metadata.update(settings_of(parse_recipe(text)))
    section = render_card(recipe_for("x"), tables, {}).split("## How it was made")[1].split("##")[0]
    for words in (
        *("at most 1,280 px, as jpeg", "`transformers`, model `org/reader` at `0123456789"),
        *("text layer of a page is taken where it is good", "similarity of 0.8"),
        *("`trust`, `lines`", "reserve their use are left out"),
    ):
        assert words in section
    assert "## How it was made" not in render()  # of a version that does not say it


@pytest.mark.parametrize(
    ("pages", "size"), [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (999_999, "100K<n<1M")]
)
def test_the_size_is_a_hugging_face_category(pages: int, size: str) -> None:
    assert header_of(render(pages))["size_categories"] == [size]


def test_the_text_says_what_is_in_it_and_what_was_left_out() -> None:
    card = render(12_345, {"en": 12_000})
    for said in (
        "Version 3 holds 12,345 pages",
        "| `timeout` | 4 |",
        "| en | 12,000 | 100.0% |",
        "`0123`",
    ):
        assert said in card


def test_languages_are_counted_over_all_parts(tmp_path: Path) -> None:
    groups = [
        pa.Table.from_pylist([{"language": code} for code in codes], schema=PAGES)
        for codes in (["en", "de"], ["en", "und"])
    ]
    parts = [write_part(str(tmp_path), "pages", [group]) for group in groups]
    counted = count_languages(version_of(str(tmp_path), 4, *parts)["pages"])
    assert counted == {"en": 2, "de": 1, "und": 1}


def test_licences_are_counted_also_of_parts_without_the_column(tmp_path: Path) -> None:
    names = [["MIT", None], ["MIT", "own | terms"]]
    sources = [[Provenance(license=name).to_row() for name in part] for part in names]
    parts = []
    for part in sources:
        rows = pa.Table.from_pylist([{"source": source} for source in part], schema=PAGES)
        parts.append(write_part(str(tmp_path), "pages", [rows]))
    old = PAGES.remove(PAGES.get_field_index("source"))
    rows = pa.Table.from_pylist([{"page_id": "a"}] * 3, schema=old)
    pq.write_table(rows, tmp_path / "pages/data/old.parquet")
    parts.append(PartFile("data/old.parquet", 1, 3))
    version = version_of(str(tmp_path), 7, *parts)
    counted = count_licenses(version["pages"])
    assert counted == {"MIT": 2, "own | terms": 1, "": 4}
    version["pages"].metadata["licenses"] = counted
    card = render_card(recipe_for(str(tmp_path)), version, {})
    rows = [line for line in card.split("## Licences")[1].splitlines() if line.startswith("| ")]
    assert rows[1:4] == ["| MIT | 2 |", "| own &#124; terms | 1 |", "| not stated | 4 |"]


def test_a_card_without_licences_has_no_section_on_them() -> None:
    assert "## Licences" not in render()


def test_a_card_that_is_there_already_is_not_written_again(tmp_path: Path) -> None:
    recipe, readme = recipe_for(str(tmp_path)), tmp_path / "README.md"
    write_card(recipe, version_of(str(tmp_path), 4))
    before = readme.stat().st_ino
    write_card(recipe, version_of(str(tmp_path), 4))
    assert readme.stat().st_ino == before
    write_card(recipe, version_of(str(tmp_path), 5))
    assert "5 pages" in readme.read_text()
