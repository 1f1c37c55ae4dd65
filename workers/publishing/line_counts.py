"""Count in how many documents each line stands, in the texts of some files.

    texts ─► [ sketch_lines ] ─► hashes in a scratch file, sketches ─► merged
    hashes ─► [ count_lines ] those that may be frequent ─► merged ─► texts ─► [ name_lines ]

The texts are read once, but for a few that show what the frequent lines are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.findings import changes_text
from workers import store
from workers.dataset.columns import findings_keys
from workers.policies.shared_lines import (
    Frequent,
    Hashes,
    Sketch,
    hashes_of,
    line_hash,
    lines_of,
)
from workers.publishing.records import RowsFile
from workers.publishing.rows_of import RowsOf

_ROWS_AT_ONCE = 64  # documents may be long


@dataclass(frozen=True, slots=True)
class TextRows:
    """Rows of a file of documents, by ascending places.

    With None for the rows it is all that no policy has changed.
    """

    file: RowsFile
    rows: npt.NDArray[np.int32] | None


@dataclass(frozen=True, slots=True)
class LineTask:
    """Files whose lines to count, in a task with a number.

    `width` is that of the sketch. Where `uri` is given the hashes of the lines are left there, and
    `count_lines` needs no text. `wanted` are hashes of lines that `name_lines` looks for.
    """

    number: int
    files: tuple[TextRows, ...]
    min_letters: int
    width: int
    uri: str | None = None
    frequent: Frequent | None = None
    wanted: frozenset[int] = frozenset()


def sketch_lines(task: LineTask) -> Sketch:
    """The sketch of the task's texts; leaves their hashes for `count_lines`."""
    hashes = _hashes(task)
    sketch = Sketch.empty(task.width)
    sketch.add(hashes)
    if task.uri is not None:
        store.write_bytes(task.uri, hashes.astype("<u8").tobytes())
    return sketch


def count_lines(task: LineTask) -> tuple[int, Counter[int]]:
    """The task's number, and in how many of its texts each line stands that may be frequent."""
    assert task.frequent is not None
    if task.uri is not None:
        hashes = np.frombuffer(store.read_bytes(task.uri), "<u8")
    else:
        hashes = _hashes(task)
    values, counts = np.unique(task.frequent.among(hashes), return_counts=True)
    return task.number, Counter(dict(zip(values.tolist(), counts.tolist(), strict=True)))


def name_lines(task: LineTask) -> dict[int, str]:
    """The wanted lines, as they are compared, by their hashes."""
    named: dict[int, str] = {}
    for texts in _batches(task):
        for text in texts:
            for line in lines_of(text, task.min_letters):
                value = line_hash(line.key)
                if value in task.wanted:
                    named[value] = line.key
        if len(named) == len(task.wanted):
            break
    return named


def _hashes(task: LineTask) -> Hashes:
    """The hashes of the lines of all texts, each once a text."""
    parts = [np.zeros(0, np.uint64)]
    for texts in _batches(task):
        batch = [value for text in texts for value in hashes_of(text, task.min_letters)]
        parts.append(np.array(batch, np.uint64))
    return np.concatenate(parts)


def _batches(task: LineTask) -> Iterator[list[str]]:
    for texts in task.files:
        yield from _texts(texts)


def _texts(wanted: TextRows) -> Iterator[list[str]]:
    if wanted.rows is not None:
        for batch in RowsOf(wanted.file, wanted.rows).batches(["text"], _ROWS_AT_ONCE):
            yield batch["text"].to_pylist()
        return
    with wanted.file.open() as handle:
        file = pq.ParquetFile(handle)
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=["text", "findings"]):
            yield batch["text"].filter(_is_unchanged(batch)).to_pylist()


def _is_unchanged(batch: pa.RecordBatch) -> pa.Array:
    """Which rows no policy has changed; parts of an earlier release do not say."""
    if "findings" not in batch.schema.names:
        return pa.array(np.ones(batch.num_rows, bool))
    found = findings_keys(pa.chunked_array([batch["findings"]]))
    return pa.array([not changes_text(key) for key in found.tolist()], pa.bool_())
