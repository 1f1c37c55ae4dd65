"""Sections of the dataset card: what its rows mean, how many there are, how they were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import pyarrow as pa

from schemas.descriptions import TABLE_DESCRIPTIONS, description
from schemas.funnel import FunnelStep
from schemas.reject_reasons import REJECT_REASONS
from schemas.versions import VersionRecord
from workers.dataset.making import making

_MOST_LANGUAGES = 20
_MOST_LICENSES = 50
_LEAST_SHARE = 0.01


def table_of(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    first, *others = (f"| {' | '.join(cells)} |" for cells in (headings, *rows))
    return "\n".join([first, "|---" * len(headings) + "|", *others])


def in_a_cell(text: str) -> str:
    """A text of a document as a cell of a table in Markdown, without marks or links of its own."""
    return escape(text).translate({ord(mark): f"&#{ord(mark)};" for mark in "|[]`*_<>\\:"})


def columns(tables: Mapping[str, pa.Schema]) -> str:
    """What each table and column means."""
    sections = []
    for name, schema in tables.items():
        rows = [[f"`{f.name}`", f"`{_kind(f.type)}`", description(name, f.name)] for f in schema]
        made = table_of(["column", "type", "meaning"], rows)
        sections.append(f"### {name}\n\n{TABLE_DESCRIPTIONS[name]}\n\n{made}\n")
    body = "\n".join(sections)
    return f"""
## Columns

Null means that a value does not apply or is not known, unless the column says otherwise. The
Parquet files say the same of each column, and of each field within it, in the field's metadata,
under `comment`.

{body}"""


def _kind(kind: pa.DataType) -> str:
    """A type in short: the fields of a struct by name alone."""
    if pa.types.is_list(kind):
        return f"list<{_kind(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(field.name for field in kind)}>"
    return {"float": "float32"}.get(str(kind), str(kind))


def main_languages(counts: Mapping[str, int]) -> list[str]:
    """The languages of the rows, most first: none of a single row, or of less than 1 % of them."""
    named = sorted(_named(counts), key=lambda code: (-counts[code], code))
    least = max(2, _LEAST_SHARE * sum(counts.values()))
    return [code for code in named if counts[code] >= least][:_MOST_LANGUAGES] or named[:1]


def _named(counts: Mapping[str, int]) -> list[str]:
    return [code for code in counts if code and code != "und"]


def by_language(counts: Mapping[str, int]) -> str:
    """The rows of each language and their share."""
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [
        [code, f"{count:,}", f"{count / total:.1%}"] for code, count in ordered[:_MOST_LANGUAGES]
    ]
    if len(ordered) > _MOST_LANGUAGES:
        others = sum(count for _, count in ordered[_MOST_LANGUAGES:])
        rest = len(ordered) - _MOST_LANGUAGES
        rows.append([f"{rest:,} more", f"{others:,}", f"{others / total:.1%}"])
    return f"""
## Languages

As recognised in the texts; `und` is a text with too little prose.

{table_of(["language", "rows", "share"], rows)}
"""


def by_license(counts: Mapping[str, int]) -> str:
    """The rows of each licence; nothing where no document has one."""
    if not any(counts):
        return ""
    ordered = sorted(counts.items(), key=lambda pair: (pair[0] == "", -pair[1], pair[0]))
    rows = [
        [in_a_cell(name) or "not stated", f"{count:,}"] for name, count in ordered[:_MOST_LICENSES]
    ]
    if len(ordered) > _MOST_LICENSES:
        others = sum(count for _, count in ordered[_MOST_LICENSES:])
        rows.append([f"{len(ordered) - _MOST_LICENSES:,} more", f"{others:,}"])
    return f"""
## Licences

As documents and the recipe state them, in `source.license` of each row.

{table_of(["licence", "rows"], rows)}
"""


def funnel(steps: Sequence[FunnelStep]) -> str:
    """What each step of publishing left; nothing where that is unknown."""
    if not steps:
        return ""
    rows = [
        [
            f"`{step['step']}`",
            f"{step['pages']:,}",
            "" if step["tokens"] is None else f"{step['tokens']:,}",
            f"{step['documents']:,}",
        ]
        for step in steps
    ]
    return f"""
## What each step left

Pages and their tokens, and whole documents, from the sources on: what could be read, what
deduplication left, then each policy in its order.

{table_of(["after", "pages", "tokens", "documents"], rows)}
"""


def trainer_tokens(record: VersionRecord) -> str:
    """The line on the trainer's own tokens; nothing where no tokenizer is named."""
    name = record.get("publish_settings", {}).get("tokenizer")
    if name is None:
        return ""
    many = ""
    for step in (record.get("funnel") or ())[-1:]:
        if "trainer_tokens" in step and "document_trainer_tokens" in step:
            pages, documents = step["trainer_tokens"], step["document_trainer_tokens"]
            many = f": {pages:,} of samples and {documents:,} of documents"
    return f"\n`trainer_tokens` are counted with `{name}`{many}.\n"


def left_out(metadata: VersionRecord) -> str:
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


def how_it_was_made(record: VersionRecord, has_log: bool) -> str:
    """The recipe in short; nothing where the commit does not say it."""
    where = "All settings are in the commit of the table `pages`, in its Delta log.\n"
    listed = "\n".join(f"- {line}" for line in making(record))
    if not listed:
        return ""
    return f"""
## How it was made

{listed}

{where if has_log else ""}"""
