"""The pages on columns and on reject reasons, made from `schemas`."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from schemas.descriptions import TABLE_DESCRIPTIONS, description
from schemas.reject_reasons import REJECT_REASONS
from schemas.tables import SCHEMAS


def reject_reasons() -> str:
    """The page, in Markdown."""
    rows = [f"| `{reason}` | {meaning} |" for reason, meaning in REJECT_REASONS.items()]
    return "\n".join(
        [
            "# Why a page is not in the dataset",
            "",
            "Every input that does not become a sample is a row of `rejects` with one of these "
            "reasons. Its column `detail` says more, and `level` whether the row is a page or a "
            "whole document. See [the table `rejects`](../data.md#tables).",
            "",
            "| reason | meaning |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def column_reference() -> str:
    """The page on every column of every table, and every field within one, in Markdown."""
    lines = [
        "# Columns",
        "",
        "A field within a struct, or within the entries of a list, is named by its path. `pages`, "
        "`documents`, `conversations` and `rejects` also have a column `score_…` for each "
        "[score](../scores.md) of the recipe.",
    ]
    for table, schema in SCHEMAS.items():
        rows = [
            f"| `{path}` | `{kind}` | {description(table, path)} |"
            for path, kind in _fields(schema, "")
        ]
        head = ["", f"## {table}", "", TABLE_DESCRIPTIONS[table], ""]
        lines += [*head, "| column | type | meaning |", "|---|---|---|", *rows]
    return "\n".join([*lines, ""])


def _fields(fields: pa.Schema | pa.StructType, before: str) -> Iterator[tuple[str, str]]:
    """Paths and types, each field before those within it."""
    for field in fields:
        kind, lists = field.type, 0
        while pa.types.is_list(kind):
            kind, lists = kind.value_type, lists + 1
        is_struct = pa.types.is_struct(kind)
        name = "struct" if is_struct else {"float": "float32"}.get(str(kind), str(kind))
        yield before + field.name, "list of " * lists + name
        if is_struct:
            yield from _fields(kind, f"{before}{field.name}.")
