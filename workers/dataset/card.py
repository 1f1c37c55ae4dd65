"""The dataset card: a README.md that Hugging Face, and people, read first.

Its YAML header lists the current parts by name, so that `load_dataset` never sees rows of an older
version. The card depends on the version alone, not on when it was written.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

import yaml

from schemas.funnel import FunnelStep
from schemas.reject_reasons import REJECT_REASONS
from schemas.versions import VersionRecord
from workers import store
from workers.dataset.delta import TableVersion
from workers.dataset.parts import read_part

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))
_MOST_LANGUAGES = 20
_MOST_LICENSES = 50
_FOR_READERS = ("pages", "conversations", "documents", "crops")
"""The tables to train on; the first of them that has rows is the default."""


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
        header = yaml.safe_load(text.split("---\n")[1]) if text.startswith("---\n") else None
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


def _by_license(licenses: Mapping[str, int]) -> str:
    """The card's section on licences; nothing where no document has one."""
    if not any(licenses):
        return ""
    ordered = sorted(licenses.items(), key=lambda pair: (pair[0] == "", -pair[1], pair[0]))
    lines = [
        f"| {_in_a_cell(name) or 'not stated'} | {count:,} |"
        for name, count in ordered[:_MOST_LICENSES]
    ]
    if len(ordered) > _MOST_LICENSES:
        others = sum(count for _, count in ordered[_MOST_LICENSES:])
        lines.append(f"| {len(ordered) - _MOST_LICENSES:,} more | {others:,} |")
    table = "\n".join(lines)
    return f"""
## Licences

As documents and the recipe state them, in `source.license` of each row.

| licence | rows |
|---|---|
{table}
"""


def _funnel(steps: Sequence[FunnelStep]) -> str:
    """The card's section on what each step of publishing left; nothing where that is unknown."""
    if not steps:
        return ""
    lines = [
        f"| `{step['step']}` | {step['pages']:,} | "
        f"{'' if step['tokens'] is None else format(step['tokens'], ',')} | {step['documents']:,} |"
        for step in steps
    ]
    table = "\n".join(lines)
    return f"""
## What each step left

Pages and their tokens, and whole documents, from the sources on: what could be read, what
deduplication left, then each policy in its order.

| after | pages | tokens | documents |
|---|---|---|---|
{table}
"""


def _trainer_tokens(metadata: VersionRecord) -> str:
    """The card's line on the trainer's own tokens; nothing where no tokenizer is named."""
    name = metadata.get("publish_settings", {}).get("tokenizer")
    if name is None:
        return ""
    many = ""
    for step in (metadata.get("funnel") or ())[-1:]:
        if "trainer_tokens" in step and "document_trainer_tokens" in step:
            pages, documents = step["trainer_tokens"], step["document_trainer_tokens"]
            many = f": {pages:,} of samples and {documents:,} of documents"
    return f"\n`trainer_tokens` are counted with `{name}`{many}.\n"


def _in_a_cell(text: str) -> str:
    """A text of a document as a cell of a table in Markdown, without marks or links of its own."""
    return escape(text).translate({ord(mark): f"&#{ord(mark)};" for mark in "|[]`*_<>\\:"})


def _literal(text: str) -> str:
    """A text as a string literal of Python."""
    return json.dumps(text, ensure_ascii=False)


def render_card(
    recipe: Described, tables: Mapping[str, TableVersion], languages: Mapping[str, int]
) -> str:
    """The card's text."""
    metadata = tables["pages"].metadata
    counts = metadata["counts"]
    pages, samples = counts["pages"], counts["pages"] + counts["conversations"]
    ordered = sorted(languages.items(), key=lambda pair: (-pair[1], pair[0]))
    loaded = _loadable(tables)[0] if _loadable(tables) else "pages"
    name = _name(recipe)
    header = _header(recipe, tables, samples, [code for code, _ in ordered])
    shares = "\n".join(f"| {code} | {count:,} |" for code, count in ordered[:_MOST_LANGUAGES])
    conversations = f", {counts['conversations']:,} conversations" * (counts["conversations"] > 0)
    return f"""---
{yaml.safe_dump(header, sort_keys=False, allow_unicode=True)}---

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
{_trainer_tokens(metadata)}
## Load it

```python
from datasets import load_dataset
# The folder's path, or its name on a hub.
{loaded} = load_dataset({_literal(name)}, "{loaded}", split="train")

from deltalake import DeltaTable
DeltaTable({_literal(name + "/pages")}, version={tables["pages"].version}).to_pyarrow_table()
```

## Languages

| language | rows |
|---|---|
{shares}
{_by_license(metadata.get("licenses", {}))}{_funnel(metadata.get("funnel", ()))}
## What was left out

{_left_out(metadata)}

Recipe digest `{metadata["recipe_digest"]}`. Licence of the source documents: {recipe.license}.
"""


def _left_out(metadata: VersionRecord) -> str:
    """The card's table of rejects, with pages apart from documents, so that sums come out."""
    levels = metadata.get("rejects_by_level")
    if levels is None:  # an earlier release made the version
        lines = ["| reason | rows | meaning |", "|---|---|---|"]
        for reason, count in metadata["rejects"].items():
            lines.append(f"| `{reason}` | {count:,} | {REJECT_REASONS[reason]} |")
        return "\n".join(lines)
    counts = metadata["counts"]
    samples = counts["pages"] + counts["conversations"]
    pages, documents = (sum(levels[level].values()) for level in ("page", "document"))
    lines = [
        f"Of {samples + pages:,} pages in the sources {samples:,} are samples and {pages:,} were "
        f"left out. Of {counts['documents'] + documents:,} documents {counts['documents']:,} are "
        f"here and {documents:,} were left out.",
        "",
        "| reason | pages | documents | meaning |",
        "|---|---|---|---|",
    ]
    for reason in metadata["rejects"]:
        numbers = (levels[level].get(reason, 0) for level in ("page", "document"))
        cells = " | ".join(f"{number:,}" if number else "" for number in numbers)
        lines.append(f"| `{reason}` | {cells} | {REJECT_REASONS[reason]} |")
    return "\n".join(lines)


def _name(recipe: Described) -> str:
    return recipe.dataset.rstrip("/").rsplit("/", 1)[-1]


def _loadable(tables: Mapping[str, TableVersion]) -> list[str]:
    """The tables to list in the header: `load_dataset` fails on a table without files."""
    return [table for table in _FOR_READERS if tables[table].parts]


def _header(
    recipe: Described, tables: Mapping[str, TableVersion], samples: int, languages: Sequence[str]
) -> dict[str, object]:
    """The fields of the YAML header; `languages` by frequency."""
    loadable = _loadable(tables)
    return {
        "license": recipe.license,
        "pretty_name": _name(recipe),
        "language": [code for code in languages if code and code != "und"][:_MOST_LANGUAGES],
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
