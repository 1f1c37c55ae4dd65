"""Find the lines that many documents share, before any row is judged.

    documents ─► [ sketch ] per files ─► what may be frequent ─► [ count ] per files ─► the lines

The documents are those that deduplication keeps, with their texts as they were read, whatever other
policies do to them. So the lines depend on the corpus and on the policy's own settings alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from cluster.session import Session
from pipelines.dataset.state import Snapshot
from pipelines.steps.tasks import task_results
from pipelines.version.documents import Compared
from pipelines.version.policies import Judges
from schemas.ids import digest
from schemas.recipe import Recipe
from schemas.shared_lines import LineCount, SharedLines
from schemas.sources import is_conversation
from workers import store
from workers.policies.shared_lines import Sketch, pack, width_of
from workers.publishing.line_counts import LineTask, TextRows, count_lines, sketch_lines

LISTED = "corpus:lines"
"""The entry of a version's lists that names the lines, as a benchmark's names its files."""

_ROWS_PER_TASK = 16_384


def settings_of_lines(recipe: Recipe) -> SharedLines | None:
    """The settings of the policy, None where the recipe does not have it."""
    return next((step.lines for step in recipe.policies if step.lines is not None), None)


def listed_lines(recipe: Recipe, snapshot: Snapshot | None) -> dict[str, str]:
    """Which lines the last version was judged by: those of the same corpus are the same."""
    if snapshot is None or settings_of_lines(recipe) is None:
        return {}
    listed = cast(Mapping[str, str], snapshot.metadata["publish_settings"].get("lists", {}))
    return {LISTED: listed[LISTED]} if LISTED in listed else {}


def with_shared_lines(judges: Judges, compared: Compared) -> Judges:
    """The judges, who know the lines that the compared documents share."""
    settings = settings_of_lines(judges.recipe)
    if settings is None:
        return judges
    documents, catalogue = compared.documents, judges.catalogue
    is_chat = np.array([is_conversation(d.media_type) for d in catalogue.documents], bool)
    # The turns of a conversation are what its makers repeat on purpose.
    chosen = np.flatnonzero(compared.kept & ~is_chat[documents.doc])
    order = chosen[np.lexsort((documents.row[chosen], documents.file[chosen]))]
    groups = np.split(order, np.flatnonzero(np.diff(documents.file[order])) + 1)
    files = [
        TextRows(documents.files[int(documents.file[group[0]])], documents.row[group])
        for group in groups
        if len(group)
    ]
    tokens = int(documents.tokens[chosen].sum())
    lines = shared_lines(files, tokens, settings, judges.session)
    name = digest(count["line"] for count in lines)[:16]
    uri = store.join(judges.scratch, f"shared-lines-{name}.json")
    store.write_bytes(uri, pack(lines))
    listed = {**judges.listed, LISTED: name}
    return replace(judges, listed=listed, lines=lines, lines_uri=uri)


def shared_lines(
    files: Sequence[TextRows], tokens: int, settings: SharedLines, session: Session
) -> tuple[LineCount, ...]:
    """The lines that stand in enough texts of some files, which have so many tokens; sorted."""
    sketch = Sketch.empty(width_of(tokens, settings.documents))
    tasks = [
        LineTask(group, settings.min_letters, sketch.counts.shape[1]) for group in _groups(files)
    ]
    for other in task_results(sketch_lines, tasks, session):
        sketch.merge(other)
    frequent = sketch.frequent(settings.documents)
    tasks = [replace(task, frequent=frequent) for task in tasks]
    counts: Counter[str] = Counter()
    for of_task in task_results(count_lines, tasks, session):
        counts.update(of_task)
    return tuple(
        LineCount(line=line, documents=count)
        for line, count in sorted(counts.items())
        if count >= settings.documents
    )


def _groups(files: Sequence[TextRows]) -> Iterator[tuple[TextRows, ...]]:
    """Files with no more rows than a task should read; a larger file stands alone."""
    group: list[TextRows] = []
    for file in files:
        if group and sum(other.file.rows for other in group) + file.file.rows > _ROWS_PER_TASK:
            yield tuple(group)
            group = []
        group.append(file)
    if group:
        yield tuple(group)
