"""What a version says of rows besides what their files hold.

These values follow from other rows, or from a tokenizer or model, so they can change while a row
stays: how many rows a keeper stands for (`copies`), its tokens by the trainer's own count, its
split, and its scores.
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
from pipelines.version.splits import Splits, no_splits
from schemas.splits import SPLITS
from workers.dataset.columns import with_nulls


@dataclass(frozen=True, slots=True)
class Said:
    """Columns along some rows, by name, and which of the rows say something else where they are.

    `split` is the split of each row, which decides in which part it can be.
    """

    columns: Mapping[str, pa.Array]
    differs: Flags
    split: Splits

    @classmethod
    def nothing(cls, rows: int) -> Said:
        """Nothing of so many rows."""
        return cls({}, np.zeros(rows, bool), no_splits(rows))

    def take(self, chosen: Ints) -> Said:
        """What is said of some of the rows."""
        places = pa.array(chosen)
        columns = {name: column.take(places) for name, column in self.columns.items()}
        return Said(columns, self.differs[chosen], self.split[chosen])


def all_said(parts: Sequence[Said]) -> Said:
    """What is said of rows, one after another; all parts have the same columns."""
    columns = {
        name: pa.concat_arrays([part.columns[name] for part in parts]) for name in parts[0].columns
    }
    differs, split = ([getattr(part, name) for part in parts] for name in ("differs", "split"))
    return Said(columns, np.concatenate(differs), np.concatenate(split))


def said_of(
    inputs: Inputs,
    records: Records,
    splits: Splits,
    drops: Drops | None = None,
    scores: Scores | None = None,
) -> Said:
    """What a version says of records; `drops` and `scores` are along them, where there are any.

    `splits` are those of all documents.
    """
    split = splits[records.doc]
    columns = {"trainer_tokens": counts(records.trainer_tokens), "split": _words(split)}
    differs = np.full(len(records), not is_counted_alike(inputs)) | (split != records.split)
    if drops is not None:
        # 0 where the recipe counts none
        copies = drops.copies * np.int32(inputs.recipe.dedup.copies)
        columns["copies"] = pa.array(copies, mask=copies == 0)
        differs |= copies != records.copies
    if scores is not None:
        of_scores = said_of_scores(scores)
        columns |= of_scores.columns
        differs |= of_scores.differs
    return Said(columns, differs, split)


def said_of_scores(scores: Scores) -> Said:
    """What a version says of rows by its scores alone, which are in no split."""
    columns = {name: with_nulls(scores.values[:, n]) for n, name in enumerate(scores.columns)}
    rows = len(scores.values)
    return Said(columns, np.full(rows, scores.are_new), no_splits(rows))


def counts(tokens: Ints) -> pa.Array:
    """Counts of tokens as a column; null where there is none."""
    return pa.array(tokens, mask=tokens == NOBODY)


def _words(splits: Splits) -> pa.Array:
    """Splits as a column."""
    return pa.array(SPLITS).take(pa.array(splits, mask=splits == NOBODY))


def is_counted_alike(inputs: Inputs) -> bool:
    """Whether the last version was counted with the same tokenizer."""
    return tokenizer_of(inputs.snapshot) == inputs.tokenizer
