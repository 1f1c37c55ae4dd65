"""Notes on rows: good or bad, and why, in a file of JSON lines beside the dataset's viewer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Verdict = Literal["good", "bad", ""]
"""An empty verdict takes a note back."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a person says of a row: of `table`, by its `key`, as `version` of the dataset has it."""

    table: str
    key: str
    version: int
    verdict: Verdict
    why: str


class Notes:
    """The notes of one file. The last line on a row is the one that holds."""

    def __init__(self, path: Path) -> None:
        raise NotImplementedError

    def of(self, table: str, key: str) -> Note | None:
        """The note on a row; None where there is none."""
        raise NotImplementedError

    def write(self, note: Note) -> None:
        """Keep a note, or take the one on its row back. Raises StorageError if it cannot be."""
        raise NotImplementedError

    def all(self) -> Iterator[Note]:
        """The notes that hold, in the order in which their rows were first noted."""
        raise NotImplementedError

    def lines(self) -> str:
        """The notes that hold as JSON lines, one a note."""
        raise NotImplementedError
