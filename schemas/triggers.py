"""Triggers: strings that noise follows in many documents, as rows are searched for them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict


class TriggerRow(TypedDict):
    """A trigger as the commit of a version says it; `run` are 16 hex characters."""

    shown: str
    words: int
    run: str
    certainty: float
    pages: int
    documents: int


class TriggersRecord(TypedDict):
    """The triggers that were found in a corpus, and a digest of which pages that was."""

    corpus: str
    found: Sequence[TriggerRow]


@dataclass(frozen=True, slots=True, order=True)
class SoughtTrigger:
    """A trigger that rows are searched for.

    - `shown` is its text, with the code points of what shows nothing, of at most 80 characters.
    - `run` is the hash of its `words` tokens (`workers.policies.poisoning.tokens`).
    - `certainty` is the share of its texts in which noise follows, in tenths, so that it stays the
      same while a corpus grows.
    - `pages` and `documents`: in how many of them noise follows. Two triggers that differ in these
      alone are equal, since they are found in the same way.
    """

    shown: str
    words: int
    run: int
    certainty: float
    pages: int = field(compare=False)
    documents: int = field(compare=False)

    def to_row(self) -> TriggerRow:
        """The trigger for the commit of a version."""
        return {
            "shown": self.shown,
            "words": self.words,
            "run": f"{self.run:016x}",
            "certainty": self.certainty,
            "pages": self.pages,
            "documents": self.documents,
        }

    @staticmethod
    def from_row(row: TriggerRow) -> SoughtTrigger:
        """The inverse of `to_row`."""
        return SoughtTrigger(
            row["shown"],
            row["words"],
            int(row["run"], 16),
            row["certainty"],
            row["pages"],
            row["documents"],
        )
