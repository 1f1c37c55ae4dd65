"""Judge rows by the policies: which they change or reject, and which stay as published.

    records ─► rows that no version has judged under these policies ─► [ judge ] per file
            ─► records of what each row becomes

A version's own rows say what was found, so a run under the same policies judges only what is new,
and what the corpus says something else of.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from pipelines.steps.tasks import run_tasks
from pipelines.version.crops import CropsOf, crop_places
from pipelines.version.lists import lists_uri
from pipelines.version.names import with_names
from pipelines.version.policies import Judges, has_lost_text
from pipelines.version.ranking import Ranking, Shares, Values
from pipelines.version.records import (
    FIRST_BARRED,
    NOBODY,
    Flags,
    Ints,
    Records,
    load_all,
)
from schemas.recipe import Recipe
from schemas.reject_reasons import POLICY_REASONS
from workers import store
from workers.policies import Sought
from workers.policies.decontamination import Piece
from workers.publishing.judge import BARRED, CHANGED, Judged, Judging, judge_rows
from workers.publishing.pieces import PieceOfPage
from workers.publishing.records import Level, RowsFile

TABLES = ("pages", "conversations", "documents")


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What policies make of records, in arrays with an entry a record.

    - `records` are the rows that are published, or rejected, at their places.
    - `barred_by` is the number of the policy that rejects a row, -1 for the others.
    - `lost` are rows that must be judged and whose originals are gone.
    - `originals` are the names of the originals that this version rests on.
    - `shares` are those of the policy `keep`.
    - `judged` are the rows that were judged now, `pieces` what they say of their pages.
    """

    records: Records
    barred_by: npt.NDArray[np.int8]
    lost: Flags
    originals: frozenset[str] = frozenset()
    shares: Shares = field(default_factory=dict)
    judged: Flags = field(default_factory=lambda: np.zeros(0, bool))
    pieces: tuple[PieceOfPage, ...] = ()

    @property
    def barred(self) -> Flags:
        """Which rows a policy rejects."""
        flags: Flags = self.barred_by != NOBODY
        return flags


@dataclass(frozen=True, slots=True)
class Pieces:
    """What stands on pages of items that go over their edges, by the pages' keys.

    `moved` has a flag a page: what is said of it may be no more what the last version was told;
    False where that is so of none. `lost` flags the pages that must be read again to say it.
    """

    of_page: Mapping[int, tuple[Piece, ...]] = field(default_factory=dict)
    moved: Flags | bool = False
    lost: Flags | bool = False

    def by_row(self, records: Records, places: Ints) -> dict[int, tuple[Piece, ...]]:
        """The pieces of some records of one file, by their row in it."""
        if not self.of_page:
            return {}
        keys, rows = records.keys[places].tolist(), records.row[places].tolist()
        named = zip(rows, map(self.of_page.get, keys), strict=True)
        return {row: pieces for row, pieces in named if pieces}


_NO_PIECES = Pieces()


def apply_policies(
    published: Records,
    originals: Records,
    among: Flags,
    level: Level,
    judges: Judges,
    ranking: Ranking,
    scores: Mapping[str, Values],
    crops_of: CropsOf | None = None,
    pieces: Pieces = _NO_PIECES,
) -> Verdicts:
    """What the recipe's policies make of the rows that are flagged in `among`.

    `published` and `originals` are along each other: where each row lies in the last version, or is
    new, and where it lies as it was read. `ranking` is that of the originals, `scores` are theirs
    by column. Pages are judged with their crops and their `pieces`.
    """
    was_barred = among & (published.outcome >= FIRST_BARRED)
    barred_by = np.full(len(published), NOBODY, np.int8)
    barred_by[was_barred] = _steps(judges.recipe)[published.outcome[was_barred] - FIRST_BARRED]
    todo, lost = to_judge(published, originals, among, judges, ranking, pieces.moved)
    crops = crops_of(originals.take(todo)) if crops_of and todo.any() else None
    of_row = _Beside(ranking, scores, crops, pieces)
    tasks = list(_tasks(published, originals, todo, level, judges, of_row))
    tasks = with_names(tasks, judges.recipe, judges.scratch, judges.session, judges.story)
    done = run_tasks(judge_rows, tasks, judges.session)
    # What another rule leaves out is rejected as it was read.
    as_read = ~among & has_lost_text(published)
    records = published.with_rows(np.flatnonzero(as_read), originals.take(as_read))
    records = _with_changed(records, done, barred_by, level, judges)
    records = _with_barred(records, originals, done, barred_by)
    touched = among & ((records.found & np.uint64(1)).astype(bool) | (barred_by != NOBODY))
    names = _names(originals, touched, done, level, judges)
    said = tuple(itertools.chain.from_iterable(judged.pieces for judged in done))
    return Verdicts(records, barred_by, lost, names, ranking.shares, todo, said)


def to_judge(
    published: Records,
    originals: Records,
    among: Flags,
    judges: Judges,
    ranking: Ranking,
    moved: Flags | bool = False,
) -> tuple[Flags, Flags]:
    """Which rows are to be judged now, and which of those cannot be, as their text is lost.

    Under the policies of the last version these are the rows that it did not judge, and those that
    `moved`, by the ranking or otherwise: what the corpus says of them is no more what it said.
    """
    todo: Flags = among & ~originals.origin("rejects")
    if not judges.are_same:
        lost: Flags = among & has_lost_text(originals)
        return todo & ~lost, lost
    moved = ranking.moved | moved
    # A row that a mix left out was judged, too, and its text lies nowhere.
    lost = among & moved & (has_lost_text(originals) | originals.origin("rejects"))
    was_judged = published.origin(*TABLES) | (published.outcome >= FIRST_BARRED)
    return todo & (moved | ~was_judged) & ~lost, lost


def _steps(recipe: Recipe) -> npt.NDArray[np.int8]:
    """The number of the policy that gives each of `POLICY_REASONS`, -1 where none does."""
    numbers = {step.reason: number for number, step in enumerate(recipe.policies)}
    return np.array([numbers.get(reason, NOBODY) for reason in POLICY_REASONS], np.int8)


@dataclass(frozen=True, slots=True)
class _Beside:
    """What rows are judged by besides their own text."""

    ranking: Ranking
    scores: Mapping[str, Values]
    crops: Records | None
    pieces: Pieces


def _tasks(
    published: Records,
    originals: Records,
    todo: Flags,
    level: Level,
    judges: Judges,
    beside: _Beside,
) -> Iterator[Judging]:
    """A task for each file in which rows lie that are to be judged."""
    chosen = np.flatnonzero(todo)
    if not len(chosen):
        return
    lists = lists_uri(judges.recipe, judges.listed, judges.scratch, judges.session)
    standard, crops = beside.ranking.standard, beside.crops
    sought = Sought(lists, judges.sought, judges.lines_uri, standard)
    staging = judges.originals(level)
    for rows, places in originals.by_file(chosen):
        number = int(originals.file[places[0]])
        holds_originals = rows.file.uri.startswith(f"{staging.folder}/")
        yield Judging(
            rows.file,
            rows.rows,
            published.found[places],
            level,
            judges.recipe.policies,
            sought,
            {name: values[places] for name, values in beside.scores.items()},
            judges.recipe.raster,
            judges.recipe.permutations,
            judges.recipe.digest(),
            store.join(judges.scratch, f"{level}-changed-{number:08d}.parquet"),
            store.join(judges.scratch, f"{level}-barred-{number:08d}.parquet"),
            None if holds_originals else staging,
            None if crops is None else crop_places(crops, originals, np.sort(places)),
            beside.pieces.by_row(originals, places),
        )


def _with_changed(
    records: Records,
    done: Sequence[Judged],
    barred_by: npt.NDArray[np.int8],
    level: Level,
    judges: Judges,
) -> Records:
    """The records with the rows that policies changed in place of what they were."""
    counts = [(judged, int((judged.verdict == CHANGED).sum())) for judged in done]
    files = [RowsFile(j.task.changed_uri, "staged", count, j.crops) for j, count in counts if count]
    if not files:
        return records
    scratch = store.join(judges.scratch, "changed")
    changed = load_all(judges.recipe, files, level, judges.catalogue, scratch, judges.session)
    place = np.searchsorted(records.keys, changed.keys)
    barred_by[place] = NOBODY
    return records.with_rows(place, changed)


def _with_barred(
    records: Records, originals: Records, done: Sequence[Judged], barred_by: npt.NDArray[np.int8]
) -> Records:
    """The records with new rejects in place of what they were."""
    for judged in done:
        is_barred = judged.verdict == BARRED
        if not is_barred.any():
            continue
        in_file = np.flatnonzero(
            np.array([file.uri == judged.task.file.uri for file in originals.files])[originals.file]
        )
        in_file = in_file[np.argsort(originals.row[in_file])]
        place = in_file[np.searchsorted(originals.row[in_file], judged.rows[is_barred])]
        rejects = replace(
            originals.take(place),
            files=[RowsFile(judged.task.barred_uri, "barred", int(is_barred.sum()))],
            key_files=[],
            file=np.zeros(len(place), np.int32),
            row=judged.place[is_barred],
            found=judged.found[is_barred],
        )
        barred_by[place] = judged.barred_by[is_barred]
        records = records.with_rows(place, rejects)
    return records


def _names(
    originals: Records, touched: Flags, done: Sequence[Judged], level: Level, judges: Judges
) -> frozenset[str]:
    """The names of the originals of the rows that are flagged in `touched`."""
    folder = judges.originals(level).folder
    uris = (originals.files[number].uri for number in np.unique(originals.file[touched]).tolist())
    kept = {
        uri.rpartition("/")[2].removesuffix(".parquet")
        for uri in uris
        if uri.startswith(f"{folder}/")
    }
    return frozenset(kept).union(*(judged.originals for judged in done))
