"""What people are told of rows: the files of documents by their ids, and rejects by their level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import pyarrow.parquet as pq

from workers import store
from workers.dataset import TableVersion, read_part

LEVELS = ("page", "document")
"""The levels of rejects. A conversation is the one page of its document; crops are not rejected."""

_ROWS_AT_ONCE = 16_384

Rejects = Mapping[str, Mapping[str, int]]
"""Rows of `rejects` by level and reason."""


def count_rejects(rejects: TableVersion) -> dict[str, dict[str, int]]:
    """Rows of `rejects` by level and reason; each level of `LEVELS` is there."""
    counts: dict[str, Counter[str]] = {level: Counter() for level in LEVELS}
    for part in rejects.parts:
        rows = read_part(rejects.part_uri(part), ["level", "reason"])
        for row in rows.group_by(["level", "reason"]).aggregate([([], "count_all")]).to_pylist():
            counts[row["level"]][row["reason"]] += row["count_all"]
    return {level: dict(sorted(reasons.items())) for level, reasons in counts.items()}


def count_reasons(rejects: Rejects) -> dict[str, int]:
    """Rejects by reason, of all levels together."""
    total: Counter[str] = Counter()
    for reasons in rejects.values():
        total.update(reasons)
    return dict(sorted(total.items()))


def file_names(inventories: Sequence[TableVersion], doc_ids: Collection[str]) -> dict[str, str]:
    """The first file of each of these documents, where an inventory has it.

    Reads two columns, and no further than the last of the documents.
    """
    wanted, names = set(doc_ids), dict[str, str]()
    uris = (table.part_uri(part) for table in inventories for part in table.parts)
    for uri in uris:
        if wanted <= names.keys():
            break
        with store.open_input(uri) as handle:
            for batch in pq.ParquetFile(handle).iter_batches(
                batch_size=_ROWS_AT_ONCE, columns=["doc_id", "uris"]
            ):
                for place, doc_id in enumerate(batch["doc_id"].to_pylist()):
                    if doc_id in wanted and doc_id not in names:
                        names[doc_id] = batch["uris"][place][0]["uri"].as_py()
    return names
