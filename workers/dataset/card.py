"""The dataset card: a README.md that Hugging Face, and people, read first.

Its YAML header lists the current parts by name, so that `load_dataset` never sees rows of an older
version. The card depends on the version alone, not on when it was written.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
import yaml

from schemas.yaml_text import parse_card_header
from workers import store
from workers.dataset import card_sections as sections
from workers.dataset import card_splits
from workers.dataset.card_loading import how_to_load, how_to_load_from_hub
from workers.dataset.delta import TableVersion
from workers.dataset.hub_info import OnHub, columns_of, dataset_info
from workers.dataset.parts import read_part

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))
_IN_ORDER = ("pages", "conversations", "documents", "crops", "inventory", "rejects")
"""The tables, those to train on first; the first of them that has rows is the default."""


class Described(Protocol):
    """What a card says that the tables do not: a recipe has it, and so has a card."""

    @property
    def dataset(self) -> str:
        """The dataset's address."""
        ...

    @property
    def license(self) -> str:
        """The licence of the documents."""
        ...


@dataclass(frozen=True, slots=True)
class FromCard:
    """What the present card of a dataset says of it."""

    dataset: str
    license: str


def described_by_card(dataset: str, default_license: str) -> FromCard | None:
    """What a dataset's card says, with another licence where it names none; None without a card."""
    try:
        text = store.read_bytes(store.join(dataset, "README.md")).decode(errors="replace")
    except FileNotFoundError:
        return None
    try:
        header = parse_card_header(text.split("---\n")[1]) if text.startswith("---\n") else None
    except (yaml.YAMLError, IndexError):
        header = None
    named = header.get("license") if isinstance(header, dict) else None
    return FromCard(dataset, named if isinstance(named, str) else default_license)


def write_card(
    recipe: Described,
    tables: Mapping[str, TableVersion],
    languages: Mapping[str, int] | None = None,
) -> None:
    """Write the card of a version, unless it is there already.

    `languages` are its samples by language. None: they are counted, from a column of every part.
    """
    card = render_card(recipe, tables, count_samples(tables) if languages is None else languages)
    write_if_new(store.join(recipe.dataset, "README.md"), card)


def write_if_new(uri: str, text: str) -> None:
    """Write a text, unless it is there already."""
    data = text.encode()
    if not store.exists(uri) or store.read_bytes(uri) != data:
        store.write_bytes(uri, data)


def count_samples(tables: Mapping[str, TableVersion]) -> Counter[str]:
    """The samples of a version by language, from a column of every part."""
    return count_languages(tables["pages"]) + count_languages(tables["conversations"])


def count_languages(table: TableVersion) -> Counter[str]:
    """Rows of `pages` or `conversations` by language."""
    return sum((_counts(table.part_uri(part))[0] for part in table.parts), start=Counter[str]())


def count_licenses(table: TableVersion) -> Counter[str]:
    """Rows of `pages` or `conversations` by licence; an empty word where none is stated."""
    return sum((_counts(table.part_uri(part))[1] for part in table.parts), start=Counter[str]())


@functools.lru_cache(maxsize=1024)
def _counts(uri: str) -> tuple[Counter[str], Counter[str]]:
    """Rows of a part by language and by licence. A part never changes, so it is opened once."""
    rows = read_part(uri, ["language", "source.license"])
    languages = Counter(rows["language"].to_pylist())
    # A part that an earlier release wrote has no `source`.
    has_source = "source" in rows.column_names
    sources = rows["source"].to_pylist() if has_source else [None] * rows.num_rows
    return languages, Counter((source and source["license"]) or "" for source in sources)


def render_card(
    recipe: Described,
    tables: Mapping[str, TableVersion],
    languages: Mapping[str, int],
    hub: OnHub | None = None,
) -> str:
    """The card's text: as it stands beside the dataset, or on a hub."""
    metadata = tables["pages"].metadata
    counts = metadata["counts"]
    samples = counts["pages"] + counts["conversations"]
    loadable = loadable_tables(tables)
    schemas = {table: columns_of(table, metadata) for table in loadable}
    loaded = loadable[0] if loadable else "pages"
    name = name_of(recipe, hub)
    header = _header(recipe, name, tables, samples, sections.main_languages(languages))
    header += _info(schemas, tables)
    body = "".join(
        (
            sections.trainer_tokens(metadata),
            how_to_load_from_hub(hub, loaded)
            if hub
            else how_to_load(name, loaded, tables[loaded].version),
            card_splits.section(name, loaded, tables, hub),
            sections.by_language(languages),
            sections.by_license(metadata.get("licenses", {})),
            sections.how_it_was_made(metadata, has_log=hub is None),
            sections.funnel(metadata.get("funnel", ())),
        )
    )
    return f"""---
{header}---

# {name}

{summary(tables)}

| table | rows | what a row is |
|---|---|---|
| `pages` | {counts["pages"]:,} | a page image with its text, blocks, token counts and scores |
| `documents` | {counts["documents"]:,} | the whole text of a document, for text-only training |
| `crops` | {counts["crops"]:,} | a figure, chart or formula cut out of a page, with its text |
| `conversations` | {counts["conversations"]:,} | a chat whose older turns are images |
| `inventory` | {counts["inventory"]:,} | a source document and where it was seen |
| `rejects` | {counts["rejects"]:,} | a page or document that is not in the dataset, and why |
{body}
## What was left out

{sections.left_out(metadata)}
{sections.columns(schemas)}
Recipe digest `{metadata["recipe_digest"]}`. Licence of the source documents: {recipe.license}.
"""


def summary(tables: Mapping[str, TableVersion]) -> str:
    """What the dataset is, in two sentences."""
    counts = tables["pages"].metadata["counts"]
    conversations = f", {counts['conversations']:,} conversations" * (counts["conversations"] > 0)
    return (
        f"Image–text pairs made from documents by PageFoundry. Version {tables['pages'].version} "
        f"holds {counts['pages']:,} pages{conversations} and the whole texts of "
        f"{counts['documents']:,} documents, after deduplication."
    )


def name_of(recipe: Described, hub: OnHub | None) -> str:
    """What the dataset is called: its folder, or its repository on a hub without the owner."""
    return (hub.repository if hub else recipe.dataset).rstrip("/").rsplit("/", 1)[-1]


def loadable_tables(tables: Mapping[str, TableVersion]) -> list[str]:
    """The tables to list in the header: `load_dataset` fails on a table without files."""
    return [table for table in _IN_ORDER if tables[table].parts]


def _header(
    recipe: Described,
    name: str,
    tables: Mapping[str, TableVersion],
    samples: int,
    languages: Sequence[str],
) -> str:
    """The YAML header but for `_info`; `languages` are the main ones."""
    loadable = loadable_tables(tables)
    header = {
        "license": recipe.license,
        "pretty_name": name,
        "language": list(languages),
        "task_categories": ["image-to-text", "text-generation"],
        "size_categories": [next((word for size, word in _SIZES if samples < size), "n>1M")],
        "configs": [
            {
                "config_name": table,
                "default": table == loadable[0],
                "data_files": card_splits.data_files(table, tables),
            }
            for table in loadable
        ],
    }
    return yaml.safe_dump(header, sort_keys=False, allow_unicode=True)


def _info(schemas: Mapping[str, pa.Schema], tables: Mapping[str, TableVersion]) -> str:
    """The YAML header's `dataset_info`: the columns and sizes of each table."""
    entries = [
        dataset_info(table, schema, card_splits.parts_by_split(table, tables))
        for table, schema in schemas.items()
    ]
    return "".join(["dataset_info:\n", *entries]) if entries else "dataset_info: []\n"
