"""Finds a loop at the end of a model's tokens. Pure.

A model in a loop generates up to its limit, 8,192 tokens against the 1,050 of a usual page. So
engines look for loops every `CHECK_EVERY` tokens while they generate, and not only at the end.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CHECK_EVERY = 16
"""Tokens between two checks. With the limits below a loop whose period is at most 61 tokens is
cut within 3 * 61 + 16 = 199 tokens of its start, a longer one after its third copy."""

TAIL = 1024
"""The last tokens, which a check examines: 3 * 256 + 16 = 784 would be enough, three copies of the
longest period and the tokens between two checks."""

_LEAST_REPEATED = 96
"""A row of dots or dashes in a table of contents is some 30 tokens."""
_COPIES = 2  # besides the first
_LONGEST_PERIOD = 256
_NEEDLE = 8  # the earlier places of this many last tokens propose the periods
_EXEMPT_SHARE = 2 / 3


def find_loop(
    tokens: Sequence[int] | NDArray[np.int64], exempt: frozenset[int] = frozenset()
) -> int:
    """The index in `tokens` where the loop starts that they end in, or -1 if they end in none.

    In a loop the tokens at the end repeat one unit exactly: at least two more copies of it, and at
    least 96 tokens of copies. Where two thirds of the unit are `exempt` (the tags of empty table
    cells), only 1,024 such tokens are a loop. Loops that count ("item 7, item 8, …") are not
    found: they look like the rows of a table, and end at the token limit.

    >>> find_loop([1, 2, 3] + [7, 8] * 60)
    3
    """
    first = max(0, len(tokens) - TAIL)
    tail = np.asarray(tokens[first:], np.int64)
    for period in _periods(tail):
        repeated = _repeated(tail, period)
        unit = tail[-period:]
        is_exempt = sum(int(token) in exempt for token in unit) >= _EXEMPT_SHARE * period
        least = TAIL - period if is_exempt else max(_LEAST_REPEATED, _COPIES * period)
        if repeated >= least:
            return first + len(tail) - repeated - period
    return -1


def _periods(tail: NDArray[np.int64]) -> list[int]:
    """The distances, ascending, at which the last tokens occurred before."""
    if len(tail) < _LEAST_REPEATED:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(tail, _NEEDLE)[:-1]
    # starts: int (matches,), where an earlier copy of the last tokens begins
    starts = np.flatnonzero((windows == tail[-_NEEDLE:]).all(axis=1))
    periods = len(tail) - _NEEDLE - starts[::-1]
    return [int(period) for period in periods if period <= _LONGEST_PERIOD]


def _repeated(tail: NDArray[np.int64], period: int) -> int:
    """How many tokens at the end equal the token one period before."""
    unequal = np.flatnonzero(tail[period:] != tail[:-period])
    return len(tail) - period - (int(unequal[-1]) + 1 if len(unequal) else 0)
