"""Lists: what policies look for, read from files once and sent to all tasks as Parquet.

data = pack(items, benchmarks)        # in one task
items = unpack(store.read_bytes(uri)) # in every other
counts = item_counts(data)            # how many items can be looked for
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.decontaminate import Benchmark, ItemCounts
from workers.policies.decontamination import Item, count_items
from workers.text import clean

ITEMS = pa.schema(
    [
        ("benchmark", pa.string()),
        ("item_id", pa.string()),
        ("columns", pa.list_(pa.string())),
        ("texts", pa.list_(pa.string())),
        ("picture", pa.binary()),
    ]
)
"""One row an item of a benchmark: `texts` are those of its `columns`, in their order."""
_COUNTS = b"pagefoundry.items"


def pack(items: Iterable[Item], benchmarks: Sequence[Benchmark]) -> bytes:
    """Items of benchmarks as the bytes of a Parquet file, which also says how many there are."""
    cleaned = [
        replace(item, fields=tuple((column, clean(text)) for column, text in item.fields))
        for item in items
    ]
    rows = [
        {
            "benchmark": item.benchmark,
            "item_id": item.item_id,
            "columns": [column for column, _ in item.fields],
            "texts": [text for _, text in item.fields],
            "picture": item.picture,
        }
        for item in cleaned
    ]
    counts = {_COUNTS: json.dumps(count_items(cleaned, benchmarks)).encode()}
    out = io.BytesIO()
    schema = ITEMS.with_metadata(counts)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), out, compression="zstd")
    return out.getvalue()


def item_counts(data: bytes) -> dict[str, ItemCounts]:
    """How many items each benchmark has, of those that `pack` has packed."""
    counts: dict[str, ItemCounts] = json.loads(pq.read_schema(io.BytesIO(data)).metadata[_COUNTS])
    return counts


def unpack(data: bytes) -> list[Item]:
    """The inverse of `pack`."""
    return [
        Item(
            row["benchmark"],
            row["item_id"],
            tuple(zip(row["columns"], row["texts"], strict=True)),
            row["picture"],
        )
        for row in pq.read_table(io.BytesIO(data)).to_pylist()
    ]
