"""Bring ranges of objects into one local file, with few requests.

Neighbouring ranges are read together: what lies between them costs less than another request. One
request moves at most `MOST_BYTES` or a single range, and `_READERS` are in flight at a time, so
memory is bounded however much is brought.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from workers.store import objects as store

MOST_BYTES = 16 * 2**20
_GAP_BYTES = 2**20  # 10 ms of a fast network, as long as a request waits for its first byte
_READERS = 4


class Range(NamedTuple):
    """Bytes of an object, and where in the local file they go."""

    offset: int
    length: int
    target: int


def bring(ranges: Iterable[tuple[str, Range]], path: Path) -> None:
    """Write ranges, each with its object's URI, to their places in an existing local file.

    Raises StorageError where an object is shorter, FileNotFoundError where it is gone.
    """
    by_uri: dict[str, list[Range]] = {}
    for uri, wanted in ranges:
        by_uri.setdefault(uri, []).append(wanted)
    tasks = ((uri, span) for uri, found in by_uri.items() for span in _spans(found))
    with path.open("r+b") as file, ThreadPoolExecutor(_READERS) as pool:
        # Each reader writes what it has read, so that none waits in memory. The store gives each
        # request a deadline, and so `map` has one.
        for _ in pool.map(lambda task: _bring_span(task[0], task[1], file.fileno()), tasks):
            pass


def _bring_span(uri: str, span: list[Range], fd: int) -> None:
    start, stop = span[0].offset, max(one.offset + one.length for one in span)
    data = memoryview(store.read_range(uri, start, stop - start))
    for one in span:
        at, left = one.target, data[one.offset - start :][: one.length]
        while left:
            written = os.pwrite(fd, left, at)
            at, left = at + written, left[written:]


def _spans(ranges: list[Range]) -> Iterator[list[Range]]:
    """Ranges of one object, in runs that are read together."""
    run: list[Range] = []
    stop = 0
    for one in sorted(ranges):
        end = max(stop, one.offset + one.length)
        if run and (one.offset > stop + _GAP_BYTES or end - run[0].offset > MOST_BYTES):
            yield run
            run, end = [], one.offset + one.length
        run.append(one)
        stop = end
    if run:
        yield run
