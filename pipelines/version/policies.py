"""The recipe's policies as a run applies them, and rows as they were before any policy.

Rows are judged as they were read: of a row that a policy changed or rejected, that **original** is
kept in staging. So policies can change without a page being read again. Judging is in `judging`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cluster.session import Session
from pipelines.dataset.state import Snapshot
from pipelines.steps.places import staging_root
from pipelines.version.inputs import staged_file
from pipelines.version.ranking import Ranking, Shares, Values, rank
from pipelines.version.records import (
    FIRST_BARRED,
    Catalogue,
    Flags,
    Records,
    load_all,
)
from pipelines.version.story import Story
from pipelines.version.triggers import Triggers, sought_of, triggers_of
from schemas.keep import Table
from schemas.recipe import Recipe
from schemas.shared_lines import LineCount
from schemas.triggers import SoughtTrigger
from workers import store
from workers.publishing.records import Level, RowsFile
from workers.shards import Staging
from workers.shards.originals import originals_folder


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
