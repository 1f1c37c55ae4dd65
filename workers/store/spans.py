"""Copy ranges of objects into one local file, with few requests.

Neighbouring ranges are read together, because the bytes between them cost less than another
request. One request reads at most `MOST_BYTES`, or one range, and `_READERS` requests run at a
time, so memory is bounded however much is copied.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from workers.store import objects as store

MOST_BYTES = 16 * 2**20
_GAP_BYTES = 2**20  # 10 ms of a fast network, in which a request waits for its first byte
_READERS = 4


class Range(NamedTuple):
    """Bytes of an object, and their offset in the local file."""

    offset: int
    length: int
    target: int


def bring(ranges: Iterable[tuple[str, Range]], path: Path) -> None:
    """Write ranges, each with its object's URI, to their places in an existing local file.

    Raises StorageError where an object is too short, FileNotFoundError where it is missing.
    """
    by_uri: dict[str, list[Range]] = {}
    for uri, part in ranges:
        by_uri.setdefault(uri, []).append(part)
    tasks = ((uri, span) for uri, parts in by_uri.items() for span in _spans(parts))
    with path.open("r+b") as file, ThreadPoolExecutor(_READERS) as pool:
        # Each reader writes what it has read, so that nothing waits in memory. The store gives each
        # request a deadline, so `map` has one too.
        for _ in pool.map(lambda task: _bring_span(task[0], task[1], file.fileno()), tasks):
            pass


def _bring_span(uri: str, span: list[Range], fd: int) -> None:
    start, stop = span[0].offset, max(part.offset + part.length for part in span)
    data = memoryview(store.read_range(uri, start, stop - start))
    for part in span:
        at, left = part.target, data[part.offset - start :][: part.length]
        while left:
            written = os.pwrite(fd, left, at)
            at, left = at + written, left[written:]


def _spans(ranges: list[Range]) -> Iterator[list[Range]]:
    """Ranges of one object, in groups that are read together."""
    run: list[Range] = []
    stop = 0
    for part in sorted(ranges):
        end = max(stop, part.offset + part.length)
        if run and (part.offset > stop + _GAP_BYTES or end - run[0].offset > MOST_BYTES):
            yield run
            run, end = [], part.offset + part.length
        run.append(part)
        stop = end
    if run:
        yield run
