"""The small columns of a table in memory: what rows are chosen, sorted and listed by.

A million pages of 100,000 documents take 85 MB: words are numbers of their place in a list of
words, and what is long (texts, pictures, blocks, signatures) stays in the parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.ids import PAGE_ID, crop_id, page_id

Codes = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.float64]

_BEGINNING_CHARS = 16

WORDS: Final = (
    *("doc_id", "source", "license", "language", "engine", "text_source"),
    *("label", "level", "stage", "reason", "split"),
)
"""The names of columns of words, as `LightTable` has them."""


@dataclass(frozen=True, slots=True)
class LightRow:
    """A row of a table without its texts and pictures; what a table does not have is None.

    - `number` is its place in the table as it is published, from 0.
    - `key` is its `page_id`, `crop_id` or `doc_id`. That of a reject is its page's, or its
      document's where a whole document was rejected.
    - `page_index` counts from 0, and is None for a whole document.
    - `kept_id` is the page or the document that a duplicate was dropped for.
    """

    table: str
    number: int
    key: str
    doc_id: str
    page_index: int | None
    source_uri: str | None
    license: str | None
    language: str | None
    engine: str | None
    text_source: str | None
    label: str | None
    level: str | None
    stage: str | None
    reason: str | None
    split: str | None
    policies: tuple[str, ...]
    quality: float | None
    coverage: float | None
    text_tokens: int | None
    width: int | None
    height: int | None
    kept_id: str | None
    similarity: float | None


@dataclass(frozen=True, slots=True)
class Words:
    """A column of words: for each row the place of its word in `words`, or -1 for a null."""

    codes: Codes
    words: pa.StringArray

    def code(self, word: str) -> int | None:
        """The place of a word; None where no row has it."""
        place = pc.index(self.words, word).as_py()
        return None if place < 0 else int(place)

    def word(self, row: int) -> str | None:
        """The word of a row."""
        code = int(self.codes[row])
        return None if code < 0 else str(self.words[code].as_py())


NO_WORDS: Final = Words(np.empty(0, np.int32), pa.array([], pa.string()))


@dataclass(frozen=True, slots=True)
class Marks:
    """For each row which of a few words it has: bit `i` stands for `words[i]`."""

    bits: npt.NDArray[np.uint64]
    words: tuple[str, ...]

    def of(self, row: int) -> tuple[str, ...]:
        """The words of a row."""
        bits = int(self.bits[row])
        return tuple(word for i, word in enumerate(self.words) if bits >> i & 1)


class Documents:
    """The rows of each document, found by the beginnings of ids, in microseconds."""

    def __init__(self, ids: Words) -> None:
        self._ids = ids
        beginnings = np.array(list(map(_beginning, ids.words.to_pylist())), "S")
        self._order = np.argsort(beginnings).astype(np.int32)
        self._beginnings = beginnings[self._order]
        self._rows = np.argsort(ids.codes, kind="stable").astype(np.int32)
        # Where the rows of each document begin in `_rows`, and where the last ones end.
        self._starts = np.searchsorted(ids.codes[self._rows], np.arange(len(ids.words) + 1))

    def rows(self, doc_id: str) -> Codes:
        """The rows of a document, ascending."""
        beginning = _beginning(doc_id)
        first = int(np.searchsorted(self._beginnings, beginning, "left"))
        last = int(np.searchsorted(self._beginnings, beginning, "right"))
        for code in self._order[first:last].tolist():
            if self._ids.words[code].as_py() == doc_id:
                return self._rows[self._starts[code] : self._starts[code + 1]]
        return np.empty(0, np.int32)


def _beginning(doc_id: str) -> bytes:
    return doc_id[:_BEGINNING_CHARS].encode(errors="replace")


@dataclass(frozen=True, slots=True)
class LightTable:
    """The small columns of one table of one version, in the order in which it is published.

    `starts` has the number of the first row of each part, and the number of rows. A column that the
    table lacks, or that is null in every row, is in none of the mappings. `numbers` are NaN where
    they are null.
    """

    name: str
    starts: npt.NDArray[np.int64]
    words: Mapping[str, Words]
    numbers: Mapping[str, npt.NDArray[np.float32] | Numbers]
    policies: Marks
    kept: pa.StringArray | None
    crops: Codes | None
    documents: Documents

    @staticmethod
    def empty(name: str) -> LightTable:
        """A table without rows."""
        marks = Marks(np.empty(0, np.uint64), ())
        documents = Documents(NO_WORDS)
        return LightTable(name, np.zeros(1, np.int64), {}, {}, marks, None, None, documents)

    @property
    def rows(self) -> int:
        """How many rows the table has."""
        return int(self.starts[-1])

    def place(self, row: int) -> tuple[int, int]:
        """The number of the part that has a row, and the row's place in it."""
        part = int(np.searchsorted(self.starts, row, "right")) - 1
        return part, row - int(self.starts[part])

    def key(self, row: int) -> str:
        """What names a row: its crop, page or document."""
        doc_id = self.words["doc_id"].word(row) or ""
        index = self.page_index(row)
        if index is None:
            return doc_id
        page = page_id(doc_id, index)
        return page if self.crops is None else crop_id(page, int(self.crops[row]))

    def find(self, key: str) -> int | None:
        """The row of a key; None where there is none."""
        page, _, crop = key.partition("-")
        match = PAGE_ID.fullmatch(page)
        doc_id, index = (match[1], int(match[2])) if match else (page, None)
        rows = self.documents.rows(doc_id)
        column = self.numbers.get("page_index")
        if column is not None:
            rows = rows[np.isnan(column[rows]) if index is None else column[rows] == index]
        if self.crops is not None and crop.isdecimal():
            rows = rows[self.crops[rows] == float(crop)]
        # Other ways to write a number name nothing.
        return int(rows[0]) if len(rows) and self.key(int(rows[0])) == key else None

    def rows_of(self, doc_id: str) -> Codes:
        """The rows of a document, in the order of their pages and crops."""
        rows = self.documents.rows(doc_id)
        crops = np.zeros(len(rows)) if self.crops is None else self.crops[rows]
        ordered: Codes = rows[np.lexsort((crops, self.page_indices(rows)))]
        return ordered

    def page_indices(self, rows: Codes) -> Numbers:
        """The indices of rows' pages: float64 (rows,), NaN for whole documents."""
        column = self.numbers.get("page_index")
        return np.full(len(rows), np.nan) if column is None else column[rows].astype(np.float64)

    def page_index(self, row: int) -> int | None:
        """The index of a row's page; None for a whole document."""
        index = self._number("page_index", row)
        return None if index is None else int(index)

    def rows_like(self, other: LightTable, rows: Codes) -> Codes:
        """The rows of the documents that some rows of another table belong to, ascending."""
        if "doc_id" not in self.words or "doc_id" not in other.words:
            return np.empty(0, np.int32)
        ours, theirs = self.words["doc_id"], other.words["doc_id"]
        named = theirs.words.take(pa.array(np.unique(theirs.codes[rows])))
        codes = pc.drop_null(pc.index_in(named, ours.words)).to_numpy()
        return np.flatnonzero(np.isin(ours.codes, codes)).astype(np.int32)

    def row(self, row: int) -> LightRow:
        """A row as a value."""
        word = {name: column.word(row) for name, column in self.words.items()}
        tokens = self._number("tokens", row)
        width, height = self._number("width", row), self._number("height", row)
        return LightRow(
            table=self.name,
            number=row,
            key=self.key(row),
            doc_id=word.pop("doc_id", None) or "",
            page_index=self.page_index(row),
            source_uri=word.pop("source", None),
            **{name: word.get(name) for name in WORDS if name not in ("doc_id", "source")},
            policies=self.policies.of(row),
            quality=self._number("quality", row),
            coverage=self._number("coverage", row),
            text_tokens=None if tokens is None else int(tokens),
            width=None if width is None else int(width),
            height=None if height is None else int(height),
            kept_id=None if self.kept is None else self.kept[row].as_py(),
            similarity=self._number("similarity", row),
        )

    def _number(self, name: str, row: int) -> float | None:
        column = self.numbers.get(name)
        if column is None or np.isnan(column[row]):
            return None
        return float(column[row])
