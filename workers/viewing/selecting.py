"""Choose rows by filters, sort them, and count the values that they have.

Everything is a pass over columns of small numbers: of a million rows, a filter takes about a
millisecond, the values of a facet a few. An order is made at its first use and kept.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from schemas.errors import RequestError
from workers.viewing.filters import FACETS, NONE, Filters, Order
from workers.viewing.light import LightRow, LightTable, Words
from workers.viewing.recent import Recent
from workers.viewing.searching import Looked

Numbers = npt.NDArray[np.int32]
"""Numbers of rows in a table as it is published, from 0."""
Flags = npt.NDArray[np.bool_]
"""Which rows of a table: bool (rows,)."""

_BOUNDS: Final = ("quality", "coverage", "tokens")
_COLUMN_OF: Final[Mapping[Order, str]] = {
    "worst": "quality",
    "best": "quality",
    "longest": "tokens",
    "shortest": "tokens",
}
_FALLING: Final = ("best", "longest")


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a filter, and how many rows have it. `value` is `NONE` for those that have none.

    A `source` is a folder or a container; only what lies directly in it is counted.
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
    table: LightTable
    numbers: Numbers
    looked: Looked | None = None

    @property
    def total(self) -> int:
        """How many rows are chosen."""
        return len(self.numbers)

    def page(self, start: int, count: int) -> Sequence[LightRow]:
        """Rows from a place in the selection; fewer at its end."""
        return [self.table.row(row) for row in self.numbers[start : start + count].tolist()]

    def neighbours(self, key: str) -> Neighbours | None:
        """Where a row stands in the selection; None where it is not in it."""
        row = self.table.find(key)
        places = np.flatnonzero(self.numbers == row) if row is not None else np.empty(0, np.int64)
        if not len(places):
            return None
        place = int(places[0])
        return Neighbours(place, self._key(place - 1), self._key(place + 1))

    def _key(self, place: int) -> str | None:
        return self.table.key(int(self.numbers[place])) if 0 <= place < self.total else None


class Chooser:
    """Chooses rows of one table. For threads."""

    def __init__(self, table: LightTable) -> None:
        self._table = table
        self._orders: Recent[Numbers] = Recent(len(_COLUMN_OF))

    def choose(self, filters: Filters, found: Numbers | None = None) -> Numbers:
        """The rows that the filters choose, in their order; `found` are those of its search.

        Raises RequestError where the table has no column of the order.
        """
        flags = _all(self._flags(filters, found).values(), self._table.rows)
        if filters.order == "published":
            return np.flatnonzero(flags).astype(np.int32)
        order = self._order(filters.order)
        chosen: Numbers = order[flags[order]]
        return chosen

    def facets(
        self, filters: Filters, found: Numbers | None, most: int
    ) -> Mapping[str, Sequence[FacetValue]]:
        """For each of `FACETS` that the table has: the values of the rows that the other filters
        choose, most frequent first, then by name."""
        flags = self._flags(filters, found)
        whole = _all(flags.values(), self._table.rows)
        counted = {}
        for name in FACETS:
            others = [of for other, of in flags.items() if other != name]
            chosen = _all(others, self._table.rows) if name in flags else whole
            values = self._counted(name, chosen)
            if values is not None:
                counted[name] = sorted(values, key=lambda v: (-v.count, v.value))[:most]
        return counted

    # ---- filters -----------------------------------------------------------------------------

    def _flags(self, filters: Filters, found: Numbers | None) -> dict[str, Flags]:
        """For each filter that is given, the rows for which it holds."""
        flags = {}
        for name in FACETS:
            value = getattr(filters, name)
            if value is not None:
                flags[name] = self._has(name, value)
        if filters.document is not None:
            flags["document"] = self._is_word("doc_id", filters.document)
        for name in _BOUNDS:
            least, greatest = getattr(filters, f"min_{name}"), getattr(filters, f"max_{name}")
            if least is not None or greatest is not None:
                flags[name] = self._within(name, least, greatest)
        if found is not None:
            flags["search"] = np.zeros(self._table.rows, np.bool_)
            flags["search"][found] = True
        return flags

    def _has(self, name: str, value: str) -> Flags:
        if name == "policy":
            return self._is_marked(value)
        if name == "source":
            return self._begins(value)
        return self._is_word(name, value)

    def _is_word(self, name: str, value: str) -> Flags:
        words = self._table.words.get(name)
        if words is None:
            return np.full(self._table.rows, value == NONE)
        code = -1 if value == NONE else words.code(value)
        return np.zeros(self._table.rows, np.bool_) if code is None else words.codes == code

    def _begins(self, value: str) -> Flags:
        words = self._table.words.get("source")
        if words is None or value == NONE:
            return self._is_word("source", value)
        begins = pc.starts_with(words.words, value).to_numpy(zero_copy_only=False)
        # A null has the code -1, which takes the last of these.
        flags: Flags = np.append(begins, False)[words.codes]
        return flags

    def _is_marked(self, value: str) -> Flags:
        marks = self._table.policies
        if value == NONE:
            return np.equal(marks.bits, 0)
        if value not in marks.words:
            return np.zeros(self._table.rows, np.bool_)
        mark = np.uint64(1 << marks.words.index(value))
        flags: Flags = np.not_equal(marks.bits & mark, 0)
        return flags

    def _within(self, name: str, least: float | None, greatest: float | None) -> Flags:
        column = self._table.numbers.get(name)
        if column is None:
            return np.zeros(self._table.rows, np.bool_)
        # Comparisons with NaN are false, so a null is within no bounds.
        flags = ~np.isnan(column)
        with np.errstate(over="ignore"):  # past all singles is infinite
            if least is not None:
                flags &= column >= column.dtype.type(least)
            if greatest is not None:
                flags &= column <= column.dtype.type(greatest)
        return flags

    # ---- order and counts --------------------------------------------------------------------

    def _order(self, order: Order) -> Numbers:
        """All rows in an order: int32 (rows,). Rows without a value are last."""
        name = _COLUMN_OF[order]
        column = self._table.numbers.get(name)
        if column is None:
            raise RequestError(
                f"`order` is {order!r}, and the rows of {self._table.name} have no {name}; "
                "give `published`"
            )
        # NaN sorts last. A stable sort leaves equal rows as they are published.
        key = -column if order in _FALLING else column
        return self._orders.get(order, lambda: np.argsort(key, kind="stable").astype(np.int32))

    def _counted(self, name: str, chosen: Flags) -> Sequence[FacetValue] | None:
        if name == "policy":
            return self._counted_marks(chosen)
        words = self._collections if name == "source" else self._table.words.get(name)
        if words is None:
            return None
        codes = words.codes if chosen.all() else words.codes[chosen]
        counts = np.bincount(codes + 1, minlength=len(words.words) + 1)
        values = [
            FacetValue(str(words.words[code].as_py()), int(counts[code + 1]))
            for code in np.flatnonzero(counts[1:]).tolist()
        ]
        return [*values, FacetValue(NONE, int(counts[0]))] if counts[0] else values

    def _counted_marks(self, chosen: Flags) -> Sequence[FacetValue] | None:
        marks = self._table.policies
        if not marks.words:
            return None
        bits = marks.bits[chosen]
        counts = [
            (word, int(np.count_nonzero(bits & np.uint64(1 << bit))))
            for bit, word in enumerate(marks.words)
        ]
        counts.append((NONE, int(np.count_nonzero(bits == 0))))
        return [FacetValue(word, count) for word, count in counts if count]

    @functools.cached_property
    def _collections(self) -> Words | None:
        """The folder or container of each row's source."""
        sources = self._table.words.get("source")
        return None if sources is None else _collections(sources)


def _collections(sources: Words) -> Words:
    """The beginnings of addresses: up to a container's sign, or to the last slash.

    `a/b/c.pdf` lies in `a/b/`, and `a/x.tar!d/e.pdf` in `a/x.tar!`.
    """
    contained = pc.replace_substring_regex(sources.words, r"^([^!#]*[!#]).*$", r"\1")
    is_contained = pc.match_substring_regex(sources.words, "[!#]")
    folders = pc.replace_substring_regex(sources.words, r"[^/]*$", "")
    found = pc.if_else(is_contained, contained, folders).dictionary_encode()
    of_source = np.append(found.indices.to_numpy(), -1).astype(np.int32)
    return Words(of_source[sources.codes], found.dictionary)


def _all(flags: Iterable[Flags], rows: int) -> Flags:
    """The rows for which all flags are true."""
    result = np.ones(rows, np.bool_)
    for each in flags:
        result &= each
    return result
