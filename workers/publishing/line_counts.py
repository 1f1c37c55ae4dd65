"""Count in how many documents each line stands, in the texts of some files.

texts ─► [ sketch_lines ] ─► merged ─► texts ─► [ count_lines ] ─► merged, counted exactly
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
from workers.dataset.columns import findings_keys
from workers.policies.shared_lines import Frequent, Sketch, lines_of
from workers.publishing.records import RowsFile

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
    """Files whose lines to count.

    `width` is that of the sketch, `frequent` what is counted exactly.
    """

    files: tuple[TextRows, ...]
    min_letters: int
    width: int = 0
    frequent: Frequent | None = None


def sketch_lines(task: LineTask) -> Sketch:
    """The sketch of the task's texts."""
    sketch = Sketch.empty(task.width)
    for texts in _batches(task):
        sketch.add((line.key for line in lines_of(text, task.min_letters)) for text in texts)
    return sketch


def count_lines(task: LineTask) -> Counter[str]:
    """In how many of the task's texts each line stands that may be frequent."""
    assert task.frequent is not None
    counts: Counter[str] = Counter()
    for texts in _batches(task):
        keys = [key for text in texts for key in {x.key for x in lines_of(text, task.min_letters)}]
        counts.update(task.frequent.among(keys))
    return counts


def _batches(task: LineTask) -> Iterator[list[str]]:
    for texts in task.files:
        yield from _texts(texts)


def _texts(wanted: TextRows) -> Iterator[list[str]]:
    start = 0
    with wanted.file.open() as handle:
        file = pq.ParquetFile(handle)
        columns = [name for name in ("text", "findings") if name in file.schema_arrow.names]
        if wanted.rows is not None:
            columns = ["text"]
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
            yield batch["text"].take(pa.array(_chosen(wanted, batch, start))).to_pylist()
            start += batch.num_rows


def _chosen(wanted: TextRows, batch: pa.RecordBatch, start: int) -> npt.NDArray[np.int64]:
    """The places within a batch, whose first row is row `start`, of the wanted rows."""
    if wanted.rows is not None:
        first, last = np.searchsorted(wanted.rows, [start, start + batch.num_rows])
        return wanted.rows[first:last].astype(np.int64) - start
    if "findings" not in batch.schema.names:
        return np.arange(batch.num_rows)
    found = findings_keys(pa.chunked_array([batch["findings"]]))
    return np.flatnonzero([not changes_text(key) for key in found.tolist()])
