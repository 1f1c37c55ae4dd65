"""Count the texts of some rows of a file in the trainer's own tokens."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers import store
from workers.publishing.rows_of import RowsOf
from workers.text.trainer_tokens import Count, load_counter


@dataclass(frozen=True, slots=True)
class Recounting:
    """Rows of a file to count; `tokenizer` is where the file of that lies."""

    rows: RowsOf
    tokenizer: str
    name: str


@dataclass(frozen=True, slots=True)
class Recounted:
    """The tokens of a task's rows, in their order."""

    task: Recounting
    tokens: npt.NDArray[np.int64]


def recount(task: Recounting) -> Recounted:
    """Count the task's rows."""
    count = _counter(task.tokenizer, task.name)
    batches = task.rows.batches(["text"])
    tokens = [np.array(count(batch["text"].to_pylist()), np.int64) for batch in batches]
    return Recounted(task, np.concatenate(tokens))


@functools.lru_cache(maxsize=1)
def _counter(uri: str, name: str) -> Count:
    return load_counter(store.read_bytes(uri), name)
