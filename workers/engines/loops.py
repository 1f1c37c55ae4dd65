"""Finds the loop that a model has fallen into, on its token stream. Pure.

A looping model pays for tokens until its limit, 8,192 of them against the 1,050 of a usual page,
so it is looked for while it generates, every `CHECK_EVERY` tokens, and not only at the end.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CHECK_EVERY = 16
"""Tokens between two looks. With the limits below a loop whose period is at most 61 tokens is
cut within 3 * 61 + 16 = 199 tokens of its start, a longer one after its third copy."""

TAIL = 1024
"""Tokens that are looked at: three copies of the longest period and a look's distance."""

_LEAST_REPEATED = 96
"""A row of dots or dashes in a table of contents is some 30 tokens."""
_COPIES = 2  # besides the first
_LONGEST_PERIOD = 256
_NEEDLE = 8  # the last tokens, by whose earlier places periods are proposed
_FURNITURE_SHARE = 2 / 3


def find_loop(
    tokens: Sequence[int] | NDArray[np.int64], exempt: frozenset[int] = frozenset()
) -> int:
    """Where the loop starts that the sequence ends in, as an index of `tokens`, or -1.

    A loop is an end of the sequence that repeats a unit exactly, two times and 96 tokens or more
    after its first copy. Where two thirds of the unit are `exempt` (the tags of empty table
    cells), it may fill 1,024 tokens. Loops that count ("item 7, item 8, …") are not found: they
    look like the rows of a table, and end at the token limit.

    >>> find_loop([1, 2, 3] + [7, 8] * 60)
    3
    """
    first = max(0, len(tokens) - TAIL)
    tail = np.asarray(tokens[first:], np.int64)
    for period in _periods(tail):
        run = _run(tail, period)
        unit = tail[-period:]
        furniture = sum(int(token) in exempt for token in unit) >= _FURNITURE_SHARE * period
        least = TAIL - period if furniture else max(_LEAST_REPEATED, _COPIES * period)
        if run >= least:
            return first + len(tail) - run - period
    return -1


def _periods(tail: NDArray[np.int64]) -> list[int]:
    """Distances, ascending, at which the last tokens occurred before."""
    if len(tail) < _LEAST_REPEATED:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(tail, _NEEDLE)[:-1]
    # found: int (matches,), where an earlier copy of the last tokens begins
    found = np.flatnonzero((windows == tail[-_NEEDLE:]).all(axis=1))
    periods = len(tail) - _NEEDLE - found[::-1]
    return [int(period) for period in periods if period <= _LONGEST_PERIOD]


def _run(tail: NDArray[np.int64], period: int) -> int:
    """How many tokens at the end equal the token one period before."""
    unequal = np.flatnonzero(tail[period:] != tail[:-period])
    return len(tail) - period - (int(unequal[-1]) + 1 if len(unequal) else 0)
