"""What a version says of rows besides what their files hold.

These numbers follow from other rows, or from a tokenizer or model, so they can change while a row
stays: how many rows a keeper stands for (`copies`), its tokens by the trainer's own count, and its
scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.dataset.state import tokenizer_of
from pipelines.version.dedup import Drops
from pipelines.version.inputs import Inputs
from pipelines.version.records import NOBODY, Flags, Ints, Records
from pipelines.version.scores import Scores
from workers.dataset.columns import with_nulls


@dataclass(frozen=True, slots=True)
class Said:
    """Columns along some rows, by name, and which of the rows say something else where they are."""

    columns: Mapping[str, pa.Array]
    differs: Flags

    @classmethod
    def nothing(cls, rows: int) -> Said:
        """Nothing of so many rows."""
        return cls({}, np.zeros(rows, bool))

    def take(self, chosen: Ints) -> Said:
        """What is said of some of the rows."""
        places = pa.array(chosen)
        columns = {name: column.take(places) for name, column in self.columns.items()}
        return Said(columns, self.differs[chosen])


def all_said(parts: Sequence[Said]) -> Said:
    """What is said of rows, one after another; all parts have the same columns."""
    columns = {
        name: pa.concat_arrays([part.columns[name] for part in parts]) for name in parts[0].columns
    }
    return Said(columns, np.concatenate([part.differs for part in parts]))


def said_of(
    inputs: Inputs, records: Records, drops: Drops | None = None, scores: Scores | None = None
) -> Said:
    """What a version says of records; `drops` and `scores` are along them, where there are any."""
    columns = {"trainer_tokens": counts(records.trainer_tokens)}
    differs = np.full(len(records), not is_counted_alike(inputs))
    if drops is not None:
        # 0 where the recipe counts none
        copies = drops.copies * np.int32(inputs.recipe.dedup.copies)
        columns["copies"] = pa.array(copies, mask=copies == 0)
        differs |= copies != records.copies
    if scores is not None:
        of_scores = said_of_scores(scores)
        columns |= of_scores.columns
        differs |= of_scores.differs
    return Said(columns, differs)


def said_of_scores(scores: Scores) -> Said:
    """What a version says of rows by its scores alone."""
    columns = {name: with_nulls(scores.values[:, n]) for n, name in enumerate(scores.columns)}
    return Said(columns, np.full(len(scores.values), scores.are_new))


def counts(tokens: Ints) -> pa.Array:
    """Counts of tokens as a column; null where there is none."""
    return pa.array(tokens, mask=tokens == NOBODY)


def is_counted_alike(inputs: Inputs) -> bool:
    """Whether the last version was counted with the same tokenizer."""
    return tokenizer_of(inputs.snapshot) == inputs.tokenizer
