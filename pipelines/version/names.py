"""Find names and addresses in the texts of rows before they are judged, where a policy asks for it.

    rows to judge ─► keys of their texts ─► those that nobody has read yet, each once
                  ─► [ read ─► find on a replica ─► keep ] per some hundred texts
                  ─► for each task that judges rows, where it is kept what was found in theirs

What was found stays in staging, so a run under the same policies finds names in new texts alone,
and so does one that goes on after a kill.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cluster.session import Session
from pipelines.steps.places import staging_root
from pipelines.steps.settings import finder_settings
from pipelines.steps.tasks import run_tasks
from pipelines.version.story import Story
from pipelines.version.text_pass import TextPass, read_all
from schemas.personal import Personal
from schemas.recipe import Recipe
from workers import store
from workers.people import PinnedPeople, load_finder, pin_people
from workers.people.kept import KeptPlaces, kept_names, load_names, spans_of
from workers.people.texts import NameTexts, Writing, name_keys, write_name_texts
from workers.publishing.judge import Judging
from workers.publishing.rows_of import RowsOf
from workers.text_models.kept import Kept, places_of
from workers.text_models.texts import Keys

if TYPE_CHECKING:
    from workers.people.finder import PeopleFinder


def personal_of(recipe: Recipe) -> Personal | None:
    """The settings of the policy that looks for people by a model; None without one."""
    found = (step.pii for step in recipe.policies if step.pii and step.pii.people)
    return next(found, None)


def with_names(
    tasks: Sequence[Judging], recipe: Recipe, scratch: str, session: Session, story: Story
) -> list[Judging]:
    """The tasks, which know where the names in the texts of their rows are kept.

    Raises ModelError where no replica can start.
    """
    settings = personal_of(recipe)
    if settings is None or not tasks:
        return list(tasks)
    assert settings.people is not None
    people = pin_people(settings.people)
    kept = kept_names(staging_root(recipe), people.digest)

    # 1. Which texts there are, and which of them the model has read.
    [step] = [step for step in recipe.policies if step.pii is not None]
    texts = [
        NameTexts(RowsOf(task.file, task.rows), task.level, step, task.crops) for task in tasks
    ]
    keys = {task.rows.first: own for task, own in run_tasks(name_keys, texts, session)}
    writing = list(_writing(texts, keys, KeptPlaces.of_all(kept), scratch))

    # 2. The model reads the others.
    if writing:
        files = run_tasks(write_name_texts, writing, session)
        rows = [RowsOf(file, np.arange(file.rows, dtype=np.int32)) for file in files]
        _find(people, rows, kept, recipe, session, story)

    # 3. Each task knows where to look.
    places = KeptPlaces.of_all(kept)
    return [
        replace(
            task, names=functools.partial(load_names, places.of(keys[own.rows.first]), settings)
        )
        for task, own in zip(tasks, texts, strict=True)
    ]


def _writing(
    texts: Sequence[NameTexts],
    keys: Mapping[tuple[str, int], Keys],
    known: KeptPlaces,
    scratch: str,
) -> Iterator[Writing]:
    """Tasks that write the texts that are not known, each where it stands first."""
    of_tasks = [keys[task.rows.first] for task in texts]
    distinct, first = np.unique(np.concatenate(of_tasks), return_index=True)
    _, is_known = places_of(distinct, known.keys)
    # owner: int64 (new texts,): the number of the task that writes each
    bounds = np.cumsum([len(own) for own in of_tasks])
    owner = np.searchsorted(bounds, first[~is_known], side="right")
    for number in np.unique(owner).tolist():
        uri = store.join(scratch, f"name-texts-{texts[number].level}-{number:06d}.parquet")
        yield Writing(texts[number], distinct[~is_known][owner == number], uri)


def _find(
    people: PinnedPeople,
    rows: Sequence[RowsOf],
    kept: Kept,
    recipe: Recipe,
    session: Session,
    story: Story,
) -> None:
    settings = finder_settings(people, recipe.placement, session.isolated)
    load = functools.partial(load_finder, settings)
    failures = read_all(TextPass("find names", load, find, kept), rows, recipe, session, story)
    if failures:
        story.say(
            f"names cannot be sought in {len(failures):,} texts, because the model failed twice on "
            f"each; all of such a text counts as a name: {failures[0]}"
        )


def find(finder: PeopleFinder, texts: Sequence[str]) -> pa.Array:
    """What is found in each text: `workers.people.kept.SPANS`."""
    return spans_of(finder.find(texts))
