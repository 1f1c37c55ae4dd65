"""The order in which an epoch gives rows: the same on any number of workers.

Row groups are shuffled, and the rows within each, so a group is read once and whole. The line of
rows is cut into batches, and the batches into **lanes**: stretches of the line. Batch `g` comes
from lane `g % lanes`, so those who read side by side stand in different groups.

    line      group 7        group 2             group 4        group 0
    lanes   |  0                       |  1                       |  2     ...
    batches   0    3    6    9           1    4    7    10          2    5

Batch `g` is for rank `g % ranks`, and that rank's batches go round its workers. With as many lanes
as workers, or a multiple, each lane has one reader; else groups are read by several.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

_MASK = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of a batch that lie in one row group: places among the group's chosen rows."""

    group: int
    places: Ints


class Epoch:
    """The order of one epoch.

    `counts` are the chosen rows of each row group: int64 (groups,). Without `seed` the order is
    that of the parts.
    """

    def __init__(
        self, counts: Ints, batch_size: int, lanes: int, seed: int | None = None, number: int = 0
    ) -> None:
        self._counts = counts
        self._batch_size = batch_size
        self._key = None if seed is None else _mixed(_mixed(seed) ^ number)
        self._order = _shuffled(len(counts), self._key)
        # Where each group begins in the line, and where the line ends.
        self._starts = np.concatenate([[0], np.cumsum(counts[self._order])])
        self.rows = int(self._starts[-1])
        self.batches = -(-self.rows // batch_size)
        self._lane_firsts = _lane_firsts(self.batches, lanes)

    def batch(self, number: int) -> Iterator[Piece]:
        """The rows of a batch, in their order. The last batch of all may be a short one."""
        lanes = len(self._lane_firsts)
        on_line = int(self._lane_firsts[number % lanes]) + number // lanes
        place = on_line * self._batch_size
        stop = min(place + self._batch_size, self.rows)
        while place < stop:
            at = int(np.searchsorted(self._starts, place, "right")) - 1
            first, end = int(self._starts[at]), min(int(self._starts[at + 1]), stop)
            group = int(self._order[at])
            yield Piece(group, self._within(group)[place - first : end - first])
            place = end

    def _within(self, group: int) -> Ints:
        key = None if self._key is None else _mixed(self._key ^ (group + 1))
        return _shuffled(int(self._counts[group]), key)


def _lane_firsts(batches: int, lanes: int) -> Ints:
    """The place in the line of each lane's first batch, counted in batches.

    The lane that gives the last batch of all has the end of the line, where a batch may be short.
    """
    each, more = divmod(batches, lanes)
    lane = np.arange(lanes, dtype=np.int64)
    return np.where(
        lane >= more, (lane - more) * each, (lanes - more) * each + lane * (each + 1)
    ).astype(np.int64)


def _shuffled(count: int, key: int | None) -> Ints:
    """The numbers from 0, ordered by a hash of them with the key; as they are without one.

    NumPy's own shuffles may differ from one of its releases to the next.
    """
    numbers = np.arange(count, dtype=np.int64)
    if key is None:
        return numbers
    return np.argsort(_hashes(numbers, key), kind="stable")


def _mixed(value: int) -> int:
    """One step of SplitMix64 (Steele, Lea and Flood, 2014)."""
    value = (value + _GOLDEN) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def _hashes(numbers: Ints, key: int) -> npt.NDArray[np.uint64]:
    """`_mixed` of each number, with a key: uint64 (numbers,)."""
    values = numbers.astype(np.uint64) ^ np.uint64(key)
    values += np.uint64(_GOLDEN)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: npt.NDArray[np.uint64] = values ^ (values >> np.uint64(31))
    return mixed
