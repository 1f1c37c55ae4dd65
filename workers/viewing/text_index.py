"""The index of the texts of parts, in a folder of the user's cache: one file for each part.

- A part never changes, and its name is the hash of its bytes. So its index holds as long as it is
  there, for each version that has the part, and a refresh indexes new parts alone.
- A file is made under another name and renamed when it is whole.
- It holds the words of the texts and their places, about half as many bytes as the texts. An index
  whose part is gone from the dataset is deleted when the dataset is next indexed.

The index is SQLite's FTS5 without the texts themselves. It is made by a child process, which ends
when the viewer does.
"""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from schemas.errors import PageFoundryError
from workers import store
from workers.dataset import TableVersion
from workers.dataset.parts import open_part
from workers.viewing.gone import requiring
from workers.viewing.words import Search, for_index

INDEXED: Final = ("pages", "conversations", "crops")
"""The tables whose texts are indexed. A document's text is that of its pages."""

State = Literal["idle", "running", "failed"]

log = logging.getLogger(__name__)

_VERSION = 1
_ROWS_AT_ONCE = 1024
_HASH_BYTES = 64 * 2**20  # what FTS5 gathers before it writes: fewer stretches to merge
_NICENESS = 10
_MAKE: Final = f"""
PRAGMA journal_mode=OFF;
PRAGMA synchronous=OFF;
PRAGMA page_size=16384;
CREATE VIRTUAL TABLE texts USING fts5(
    text, content='', columnsize=0, tokenize='unicode61 remove_diacritics 0');
INSERT INTO texts(texts, rank) VALUES('hashsize', {_HASH_BYTES});
"""


def cache_folder(dataset: str) -> Path:
    """The folder of a dataset's indexes, in the user's cache."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    name = hashlib.sha256(store.absolute(dataset).encode()).hexdigest()[:32]
    return Path(root) / "pagefoundry" / "texts" / name


@dataclass(frozen=True, slots=True)
class IndexTask:
    """A part to index."""

    uri: str
    target: Path


class TextIndex:
    """The indexes of the parts of a version. For threads."""

    def __init__(self, folder: Path, tables: Sequence[TableVersion]) -> None:
        self._folder = folder
        self._tables = tables
        self._whole: set[Path] = set()
        self._process: SpawnProcess | None = None
        # The number of the task in work, and how many of its rows are indexed.
        self._progress = multiprocessing.get_context("spawn").RawArray("q", 2)
        self._tasks: Sequence[IndexTask] = ()

    # ---- making ------------------------------------------------------------------------------

    def start(self) -> None:
        """Index in a child process the parts that are not indexed yet."""
        if self.state == "running":
            return
        self._delete_others()
        self._tasks = [
            IndexTask(table.part_uri(part), self._target(part.sha256))
            for table in self._tables
            for part in table.parts
            if not self.has(part.sha256)
        ]
        if not self._tasks:
            return
        self._progress[:] = [0, 0]
        self._process = multiprocessing.get_context("spawn").Process(
            target=_index_parts, args=(self._tasks, self._progress, os.getpid()), daemon=True
        )
        self._process.start()

    @property
    def state(self) -> State:
        """Whether the index is being made. What failed is told on the terminal."""
        if self._process is None:
            return "idle"
        if self._process.is_alive():
            return "running"
        return "failed" if self._process.exitcode else "idle"

    def rows(self, table: TableVersion) -> int:
        """How many rows of a table are indexed."""
        whole = sum(part.rows for part in table.parts if self.has(part.sha256))
        number, rows = self._progress
        if self.state != "running" or number >= len(self._tasks):
            return whole
        task = self._tasks[number]
        is_of_table = task.uri.startswith(f"{table.uri}/") and task.target not in self._whole
        return whole + (rows if is_of_table else 0)

    def close(self) -> None:
        """End the child process."""
        if self._process is not None and self._process.is_alive():
            self._process.kill()

    def _delete_others(self) -> None:
        """Delete the indexes of parts that are gone from the dataset, and what was cut off."""
        there = {
            Path(uri).stem.removeprefix("part-")
            for table in self._tables
            for uri in store.list_names(store.join(table.uri, "data"), ".parquet")
        }
        for path in self._folder.glob("*.sqlite"):
            if path.name.partition("-")[0] not in there:
                path.unlink(missing_ok=True)
        for path in self._folder.glob("*.making"):
            if not _is_alive(int(path.suffixes[-2].removeprefix("."))):
                path.unlink(missing_ok=True)

    # ---- asking ------------------------------------------------------------------------------

    def has(self, sha256: str) -> bool:
        """Whether a part is indexed, by the digest in its name."""
        target = self._target(sha256)
        if target not in self._whole and target.exists():
            self._whole.add(target)
        return target in self._whole

    def find(self, sha256: str, search: Search) -> npt.NDArray[np.int64] | None:
        """The places in a part of the rows that have all terms, ascending; None without an index.

        An index that is damaged is deleted.
        """
        if not self.has(sha256):
            return None
        target = self._target(sha256)
        try:
            return _places(target, search)
        except sqlite3.DatabaseError as exc:
            log.warning("%s is damaged (%s): it is deleted, and made again next time", target, exc)
            self._whole.discard(target)
            target.unlink(missing_ok=True)
            return None

    def _target(self, sha256: str) -> Path:
        return self._folder / f"{sha256}-{_VERSION}.sqlite"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _places(path: Path, search: Search) -> npt.NDArray[np.int64]:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
    try:
        # SQLite joins them in a third of the time that Python takes to fetch them.
        query = "SELECT group_concat(rowid) FROM texts WHERE texts MATCH ?"
        (joined,) = connection.execute(query, (search.for_index(),)).fetchone()
    finally:
        connection.close()
    return np.sort(np.fromstring(joined or "", np.int64, sep=","))


def _index_parts(tasks: Sequence[IndexTask], progress: list[int], parent: int) -> None:
    """Index parts, until the parent is gone: what runs in the child."""
    os.nice(_NICENESS)
    for number, task in enumerate(tasks):
        progress[:] = [number, 0]
        if task.target.exists():  # another viewer was faster
            continue
        try:
            for rows in index_part(task):
                progress[1] = rows
                if os.getppid() != parent:
                    return
        except PageFoundryError as exc:
            raise SystemExit(f"the texts cannot be indexed: {exc}") from exc
        except (OSError, sqlite3.Error) as exc:
            raise SystemExit(f"the texts of {task.uri} cannot be indexed: {exc}") from exc


def index_part(task: IndexTask) -> Iterator[int]:
    """Index a part; yields how many of its rows are indexed."""
    task.target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = task.target.with_suffix(f".{os.getpid()}.making")
    temporary.unlink(missing_ok=True)
    connection = sqlite3.connect(temporary, isolation_level=None)
    try:
        connection.executescript(_MAKE)
        connection.execute("BEGIN")
        done = 0
        for texts in texts_of(task.uri):
            rows = ((done + i, for_index(text or "")) for i, text in enumerate(texts))
            connection.executemany("INSERT INTO texts(rowid, text) VALUES(?, ?)", rows)
            done += len(texts)
            yield done
        connection.execute("COMMIT")
        connection.execute("INSERT INTO texts(texts) VALUES('optimize')")
        connection.close()
        temporary.replace(task.target)
    finally:
        connection.close()
        temporary.unlink(missing_ok=True)


def texts_of(uri: str) -> Iterator[Sequence[str | None]]:
    """The texts of a part, some rows at a time, in their order."""
    with requiring(uri), open_part(uri) as handle:
        batches = pq.ParquetFile(handle).iter_batches(_ROWS_AT_ONCE, columns=["text"])
        for batch in batches:
            texts: Sequence[str | None] = batch["text"].to_pylist()
            yield texts
