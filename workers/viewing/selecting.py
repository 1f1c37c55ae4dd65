"""Choose rows by filters, sort them, and count the values that they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.viewing.filters import Filters
from workers.viewing.light import LightRow
from workers.viewing.searching import Looked

Numbers = npt.NDArray[np.int32]
"""Numbers of rows in a table as it is published, from 0."""


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a filter, and how many rows have it. `value` is `NONE` for those that have none.

    A `source` is a folder or a container.
    """

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where a row stands in a selection, from 0, and the keys before and after it."""

    place: int
    previous: str | None
    next: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows that filters choose, in their order. `looked` says how far a search has looked."""

    filters: Filters
    numbers: Numbers
    looked: Looked | None = None

    @property
    def total(self) -> int:
        """How many rows are chosen."""
        return len(self.numbers)

    def page(self, start: int, count: int) -> Sequence[LightRow]:
        """Rows from a place in the selection; fewer at its end."""
        raise NotImplementedError

    def neighbours(self, key: str) -> Neighbours | None:
        """Where a row stands in the selection; None where it is not in it."""
        raise NotImplementedError
