"""What people are told of rows: the files of documents by their ids, and rejects by their level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.ids import DOC_ID
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


def names_in(texts: Iterable[str], inventories: Sequence[TableVersion]) -> dict[str, str]:
    """The first file of each document whose id stands in one of these texts."""
    return _file_names(inventories, {doc_id for text in texts for doc_id in DOC_ID.findall(text)})


def _file_names(inventories: Sequence[TableVersion], doc_ids: Set[str]) -> dict[str, str]:
    """The first file of each of these documents, where an inventory has it.

    Reads two columns, and no further than the last of the documents.
    """
    names: dict[str, str] = {}
    asked = pa.array(sorted(doc_ids), pa.string())
    uris = (table.part_uri(part) for table in inventories for part in table.parts)
    for uri in uris:
        if len(names) == len(asked):
            break
        with store.open_input(uri) as handle:
            for batch in pq.ParquetFile(handle).iter_batches(
                batch_size=_ROWS_AT_ONCE, columns=["doc_id", "uris"]
            ):
                for row in batch.filter(pc.is_in(batch["doc_id"], asked)).to_pylist():
                    names.setdefault(row["doc_id"], row["uris"][0]["uri"])
    return names
