"""The rows of a table in the seeded order of an export, from any place on.

It is the order of an epoch of the loader with one lane: row groups are shuffled, and the rows in
each, so that a group is read once and is alone in memory.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from workers.loading import Rows
from workers.loading.order import Epoch

_ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Ordered:
    """Chosen rows and columns of a table, in the order of a seed."""

    rows: Rows
    seed: int

    @property
    def schema(self) -> pa.Schema:
        """See `Stream`."""
        return pa.schema([self.rows.schema.field(name) for name in self.rows.names])

    @property
    def count(self) -> int:
        """See `Stream`."""
        return self._order.rows

    @functools.cached_property
    def _order(self) -> Epoch:
        return self.rows.epoch(_ROWS_AT_ONCE, 1, self.seed, 0)

    def batches(self, start: int) -> Iterator[pa.Table]:
        """See `Stream`."""
        held: tuple[int, pa.Table] | None = None
        skipped = start % _ROWS_AT_ONCE
        for number in range(start // _ROWS_AT_ONCE, self._order.batches):
            for piece in self._order.batch(number):
                if skipped >= len(piece.places):
                    skipped -= len(piece.places)
                    continue
                if held is None or held[0] != piece.group:
                    held = None  # so that two are never held
                    held = piece.group, self.rows.stored(piece.group)
                # Taken whole first, since a shard's bytes follow from how its rows came together.
                yield held[1].take(pa.array(piece.places)).slice(skipped)
                skipped = 0
