"""Count the texts of some rows of a file in the trainer's own tokens."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from workers import store
from workers.publishing.records import RowsFile
from workers.text.trainer_tokens import Count, load_counter

_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Recounting:
    """Rows of a file to count, by ascending places; `tokenizer` is where its file lies.

    `number` is the file's for the caller.
    """

    number: int
    file: RowsFile
    rows: npt.NDArray[np.int32]
    tokenizer: str
    name: str


@dataclass(frozen=True, slots=True)
class Recounted:
    """The tokens of a task's rows, in their order."""

    task: Recounting
    tokens: npt.NDArray[np.int64]


def recount(task: Recounting) -> Recounted:
    """Count the task's rows."""
    count, start = _counter(task.tokenizer, task.name), 0
    tokens = [np.zeros(0, np.int64)]
    with task.file.open() as handle:
        file = pq.ParquetFile(handle)
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=["text"]):
            first, stop = np.searchsorted(task.rows, [start, start + batch.num_rows])
            here = pa.array(task.rows[first:stop] - np.int32(start))
            if len(here):
                texts = batch["text"].take(here).to_pylist()
                tokens.append(np.array(count(texts), np.int64))
            start += batch.num_rows
    return Recounted(task, np.concatenate(tokens))


@functools.lru_cache(maxsize=1)
def _counter(uri: str, name: str) -> Count:
    return load_counter(store.read_bytes(uri), name)
