"""What the dataset card says of splits: the parts of each, its rows, and how it is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from schemas.splits import SPLIT_TABLES, SPLITS, TRAIN, VALIDATION
from schemas.versions import splits_of
from workers.dataset.card_loading import literal
from workers.dataset.card_sections import table_of
from workers.dataset.delta import PartFile, TableVersion
from workers.dataset.hub_info import OnHub


def data_files(table: str, tables: Mapping[str, TableVersion]) -> list[object]:
    """The parts of a table as the header lists them: by split where the version has one."""
    paths = {
        split: [f"{table}/{part.path}" for part in parts]
        for split, parts in parts_by_split(table, tables).items()
    }
    if None in paths:
        return [*paths[None]]
    return [{"split": split, "path": of_split} for split, of_split in paths.items()]


def parts_by_split(
    table: str, tables: Mapping[str, TableVersion]
) -> dict[str | None, Sequence[PartFile]]:
    """The parts of a table by split; all of them by None where it has no split."""
    parts = tables[table].parts
    splits = splits_of(tables["pages"].metadata, table, [part.path for part in parts])
    found = {
        split: [part for part, own in zip(parts, splits, strict=True) if own == split]
        for split in (None, *SPLITS)
    }
    return {split: of_split for split, of_split in found.items() if of_split}


def section(
    name: str, table: str, tables: Mapping[str, TableVersion], hub: OnHub | None = None
) -> str:
    """The section on splits: the rows of each; nothing where there are none.

    `table` is the one whose validation rows it shows how to load.
    """
    by_table = {of_table: parts_by_split(of_table, tables) for of_table in SPLIT_TABLES}
    counts = {
        of_table: {split: sum(part.rows for part in of_split) for split, of_split in parts.items()}
        for of_table, parts in by_table.items()
        if parts and None not in parts
    }
    if not counts:
        return ""
    rows = [
        [f"`{of_table}`", *(f"{of_splits.get(split, 0):,}" for split in SPLITS)]
        for of_table, of_splits in counts.items()
    ]
    place = literal(hub.repository if hub else name)
    tag = f", revision={literal(hub.tag)}" if hub else ""
    load = f"""
```python
from datasets import load_dataset

validation = load_dataset({place}, "{table}", split="{VALIDATION}"{tag})
```
"""
    return f"""
## Splits

Rows are `{TRAIN}` or `{VALIDATION}`, as their column `split` says. All rows of a document are in
one split, and so are documents in which deduplication found something similar: pages, or whole
texts. Validation rows are therefore mostly of documents that resemble no other, and a small dataset
may have none.

{table_of(["table", *SPLITS], rows)}
{load * (VALIDATION in by_table[table])}"""
