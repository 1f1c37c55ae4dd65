"""A published dataset: its Delta tables, their parts, its card, its lease, and its changes.

Owns everything under a dataset's folder except staging: commits and their history, the Parquet
parts named by hash, the lease of the run that may write, and what a version changed. Does not
decide what a version holds (`pipelines.version`), nor what may be removed (`pipelines.dataset`).

    table = open_table(store.join(dataset, "pages"))
    for part in table.parts:
        texts = read_part(table.part_uri(part), ["page_id", "text"])

Start reading in `delta`, then `parts`; `lease` keeps two runs from one dataset.
"""

from workers.dataset.delta import (
    PartFile,
    TableVersion,
    commit_parts,
    ensure_table,
    open_table,
    table_history,
)
from workers.dataset.parts import first_rows, read_part, read_rows, write_part

__all__ = [
    "PartFile",
    "TableVersion",
    "commit_parts",
    "ensure_table",
    "first_rows",
    "open_table",
    "read_part",
    "read_rows",
    "table_history",
    "write_part",
]
