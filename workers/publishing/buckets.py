"""Buckets: the rows that share a candidate key, over all key files, one column at a time."""

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
    """One column of candidate keys to group by."""

    column: str
    files: tuple[KeysFile, ...]


def bucket_edges(task: Bucketing) -> Indices:
    """Pairs of rows that may be duplicates, int64 (pairs, 2): a star for each bucket.

    A row is numbered by its place in all files, one after the other.
    """
    keys = [np.zeros(0, np.uint64)]
    places = [np.zeros(0, np.int64)]
    start = 0
    for file in task.files:
        column = read_part(file.uri, [task.column])[task.column].combine_chunks()
        wanted = np.unpackbits(file.wanted, count=file.rows).astype(bool)
        wanted &= column.is_valid().to_numpy(zero_copy_only=False)
        keys.append(pc.fill_null(column, 0).to_numpy()[wanted])
        places.append(np.flatnonzero(wanted) + start)
        start += file.rows
    return stars(np.concatenate(keys), np.concatenate(places))
