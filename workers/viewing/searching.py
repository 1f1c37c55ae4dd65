"""Find words in the texts of a table: by the index of a part, else by reading its texts.

Parts are searched by threads, and an answer takes no longer than it may: it says how far it has
looked. Asked again, a search goes on where it was left. A new search stops the one before it.
"""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Iterator, Sequence
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
_SEARCHED_CHARS = 100_000  # a document may have millions


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
        hits = search.hits(text[:_SEARCHED_CHARS])
        start = max(0, hits[0][0] - _BEFORE_CHARS) if hits else 0
        end = min(len(text), start + _SNIPPET_CHARS)
        within = tuple((a - start, b - start) for a, b in hits if a >= start and b <= end)
        return Snippet(text[start:end], within, start == 0, end == len(text))


class _InPart:
    """What is known of one search in one part: the places found among its first `rows`."""

    def __init__(self) -> None:
        self.known: tuple[npt.NDArray[np.int64], int] = (np.empty(0, np.int64), 0)
        self.job: Future[None] | None = None
        self._found: list[int] = []
        self._texts: Iterator[Sequence[str | None]] | None = None

    @property
    def is_at_work(self) -> bool:
        """Whether a thread searches the part, or is going to."""
        return self.job is not None and not self.job.done()

    def read_on(self, uri: str, search: Search) -> bool:
        """Search some more texts of the part, where it was left; whether there are more."""
        if self._texts is None:
            self._texts = texts_of(uri)
        texts = next(self._texts, None)
        if texts is None:
            return False
        done = self.known[1]
        self._found += (done + i for i, text in enumerate(texts) if text and search.is_in(text))
        self.known = (np.array(self._found, np.int64), done + len(texts))
        return True


Key = tuple[str, Search]
"""A table's address, and what is searched for."""


class Searcher:
    """Searches the tables of one version; an answer takes about `wait_s` at most. For threads."""

    def __init__(self, index: TextIndex, wait_s: float) -> None:
        self._index = index
        self._wait_s = wait_s
        self._pool = ThreadPoolExecutor(_THREADS, "search")
        self._lock = threading.Lock()
        self._asked: Key | None = None  # nothing is searched for unless an answer waits for it
        self._kept: Recent[Sequence[_InPart]] = Recent(_SEARCHES_KEPT)

    def find(self, table: TableVersion, search: Search) -> tuple[Numbers, Looked]:
        """The rows of a table that have all terms, ascending, as far as it has looked in time."""
        if not search.terms:
            rows = sum(part.rows for part in table.parts)
            return np.empty(0, np.int32), Looked(rows, rows)
        key = (table.uri, search)
        parts = self._kept.get(key, lambda: [_InPart() for _ in table.parts])
        with self._lock:
            self._asked = key
            for number, part in enumerate(parts):
                if part.known[1] < table.parts[number].rows and not part.is_at_work:
                    part.job = self._pool.submit(self._look, key, table, number, part)
            jobs = [part.job for part in parts if part.job is not None]
        done, _ = concurrent.futures.wait(jobs, self._wait_s)
        with self._lock:
            if self._asked == key:
                self._asked = None
        for job in done:
            job.result()  # raises what the search raised
        return _joined(table, [part.known for part in parts])

    def found(self, table: TableVersion, search: Search) -> tuple[Numbers, Looked]:
        """What a search has found so far, without looking any further; it looks if none has."""
        parts = self._kept.get((table.uri, search), lambda: [_InPart() for _ in table.parts])
        known = [part.known for part in parts]
        return _joined(table, known) if any(n for _, n in known) else self.find(table, search)

    def close(self) -> None:
        """Stop what runs in the background."""
        self._asked = None
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _look(self, key: Key, table: TableVersion, number: int, known: _InPart) -> None:
        """Search one part, as long as an answer waits for it."""
        part, search = table.parts[number], key[1]
        while self._asked == key:
            places = self._index.find(part.sha256, search)
            if places is not None:
                known.known = (places, part.rows)
                return
            if not known.read_on(table.part_uri(part), search):
                return


def _joined(
    table: TableVersion, known: Sequence[tuple[npt.NDArray[np.int64], int]]
) -> tuple[Numbers, Looked]:
    """The numbers of rows in the table, by their places in the parts that were searched."""
    starts = np.cumsum([0, *(part.rows for part in table.parts)])
    numbers = [places + start for (places, _), start in zip(known, starts, strict=False)]
    looked = Looked(sum(rows for _, rows in known), int(starts[-1]))
    return np.concatenate([np.empty(0, np.int64), *numbers]).astype(np.int32), looked
