"""Search an object under a dataset for documents: the proof that nothing of them is left.

- Of a Parquet file with columns of ids, these columns are read, row by row.
- Other Parquet files, such as checkpoints of a log, are searched through all their values.
- Other files are searched byte by byte for the ids as they are written everywhere.
- The name of each is searched, too: a member of a container is kept under its document's id.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.lines import error_line
from workers import store
from workers.dataset.forgetting import ID_COLUMNS, are_of
from workers.dataset.parts import open_part

_CHUNK_BYTES = 2**24
_ROWS_AT_ONCE = 16_384
_ID_CHARS = 64
# A lookahead, so that ids are also found in longer runs of hex digits.
_ID = re.compile(rb"(?=([0-9a-f]{64}))")


@dataclass(frozen=True, slots=True)
class ObjectToSearch:
    """An object and the documents to search it for."""

    uri: str
    size: int
    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class SearchedObject:
    """What an object holds of the documents: rows of a Parquet file, or mentions of ids elsewhere.

    `damage` says why it could not be searched. `is_gone`: it was deleted meanwhile.
    """

    uri: str
    size: int
    rows: int = 0
    mentions: int = 0
    damage: str | None = None
    is_gone: bool = False

    @property
    def holds(self) -> bool:
        """Whether anything of the documents is there."""
        return self.rows + self.mentions > 0


def search_object(task: ObjectToSearch) -> SearchedObject:
    """Search an object; it does not matter which table it belongs to, or whether to any."""
    named = len(ids_in(task.uri.rpartition("/")[2].encode(errors="replace")) & task.ids)
    try:
        if task.uri.endswith(".parquet"):
            found = _search_parquet(task)
            return replace(found, mentions=found.mentions + named)
        with store.open_input(task.uri) as handle:
            mentions = _mentions(handle, task.ids)
        return SearchedObject(task.uri, task.size, mentions=mentions + named)
    except FileNotFoundError:
        return SearchedObject(task.uri, task.size, is_gone=True)
    except OSError as exc:
        if exc.errno is not None:
            raise
        return SearchedObject(task.uri, task.size, damage=error_line(exc))  # Arrow's, of bad bytes
    except pa.ArrowInvalid as exc:
        return SearchedObject(task.uri, task.size, damage=error_line(exc))


def _search_parquet(task: ObjectToSearch) -> SearchedObject:
    with open_part(task.uri) as handle:
        file = pq.ParquetFile(handle)
        columns = [name for name in ID_COLUMNS if name in file.schema_arrow.names]
        if not columns:
            values = (repr(row).encode() for row in _rows(file))
            return SearchedObject(
                task.uri, task.size, mentions=sum(len(ids_in(v) & task.ids) for v in values)
            )
        ids = pa.array(sorted(task.ids), pa.string())
        rows = 0
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
            rows += pc.sum(are_of(pa.table(batch), ids, columns)).as_py() or 0
        return SearchedObject(task.uri, task.size, rows=rows)


def _rows(file: pq.ParquetFile) -> Iterator[dict[str, object]]:
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
        yield from batch.to_pylist()


def _mentions(handle: BinaryIO, ids: frozenset[str]) -> int:
    """How often the ids are in a file, counted once for each chunk in which one is."""
    counts: Counter[str] = Counter()
    rest = b""
    while chunk := handle.read(_CHUNK_BYTES):
        data = rest + chunk
        counts.update(ids_in(data) & ids)
        rest = data[-(_ID_CHARS - 1) :]
    return counts.total()


def ids_in(data: bytes) -> set[str]:
    """All runs of 64 hex digits, which may be the ids of documents; longer runs hold several."""
    return {match[1].decode() for match in _ID.finditer(data)}
