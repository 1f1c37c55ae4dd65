"""Find words in the texts of a table: by the index of a part, else by reading its texts.

Parts are searched by threads, and an answer takes no longer than it may: what was not searched by
then goes on in the background, and asking again gives more. A new search stops those before it.
"""

from __future__ import annotations

import concurrent.futures
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.dataset import TableVersion
from workers.viewing.recent import Recent
from workers.viewing.text_index import TextIndex, texts_of
from workers.viewing.words import Search

Numbers = npt.NDArray[np.int32]

_THREADS = 2
_SEARCHES_KEPT = 8
_BEFORE_CHARS, _SNIPPET_CHARS = 60, 240


@dataclass(frozen=True, slots=True)
class Looked:
    """How far a search has looked: `rows` of the `total` rows of the table."""

    rows: int
    total: int

    @property
    def is_whole(self) -> bool:
        """Whether no row was left out."""
        return self.rows == self.total


@dataclass(frozen=True, slots=True)
class Snippet:
    """A stretch of a row's text; `hits` are `(start, end)` in it, where the words stand.

    `is_start` and `is_end`: it begins or ends where the text does.
    """

    text: str
    hits: tuple[tuple[int, int], ...]
    is_start: bool
    is_end: bool

    @staticmethod
    def of(text: str, search: Search) -> Snippet:
        """The stretch around the first hit of a search, or the start of the text."""
        hits = search.hits(text)
        start = max(0, hits[0][0] - _BEFORE_CHARS) if hits else 0
        end = min(len(text), start + _SNIPPET_CHARS)
        within = tuple((a - start, b - start) for a, b in hits if a >= start and b <= end)
        return Snippet(text[start:end], within, start == 0, end == len(text))


@dataclass(frozen=True, slots=True)
class _Found:
    """The places in a part of the rows that a search has found among its first `rows`."""

    places: npt.NDArray[np.int64]
    rows: int


class _Hits:
    """What is known of one search in one table, by part, and the jobs that find out more."""

    def __init__(self) -> None:
        self.found: dict[int, _Found] = {}
        self.jobs: dict[int, Future[None]] = {}

    def is_known(self, number: int, rows: int) -> bool:
        """Whether all rows of a part were looked at."""
        return number in self.found and self.found[number].rows == rows


Key = tuple[str, Search]
"""A table's address, and what is searched for."""


class Searcher:
    """Searches the tables of one version; an answer takes about `wait_s` at most. For threads."""

    def __init__(self, index: TextIndex, wait_s: float) -> None:
        self._index = index
        self._wait_s = wait_s
        self._pool = ThreadPoolExecutor(_THREADS, "search")
        self._lock = threading.Lock()
        self._asked: Key | None = None
        self._hits: Recent[_Hits] = Recent(_SEARCHES_KEPT)

    def find(self, table: TableVersion, search: Search) -> tuple[Numbers, Looked]:
        """The rows of a table that have all terms, ascending, as far as it has looked in time."""
        total = sum(part.rows for part in table.parts)
        if not search.terms:
            return np.empty(0, np.int32), Looked(total, total)
        key = (table.uri, search)
        hits = self._hits.get(key, _Hits)
        with self._lock:
            self._asked = key
            for number, part in enumerate(table.parts):
                job = hits.jobs.get(number)
                is_at_work = job is not None and not job.done()
                if not hits.is_known(number, part.rows) and not is_at_work:
                    hits.jobs[number] = self._pool.submit(self._look, key, table, number, hits)
            jobs = list(hits.jobs.values())
        done, _ = concurrent.futures.wait(jobs, self._wait_s)
        for job in done:
            job.result()  # raises what the search raised
        return _joined(table, dict(hits.found))

    def close(self) -> None:
        """Stop what runs in the background."""
        self._asked = None
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _look(self, key: Key, table: TableVersion, number: int, hits: _Hits) -> None:
        """Search one part, unless something else is searched for by now."""
        part, search = table.parts[number], key[1]
        if self._asked == key and (places := self._index.find(part.sha256, search)) is not None:
            hits.found[number] = _Found(places, part.rows)
            return
        before = hits.found.get(number, _NOTHING)  # of a job that was stopped
        found: list[int] = []
        done = 0
        texts = texts_of(table.part_uri(part))
        while self._asked == key and (some := next(texts, None)) is not None:
            found += (done + i for i, text in enumerate(some) if text and search.is_in(text))
            done += len(some)
            if done > before.rows:
                hits.found[number] = _Found(np.array(found, np.int64), done)


_NOTHING = _Found(np.empty(0, np.int64), 0)


def _joined(table: TableVersion, found: dict[int, _Found]) -> tuple[Numbers, Looked]:
    """The numbers of rows in the table, by their places in the parts that were searched."""
    starts = np.cumsum([0, *(part.rows for part in table.parts)])
    numbers = [found[part].places + starts[part] for part in sorted(found)]
    looked = Looked(sum(part.rows for part in found.values()), int(starts[-1]))
    return np.concatenate([np.empty(0, np.int64), *numbers]).astype(np.int32), looked
