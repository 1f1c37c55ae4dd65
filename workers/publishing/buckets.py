"""Buckets: the rows that share a candidate key, over all key files, column by column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from workers.dataset import read_part
from workers.publishing.duplicates import Indices, stars


@dataclass(frozen=True, slots=True)
class KeysFile:
    """A file of candidate keys, `rows` long. In `wanted` a set bit marks a row to compare."""

    uri: str
    rows: int
    wanted: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Bucketing:
    """Columns of candidate keys to group by. All their keys are in memory at once."""

    columns: tuple[str, ...]
    files: tuple[KeysFile, ...]


def bucket_edges(task: Bucketing) -> Indices:
    """Pairs of rows that may be duplicates, int64 (pairs, 2): a star for each bucket.

    A row is numbered by its place in all files, one after the other.
    """
    keys = {column: [np.zeros(0, np.uint64)] for column in task.columns}
    places = {column: [np.zeros(0, np.int64)] for column in task.columns}
    start = 0
    for file in task.files:
        table = read_part(file.uri, task.columns)
        compared = np.unpackbits(file.wanted, count=file.rows).astype(bool)
        for column in task.columns:
            chunk = table[column].combine_chunks()
            wanted = compared & chunk.is_valid().to_numpy(zero_copy_only=False)
            keys[column].append(pc.fill_null(chunk, 0).to_numpy()[wanted])
            places[column].append(np.flatnonzero(wanted) + start)
        start += file.rows
    edges = [stars(np.concatenate(keys[name]), np.concatenate(places[name])) for name in keys]
    return np.concatenate(edges)
