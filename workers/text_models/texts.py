"""Texts that a model reads, wherever their rows lie: in a shard, or in a part of a table.

A text is known by a hash of its characters, so texts that are equal are read once, whether they
are a page or a document. `text_hash`, the hash of a row, would not do: it is the same for texts
that differ in marks, to which a model may give other values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from workers.publishing.rows_of import RowsOf

KEY_BYTES = 16

Keys = npt.NDArray[np.void]
"""Keys of texts: `V16` (texts,)."""
KEY = np.dtype(f"V{KEY_BYTES}")


def text_keys(task: RowsOf) -> tuple[RowsOf, Keys]:
    """The keys of the rows' texts, in their order."""
    return task, np.array([text_key(text) for text in read_texts(task)], KEY)


def text_key(text: str) -> bytes:
    """The key of a text."""
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=KEY_BYTES).digest()


def read_texts(task: RowsOf) -> Iterator[str]:
    """The texts of the rows, in their order; some are in memory at a time."""
    for batch in task.batches(["text"]):
        yield from batch["text"].to_pylist()
