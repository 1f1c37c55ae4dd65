"""Candidate pairs of items in memory. A publish computes the same pairs from key files."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from schemas.recipe import Dedup
from workers.publishing.duplicates import Indices, Items, candidate_keys, stars


def candidate_edges(items: Items, settings: Dedup) -> Iterator[Indices]:
    """Pairs that share a key, column by column."""
    rows = pa.table(
        {
            "text_tokens": pa.array(items.text_tokens),
            "text_hash": pa.array([bytes(h).ljust(16, b"\0") for h in items.text_hashes]),
            "minhash": pa.array([row.astype("<u8").tobytes() for row in items.signatures]),
        }
    )
    for column in candidate_keys(rows, settings, items.image_hashes is not None).columns:
        valid = column.is_valid().to_numpy()
        yield stars(column.drop_null().to_numpy(), np.flatnonzero(valid))
