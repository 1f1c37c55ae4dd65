"""Croissant of a version: `croissant.json`, which dataset searches and their tools read.

It follows Croissant 1.1 (https://mlcommons.org/croissant/1.1) and its vocabulary for responsible AI
(http://mlcommons.org/croissant/RAI/1.0), as `mlcroissant` checks both. Like the card it depends on
the version alone, the time of its commit included, and not on when it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from pydantic_core import to_json

from schemas.licenses import spdx_name
from workers import store
from workers.dataset.card import (
    Described,
    count_samples,
    loadable_tables,
    name_of,
    summary,
    write_if_new,
)
from workers.dataset.card_sections import main_languages
from workers.dataset.card_splits import parts_by_split
from workers.dataset.croissant_fields import Json, file_set_id, record_set, splits
from workers.dataset.delta import TableVersion, with_time
from workers.dataset.hub_info import OnHub, columns_of
from workers.dataset.responsible import responsible

CROISSANT: Final = "croissant.json"
MOST_NAMED = 10_000
"""The most parts of a table that are named one by one: a megabyte of names. It is also the most
files that a folder on the Hub may have."""

_CONFORMS_TO = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
_PARQUET, _GIT = "application/x-parquet", "git+https"
_REPOSITORY = "repository"
# The hash of a repository is not defined, and one is asked for. Hugging Face writes this, too.
_NO_HASH = "https://github.com/mlcommons/croissant/issues/80"
_WORDS = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
}
_OF_CROISSANT = (
    *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field"),
    *("fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset"),
    *("jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
_CONTEXT: Json = {**_WORDS, **{word: f"cr:{word}" for word in _OF_CROISSANT}}
# So that the text can stand in a page as it is: these occur in strings alone.
_NOT_IN_A_PAGE = "<>&\u2028\u2029"


def write_croissant(
    recipe: Described,
    tables: Mapping[str, TableVersion],
    languages: Mapping[str, int] | None = None,
) -> None:
    """Write the Croissant of a version, unless it is there already; `languages` as of the card."""
    known = count_samples(tables) if languages is None else languages
    tables = {**tables, "pages": with_time(tables["pages"])}
    write_if_new(store.join(recipe.dataset, CROISSANT), render_croissant(recipe, tables, known))


def render_croissant(
    recipe: Described,
    tables: Mapping[str, TableVersion],
    languages: Mapping[str, int],
    hub: OnHub | None = None,
) -> str:
    """The text of `croissant.json`: as it stands beside the dataset, or on a hub."""
    record = tables["pages"].metadata
    schemas = {table: columns_of(table, record) for table in loadable_tables(tables)}
    has_splits = any(None not in parts_by_split(table, tables) for table in schemas)
    made = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": name_of(recipe, hub),
        "description": summary(tables),
        "conformsTo": _CONFORMS_TO,
        "citeAs": _citation(recipe, tables["pages"], hub),
        **_published(tables["pages"]),
        "version": f"{tables['pages'].version}.0.0",
        "license": _license(recipe.license),
        **({"url": hub.url} if hub else {}),
        "inLanguage": main_languages(languages),
        **responsible(record, languages),
        "distribution": [
            *([_repository(hub)] if hub else []),
            *(_file_set(tables[table], table, hub) for table in schemas),
        ],
        "recordSet": [
            *([splits()] if has_splits else []),
            *(record_set(table, schema) for table, schema in schemas.items()),
        ],
    }
    # Lines make changes readable; without indents it is a quarter smaller. The json of Python's
    # library writes lines fourteen times as slowly.
    text = to_json(made, indent=0).decode()
    for mark in _NOT_IN_A_PAGE:
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return f"{text}\n"


def _published(pages: TableVersion) -> Json:
    """The day of the version's commit, where it is known."""
    if pages.committed_ms is None:
        return {}
    day = datetime.fromtimestamp(pages.committed_ms / 1000, UTC).date()
    return {"datePublished": day.isoformat()}


def _citation(recipe: Described, pages: TableVersion, hub: OnHub | None) -> str:
    address = f" {hub.url}" if hub else ""
    return f"{name_of(recipe, hub)}, version {pages.version}. Made by PageFoundry.{address}"


def _license(text: str) -> str:
    """The address of a licence that SPDX names; another licence as it is written."""
    name = spdx_name(text)
    return f"https://spdx.org/licenses/{name}.html" if name and " " not in name else text


def _repository(hub: OnHub) -> Json:
    return {
        "@type": "cr:FileObject",
        "@id": _REPOSITORY,
        "name": _REPOSITORY,
        "description": f"The repository. The tag `{hub.tag}` has the files of this version.",
        "contentUrl": hub.url,
        "encodingFormat": _GIT,
        "sha256": _NO_HASH,
    }


def _file_set(table: TableVersion, name: str, hub: OnHub | None) -> Json:
    """The current parts of a table. On a hub a pattern names them, as no others are there."""
    is_named = hub is None and len(table.parts) <= MOST_NAMED
    words = f"The parts of the table `{name}`."
    if not is_named and hub is None:
        words += (
            " They are too many to be named: the pattern also finds parts of older versions, until "
            "these are vacuumed. The Delta table has the current ones."
        )
    return {
        "@type": "cr:FileSet",
        "@id": file_set_id(name),
        "name": file_set_id(name),
        "description": words,
        **({"containedIn": {"@id": _REPOSITORY}} if hub else {}),
        "encodingFormat": _PARQUET,
        "includes": [f"{name}/{part.path}" for part in table.parts]
        if is_named
        else f"{name}/data/part-*.parquet",
    }
