"""Find words in the texts of a table: by an index where it is made, else by reading the texts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Looked:
    """How far a search has looked: `rows` of the `total` rows of the table."""

    rows: int
    total: int

    @property
    def is_whole(self) -> bool:
        """Whether no row was left out."""
        return self.rows == self.total


@dataclass(frozen=True, slots=True)
class Snippet:
    """A stretch of a row's text; `hits` are `(start, end)` in it, where the words stand.

    `is_start` and `is_end`: it begins or ends where the text does.
    """

    text: str
    hits: tuple[tuple[int, int], ...]
    is_start: bool
    is_end: bool
