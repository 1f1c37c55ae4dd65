"""Find the lines that many documents share, before any row is judged.

    documents ─► [ sketch ] per files ─► what may be frequent ─► [ count ] per files
              ─► what is frequent ─► [ name ] ─► the lines

The documents are those that deduplication keeps, with their texts as they were read, whatever other
policies do to them. So the lines depend on the corpus and on the policy's own settings alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from workers.publishing.line_counts import (
    LineTask,
    TextRows,
    count_lines,
    name_lines,
    sketch_lines,
)

LISTED = "corpus:lines"
"""The entry of a version's lists that names the lines, as a benchmark's names its files."""

_ROWS_PER_TASK = 8192


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
    chosen = np.flatnonzero(compared.among & ~is_chat[documents.doc])
    files = [TextRows(rows.file, rows.rows) for rows, _ in documents.by_file(chosen)]
    tokens = int(documents.tokens[chosen].sum())
    lines = shared_lines(files, tokens, settings, judges.session, judges.scratch)
    name = digest(count["line"] for count in lines)[:16]
    uri = store.join(judges.scratch, f"shared-lines-{name}.json")
    store.write_bytes(uri, pack(lines))
    listed = {**judges.listed, LISTED: name}
    return replace(judges, listed=listed, lines=lines, lines_uri=uri)


def shared_lines(
    files: Sequence[TextRows],
    tokens: int,
    settings: SharedLines,
    session: Session,
    scratch: str | None = None,
) -> tuple[LineCount, ...]:
    """The lines that stand in enough texts of some files, which have so many tokens; sorted.

    Without `scratch` nothing is written, and the texts are read twice.
    """
    # 1. What may be frequent: a sketch of all lines.
    sketch = Sketch.empty(width_of(tokens, settings.documents))
    width = sketch.counts.shape[1]
    tasks = [
        LineTask(number, group, settings.min_letters, width, _hashes_uri(scratch, number))
        for number, group in enumerate(_groups(files))
    ]
    for other in task_results(sketch_lines, tasks, session):
        sketch.merge(other)

    # 2. What is frequent: an exact count, and a task that has each such line.
    frequent = sketch.frequent(settings.documents)
    counts: Counter[int] = Counter()
    holders: dict[int, int] = {}
    tasks = [replace(task, frequent=frequent) for task in tasks]
    for number, of_task in task_results(count_lines, tasks, session):
        counts.update(of_task)
        holders.update(dict.fromkeys(of_task, number))
    found = {value: count for value, count in counts.items() if count >= settings.documents}

    # 3. What the lines are.
    named: dict[int, str] = {}
    for names in task_results(name_lines, list(_naming(tasks, holders, found)), session):
        named |= names
    lines = sorted((named[value], count) for value, count in found.items())
    return tuple(LineCount(line=line, documents=count) for line, count in lines)


def _hashes_uri(scratch: str | None, number: int) -> str | None:
    return None if scratch is None else store.join(scratch, f"line-hashes-{number:06d}.bin")


def _naming(
    tasks: Sequence[LineTask], holders: Mapping[int, int], found: Iterable[int]
) -> Iterator[LineTask]:
    """Tasks that read the lines of some hashes, each where it was counted."""
    wanted: dict[int, set[int]] = defaultdict(set)
    for value in found:
        wanted[holders[value]].add(value)
    for number, values in wanted.items():
        yield replace(tasks[number], frequent=None, wanted=frozenset(values))


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
