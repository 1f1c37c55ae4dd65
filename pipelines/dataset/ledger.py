"""The ledger in arrays: how many rows each page and document of an inventory has.

It yields a line on each page or document that has no row, has too many, or is not in the inventory.
A page takes two bytes, a document about sixty, an id that is not in the inventory forty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from workers.dataset.audit import Duplicates
from workers.dataset.keys import DocIndex, Flags, Ints, Keys, doc_texts

MOST_NAMED = 5
ANEW = "read an older version that verifies (`--version`), or make a new dataset"

# A bit for each table in which a page or document can have a row that is kept, and one for those
# that a policy or a mix left out after they were compared with others.
NOT_KEPT, IN_MAIN_TABLE, IN_CONVERSATIONS, LEFT_OUT = 0, 1, 2, 4


def named(label: str, names: Collection[str], total: int, remedy: str = ANEW) -> Iterator[str]:
    """A line for each of the first names, and a line that counts the others."""
    first = sorted(names)[:MOST_NAMED]
    yield from (f"{name}: this {label}; {remedy}" for name in first)
    if total > len(first):
        yield f"… and {total - len(first):,} more: {label}"


class Tally:
    """Counts the rows of the pages, or of the documents, of an inventory.

    Places number all pages (or documents). `starts` has the place where each document begins, and
    at its end the place where the last one ends.
    """

    def __init__(self, what: str, documents: DocIndex, starts: Ints) -> None:
        self.what = what
        self._documents = documents
        self._starts = starts
        self._rows = np.zeros(len(self), np.uint8)  # 2 means two or more
        self._kept = np.zeros(len(self), np.uint8)
        self._strangers: list[Keys] = []
        self._keeperless: list[Duplicates] = []

    def __len__(self) -> int:
        return int(self._starts[-1])

    def count(self, keys: Keys, kept: int = NOT_KEPT) -> None:
        """Count rows; `kept` is the bit of their table, NOT_KEPT for rejects."""
        places = self._places(keys)
        is_there = places >= 0
        counted, rows = np.unique(places[is_there], return_counts=True)
        self._rows[counted] = np.minimum(self._rows[counted] + rows, 2)
        self._kept[counted] |= np.uint8(kept)
        if keys.odd or not is_there.all():
            strangers = keys.take(~is_there)
            self._strangers.append(Keys(strangers.doc, strangers.index, keys.odd))

    def mark_left_out(self, keys: Keys) -> None:
        """Note rows, counted elsewhere, that a policy or a mix left out."""
        places = self._places(keys)
        self._kept[places[places >= 0]] |= np.uint8(LEFT_OUT)

    def check_keepers(self, duplicates: Duplicates) -> None:
        """Remember duplicates whose keeper is not kept. To be called when kept rows are counted.

        A keeper may be left out by a policy, which is known when all rejects are counted.
        """
        lost = ~self.is_kept(duplicates.kept)
        if lost.any() or duplicates.odd:
            self._keeperless.append(
                Duplicates(duplicates.own.take(lost), duplicates.kept.take(lost), duplicates.odd)
            )

    def is_kept(self, keys: Keys, table: int = IN_MAIN_TABLE | IN_CONVERSATIONS) -> Flags:
        """Whether each key has a kept row in `table`, which may be several bits."""
        places = self._places(keys)
        if len(self) == 0:
            return np.zeros(len(keys), bool)
        flags: Flags = (places >= 0) & ((self._kept[places] & table) > 0)
        return flags

    def _places(self, keys: Keys) -> Ints:
        """The place of each page or document, -1 if it is not in the inventory."""
        if len(self._documents) == 0:
            return np.full(len(keys), -1, np.int64)
        number = self._documents.numbers(keys.doc)
        place = self._starts[number] + keys.index
        outside = (number < 0) | (keys.index < 0) | (place >= self._starts[number + 1])
        return np.where(outside, -1, place)

    def problems(self) -> Iterator[str]:
        """For each kind of problem, a line on each of the first cases, and how many more."""
        lacking = np.flatnonzero(self._rows == 0)
        label = f"{self.what} of the inventory has no row and no reject"
        yield from named(label, self._names(lacking), len(lacking))
        strangers = Counter(self._names_of(Keys.joined(self._strangers)))
        label = f"{self.what} is not in the inventory"
        yield from named(label, list(strangers), len(strangers))
        doubled = np.flatnonzero(self._rows > 1)
        others = [name for name, rows in strangers.items() if rows > 1]
        label = f"{self.what} has more than one row"
        yield from named(label, [*self._names(doubled), *others], len(doubled) + len(others))
        yield from self._orphans()

    def _orphans(self) -> Iterator[str]:
        pairs = [pair for part in self._keeperless for pair in part.odd]
        for part in self._keeperless:
            lost = ~self.is_kept(part.kept, LEFT_OUT)
            names = (self._names_of(keys.take(lost)) for keys in (part.own, part.kept))
            pairs += zip(*names, strict=True)
        for own, kept in sorted(pairs)[:MOST_NAMED]:
            yield f"{own}: this duplicate {self.what} names {kept}, which is not kept; {ANEW}"
        if len(pairs) > MOST_NAMED:
            more = len(pairs) - MOST_NAMED
            yield f"… and {more:,} more: duplicate {self.what} names what is not kept"

    def _names(self, places: Ints) -> list[str]:
        """The ids of the first of these places."""
        first = places[:MOST_NAMED]
        number = np.searchsorted(self._starts, first, side="right") - 1
        return self._names_of(Keys(self._documents.docs[number], first - self._starts[number]))

    def _names_of(self, keys: Keys) -> list[str]:
        names = keys.page_ids()
        if self.what == "document":
            names = [name.partition("/")[0] for name in names]
        return [*names, *keys.odd]


class Ledger:
    """The tallies of an inventory: of its documents and of their pages."""

    def __init__(self, inventory: Sequence[Keys]) -> None:
        rows = Keys.joined(inventory)
        docs, first, counts = np.unique(rows.doc, return_index=True, return_counts=True)
        self._doubled: npt.NDArray[np.bytes_] = docs[counts > 1]
        self._odd = rows.odd
        self._index = index = DocIndex.of(docs)
        self.documents = Tally("document", index, np.arange(len(docs) + 1))
        ends = np.cumsum(rows.index[first])
        self.pages = Tally("page", index, np.concatenate([np.zeros(1, np.int64), ends]))

    def holding(self, keys: Keys) -> list[str]:
        """Which of these documents are in the inventory, by their ids."""
        there = self._index.numbers(keys.doc) >= 0
        return doc_texts(keys.doc[there])

    def problems(self) -> Iterator[str]:
        """What does not add up, pages first."""
        names = Keys(self._doubled, np.zeros(len(self._doubled), np.int64)).page_ids()
        doubled = [name.partition("/")[0] for name in names]
        label = "document is in the inventory more than once"
        yield from named(label, doubled, len(doubled))
        yield from named("name in the inventory is no document's id", self._odd, len(self._odd))
        yield from self.pages.problems()
        yield from self.documents.problems()
