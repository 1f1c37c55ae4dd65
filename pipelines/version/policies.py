"""Apply the recipe's policies: which rows they change or reject, and which stay as published.

    records ─► rows that no version has judged under these policies ─► [ judge ] per file
            ─► records of what each row becomes

Rows are judged as they were read, before any policy: of a row that a policy changed or rejected,
that **original** is kept in staging. So policies can change without a page being read again. A
version's own rows say what was found, so a run under the same policies judges only what is new.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from cluster.session import Session
from pipelines.dataset.state import Snapshot
from pipelines.steps.places import staging_root
from pipelines.steps.tasks import run_tasks
from pipelines.version.crops import CropsOf, crop_places
from pipelines.version.inputs import staged_file
from pipelines.version.lists import lists_uri
from pipelines.version.names import with_names
from pipelines.version.ranking import Ranking, Shares, Values, rank
from pipelines.version.records import (
    FIRST_BARRED,
    NOBODY,
    Catalogue,
    Flags,
    Records,
    load_all,
)
from pipelines.version.story import Story
from pipelines.version.triggers import Triggers, sought_of, triggers_of
from schemas.keep import Table
from schemas.recipe import Recipe
from schemas.reject_reasons import POLICY_REASONS
from schemas.shared_lines import LineCount
from schemas.triggers import SoughtTrigger
from workers import store
from workers.policies import Sought
from workers.policies.keeping import Standard
from workers.publishing.judge import BARRED, CHANGED, Judged, Judging, judge_rows
from workers.publishing.records import Level, RowsFile
from workers.shards import Staging
from workers.shards.originals import originals_folder

_TABLES = ("pages", "conversations", "documents")


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What policies make of records, in arrays with an entry a record.

    - `records` are the rows that are published, or rejected, at their places.
    - `barred_by` is the number of the policy that rejects a row, -1 for the others.
    - `lost` are rows that must be judged and whose originals are gone.
    - `originals` are the names of the originals that this version rests on.
    - `shares` are those of the policy `keep`.
    """

    records: Records
    barred_by: npt.NDArray[np.int8]
    lost: Flags
    originals: frozenset[str] = frozenset()
    shares: Shares = field(default_factory=dict)

    @property
    def barred(self) -> Flags:
        """Which rows a policy rejects."""
        flags: Flags = self.barred_by != NOBODY
        return flags


@dataclass(frozen=True, slots=True)
class Judges:
    """What applying policies needs besides the records.

    `triggers` are those of the corpus; None where no policy looks for them. `lines` are those that
    many documents share, and `lines_uri` is where tasks find them. `are_rescored` says that scores
    by which rows are kept are others than the last version's. `story` shows what takes long.
    """

    recipe: Recipe
    catalogue: Catalogue
    snapshot: Snapshot | None
    listed: Mapping[str, str]
    scratch: str
    session: Session
    story: Story
    triggers: Triggers | None = None
    lines: tuple[LineCount, ...] = ()
    lines_uri: str | None = None
    are_rescored: bool = False

    @property
    def are_same(self) -> bool:
        """Whether the last version was judged by the same policies, lists, triggers and scores."""
        if (
            self.snapshot is None
            or self.are_rescored
            or not are_policies_of(self.recipe, self.listed, self.snapshot)
        ):
            return False
        return self.sought == sought_of(triggers_of(self.snapshot.metadata))

    @property
    def sought(self) -> tuple[SoughtTrigger, ...]:
        """The triggers that rows are searched for."""
        return sought_of(self.triggers)

    def originals(self, level: Level) -> Staging:
        """The folder of the originals of a level."""
        root = staging_root(self.recipe)
        return Staging(originals_folder(root, level, self.recipe.digest()))

    def rank(
        self, originals: Records, among: Flags, table: Table, scores: Mapping[str, Values]
    ) -> Ranking:
        """The shares of `keep` among rows as they were read, beside those of the last version."""
        before: Shares | None = None
        if self.snapshot is not None:
            before = self.snapshot.metadata.get("shares", {}).get(table, {})
        return rank(originals, among, table, self.recipe.policies, before, self.session, scores)


def policy_settings(recipe: Recipe, listed: Mapping[str, str]) -> dict[str, object]:
    """The policies as the commit says them, with what `listed_files` says; empty without any."""
    if not recipe.policies:
        return {}
    steps = [step.model_dump(mode="json", exclude_none=True) for step in recipe.policies]
    return {"policies": steps, **({"lists": dict(listed)} if listed else {})}


def are_policies_of(recipe: Recipe, listed: Mapping[str, str], snapshot: Snapshot | None) -> bool:
    """Whether a version was published under the recipe's policies; never where there is none."""
    if snapshot is None:
        return False
    settings = snapshot.metadata["publish_settings"]
    then = {key: settings[key] for key in ("policies", "lists") if key in settings}
    return then == policy_settings(recipe, listed)


# ---- originals ----------------------------------------------------------------------------------


def with_originals(
    published: Records, level: Level, judges: Judges, recalled: Sequence[RowsFile] = ()
) -> Records:
    """The records, with the original of each row that has one in place of its published row.

    `recalled` are files of pages that were read again for this version.
    """
    staging = judges.originals(level)
    receipts = staging.whole_receipts(delete_others=True)
    files = [*recalled, *(staged_file(staging, receipt) for receipt in receipts)]
    if not files or not len(published):
        return published
    scratch = store.join(judges.scratch, "originals")
    found = load_all(judges.recipe, files, level, judges.catalogue, scratch, judges.session)
    return in_place(published, found)


def in_place(published: Records, found: Records) -> Records:
    """The records, with the originals that were found in place of rows that lost their text."""
    if not len(published):
        return published
    place = np.minimum(np.searchsorted(published.keys, found.keys), len(published) - 1)
    # A row that no policy has touched is its own original.
    is_wanted = (published.keys[place] == found.keys) & has_lost_text(published)[place]
    return published.with_rows(place[is_wanted], found.take(is_wanted))


def has_lost_text(records: Records) -> Flags:
    """Rows that are not as they were read: a policy has changed their text, or rejected them."""
    is_edited = (records.found & np.uint64(1)).astype(bool) & ~records.origin("staged")
    flags: Flags = is_edited | ((records.outcome >= FIRST_BARRED) & records.origin("rejects"))
    return flags


# ---- judging ------------------------------------------------------------------------------------


def apply_policies(
    published: Records,
    originals: Records,
    among: Flags,
    level: Level,
    judges: Judges,
    ranking: Ranking,
    scores: Mapping[str, Values],
    crops_of: CropsOf | None = None,
) -> Verdicts:
    """What the recipe's policies make of the rows that are flagged in `among`.

    `published` and `originals` are along each other: where each row lies in the last version, or is
    new, and where it lies as it was read. `ranking` is that of the originals, `scores` are theirs
    by column. Pages are judged with their crops.
    """
    was_barred = among & (published.outcome >= FIRST_BARRED)
    barred_by = np.full(len(published), NOBODY, np.int8)
    barred_by[was_barred] = _steps(judges.recipe)[published.outcome[was_barred] - FIRST_BARRED]
    todo = among & ~originals.origin("rejects")
    if judges.are_same:
        # A row that a mix left out was judged, too, and its text lies nowhere.
        lost = among & ranking.moved & (has_lost_text(originals) | originals.origin("rejects"))
        todo &= ranking.moved | (~published.origin(*_TABLES) & ~was_barred)
    else:
        lost = among & has_lost_text(originals)
    todo &= ~lost
    crops = crops_of(originals.take(todo)) if crops_of and todo.any() else None
    tasks = list(_tasks(published, originals, todo, level, judges, ranking, scores, crops))
    tasks = with_names(tasks, judges.recipe, judges.scratch, judges.session, judges.story)
    done = run_tasks(judge_rows, tasks, judges.session)
    # What another rule leaves out is rejected as it was read.
    as_read = ~among & has_lost_text(published)
    records = published.with_rows(np.flatnonzero(as_read), originals.take(as_read))
    records = _with_changed(records, done, barred_by, level, judges)
    records = _with_barred(records, originals, done, barred_by)
    touched = among & ((records.found & np.uint64(1)).astype(bool) | (barred_by != NOBODY))
    names = _names(originals, touched, done, level, judges)
    return Verdicts(records, barred_by, lost, names, ranking.shares)


def _steps(recipe: Recipe) -> npt.NDArray[np.int8]:
    """The number of the policy that gives each of `POLICY_REASONS`, -1 where none does."""
    numbers = {step.reason: number for number, step in enumerate(recipe.policies)}
    return np.array([numbers.get(reason, NOBODY) for reason in POLICY_REASONS], np.int8)


def _tasks(
    published: Records,
    originals: Records,
    todo: Flags,
    level: Level,
    judges: Judges,
    ranking: Ranking,
    scores: Mapping[str, Values],
    crops: Records | None,
) -> Iterator[Judging]:
    """A task for each file in which rows lie that are to be judged."""
    chosen = np.flatnonzero(todo)
    if not len(chosen):
        return
    lists = lists_uri(judges.recipe, judges.listed, judges.scratch, judges.session)
    standard = Standard(ranking.table, ranking.shares)
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
            {name: values[places] for name, values in scores.items()},
            judges.recipe.raster,
            judges.recipe.permutations,
            judges.recipe.digest(),
            store.join(judges.scratch, f"{level}-changed-{number:08d}.parquet"),
            store.join(judges.scratch, f"{level}-barred-{number:08d}.parquet"),
            None if holds_originals else staging,
            None if crops is None else crop_places(crops, originals, np.sort(places)),
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
