"""Count a version's rows in the trainer's own tokens, where the recipe names a tokenizer.

    rows ─► those whose count no part has yet ─► [ recount ] per file ─► counts along the rows

A published row has its count, as long as the tokenizer is the same. So a run counts what is new or
was changed by a policy, and a run with another tokenizer counts everything once. No page is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from cluster.session import Session
from pipelines.dataset.state import tokenizer_of
from pipelines.steps.tasks import run_tasks
from pipelines.version.inputs import Inputs
from pipelines.version.records import NOBODY, Flags, Ints, Records
from schemas.recipe import Recipe
from workers import store
from workers.publishing.recount import Recounted, Recounting, recount
from workers.text.trainer_tokens import find_tokenizer, name_of


def tokenizer_name(recipe: Recipe) -> str | None:
    """The name of the recipe's tokenizer, if it has one. Raises SourceError where that is gone."""
    return None if recipe.tokenizer is None else name_of(recipe.tokenizer)


def counted(records: Records, wanted: Flags, inputs: Inputs, session: Session) -> Records:
    """The records with the counts of the rows that are flagged in `wanted`, NOBODY elsewhere.

    Rejects have no text: one has the count that it had under the same tokenizer, or none.
    """
    tokens: Ints = np.full(len(records), NOBODY, np.int64)
    if inputs.tokenizer is None:
        return replace(records, trainer_tokens=tokens)
    if tokenizer_of(inputs.snapshot) == inputs.tokenizer:
        is_known = wanted & ~records.origin("staged")
        tokens[is_known] = records.trainer_tokens[is_known]
    has_text = ~records.origin("rejects", "barred")
    todo = np.flatnonzero(wanted & has_text & (tokens == NOBODY))
    for done, places in _recounted(records, todo, inputs, session):
        tokens[places] = done.tokens
    return replace(records, trainer_tokens=tokens)


def _recounted(
    records: Records, todo: Ints, inputs: Inputs, session: Session
) -> Iterator[tuple[Recounted, Ints]]:
    """The counts of some rows, file by file, and the places of the rows."""
    if not len(todo):
        return
    name, settings = inputs.tokenizer, inputs.recipe.tokenizer
    assert name is not None
    assert settings is not None
    uri = store.join(inputs.scratch, "tokenizer.json")
    if not store.exists(uri):
        store.write_bytes(uri, find_tokenizer(settings).data)
    tasks = [Recounting(rows, uri, name) for rows, _ in records.by_file(todo)]
    places = {rows.first: own for rows, own in records.by_file(todo)}
    for done in run_tasks(recount, tasks, session):
        yield done, places[done.task.rows.first]
