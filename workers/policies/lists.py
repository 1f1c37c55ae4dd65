"""Lists: what policies look for, read from files once and sent to all tasks as Parquet.

data = pack(items)                    # in one task
items = unpack(store.read_bytes(uri)) # in every other
"""

from __future__ import annotations

import io
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq

from workers.policies.decontamination import Item
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


def pack(items: Iterable[Item]) -> bytes:
    """Items as the bytes of a Parquet file."""
    rows = [
        {
            "benchmark": item.benchmark,
            "item_id": item.item_id,
            "columns": [column for column, _ in item.fields],
            "texts": [clean(text) for _, text in item.fields],
            "picture": item.picture,
        }
        for item in items
    ]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=ITEMS), out, compression="zstd")
    return out.getvalue()


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
