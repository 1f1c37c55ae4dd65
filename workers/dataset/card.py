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

import yaml

from schemas.yaml_text import parse_card_header, write_names
from workers import store
from workers.dataset import card_sections as sections
from workers.dataset.delta import TableVersion
from workers.dataset.hub_info import columns_of, dataset_info
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
    uri = store.join(recipe.dataset, "README.md")
    if languages is None:
        languages = count_languages(tables["pages"]) + count_languages(tables["conversations"])
    data = render_card(recipe, tables, languages).encode()
    if not store.exists(uri) or store.read_bytes(uri) != data:
        store.write_bytes(uri, data)


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
    recipe: Described, tables: Mapping[str, TableVersion], languages: Mapping[str, int]
) -> str:
    """The card's text."""
    metadata = tables["pages"].metadata
    counts = metadata["counts"]
    pages, samples = counts["pages"], counts["pages"] + counts["conversations"]
    schemas = {table: columns_of(table, metadata) for table in _loadable(tables)}
    loaded = _loadable(tables)[0] if _loadable(tables) else "pages"
    name = _name(recipe)
    header = _header(recipe, tables, samples, sections.main_languages(languages))
    info = {"dataset_info": [dataset_info(t, tables[t], schemas[t]) for t in _loadable(tables)]}
    body = "".join(
        (
            sections.trainer_tokens(metadata),
            sections.how_to_load(name, loaded, tables[loaded].version),
            sections.by_language(languages),
            sections.by_license(metadata.get("licenses", {})),
            sections.how_it_was_made(metadata),
            sections.funnel(metadata.get("funnel", ())),
        )
    )
    conversations = f", {counts['conversations']:,} conversations" * (counts["conversations"] > 0)
    return f"""---
{yaml.safe_dump(header, sort_keys=False, allow_unicode=True)}{write_names(info)}---

# {name}

Image–text pairs made from documents by PageFoundry. Version {tables["pages"].version} holds
{pages:,} pages{conversations} and the whole texts of {counts["documents"]:,} documents, after
deduplication.

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


def _name(recipe: Described) -> str:
    return recipe.dataset.rstrip("/").rsplit("/", 1)[-1]


def _loadable(tables: Mapping[str, TableVersion]) -> list[str]:
    """The tables to list in the header: `load_dataset` fails on a table without files."""
    return [table for table in _IN_ORDER if tables[table].parts]


def _header(
    recipe: Described, tables: Mapping[str, TableVersion], samples: int, languages: Sequence[str]
) -> dict[str, object]:
    """The first fields of the YAML header; `languages` are the main ones."""
    loadable = _loadable(tables)
    return {
        "license": recipe.license,
        "pretty_name": _name(recipe),
        "language": list(languages),
        "task_categories": ["image-to-text", "text-generation"],
        "size_categories": [next((word for size, word in _SIZES if samples < size), "n>1M")],
        "configs": [
            {
                "config_name": table,
                "default": table == loadable[0],
                "data_files": [f"{table}/{part.path}" for part in tables[table].parts],
            }
            for table in loadable
        ],
    }
