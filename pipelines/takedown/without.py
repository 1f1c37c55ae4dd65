"""The version without some documents: which parts hold them, and the commit of the other rows.

    parts ─► [ find rows ] ─► [ write without them ] per part ─► commits, `pages` last

No page is read and nothing is decided: rows leave, and a duplicate whose keeper leaves says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from cluster.session import Session
from pipelines.dataset.state import Snapshot
from pipelines.steps.tasks import run_tasks
from pipelines.version.metadata import reject_record, split_record, what_changed
from pipelines.version.settled import languages_after, licenses_after
from pipelines.version.shared_lines import LISTED
from schemas.errors import DatasetError
from schemas.ids import digest
from schemas.limits import no_sources
from schemas.tables import TABLES
from schemas.versions import VersionRecord
from workers import store
from workers.dataset import PartFile, TableVersion, commit_parts
from workers.dataset.forgetting import (
    FoundRows,
    PartWithout,
    are_current,
    find_rows,
    write_without,
)


@dataclass(frozen=True, slots=True)
class TableLoss:
    """What leaves a table of the current version: rows, and the parts that hold them."""

    table: str
    rows: int
    parts: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Loss:
    """What a version has of some documents, by the parts that have any of it."""

    found: tuple[FoundRows, ...]

    @property
    def tables(self) -> tuple[TableLoss, ...]:
        """The losses of all tables, in commit order."""
        losses = []
        for name in TABLES:
            own = [found for found in self.found if found.task.table == name]
            rows, size = sum(f.rows for f in own), sum(f.task.part.size for f in own)
            losses.append(TableLoss(name, rows, len(own), size))
        return tuple(losses)

    @property
    def pages(self) -> int:
        """The pages of the documents that leave."""
        return sum(found.pages for found in self.found)

    @property
    def documents(self) -> int:
        """The documents that leave: one row of the inventory each."""
        return sum(found.rows for found in self.found if found.task.table == "inventory")

    @property
    def orphans(self) -> tuple[str, ...]:
        """The documents of duplicates that lose their keeper, each once."""
        return tuple(sorted({name for found in self.found for name in found.orphans}))

    @property
    def orphan_rows(self) -> int:
        """How many duplicates lose their keeper."""
        return sum(len(found.orphans) for found in self.found)


def find_loss(dataset: str, snapshot: Snapshot, ids: frozenset[str], session: Session) -> Loss:
    """What the version has of the documents; each part's columns of ids are read.

    Raises DatasetError for a version of an older PageFoundry, which must be made anew first.
    """
    tasks = [
        PartWithout(dataset, name, part, table.part_uri(part), ids)
        for name, table in snapshot.tables.items()
        for part in table.parts
    ]
    every = run_tasks(find_rows, tasks, session) if ids else []
    found = sorted(
        (found for found in every if found.rows or found.orphans),
        key=lambda found: (TABLES.index(found.task.table), found.task.part.path),
    )
    for part in found:
        if not are_current(part.task.table, part.columns):
            raise DatasetError(
                f"{dataset}: version {snapshot.version} was made by an older PageFoundry, whose "
                f"`{part.task.table}` has other columns; run its recipe with --re-read first"
            )
    return Loss(tuple(found))


def commit_without(
    snapshot: Snapshot,
    loss: Loss,
    listed: frozenset[str],
    session: Session,
    check: Callable[[], None],
) -> int:
    """Write the parts without what is lost, and commit them as a new version; its number.

    `listed` are all documents that were ever taken down. `check` is called before each commit, and
    raises where nothing must be committed any more. A repeat after a kill writes the same parts and
    commits what is missing.
    """
    tables = snapshot.tables
    dataset = tables["pages"].uri.removesuffix("/pages")
    # 1. Write the parts. Readers do not see them without a commit.
    written = dict(run_tasks(_written, [found.task for found in loss.found], session))
    parts: dict[str, Sequence[PartFile]] = {
        name: [
            left
            for part in tables[name].parts
            if (left := written.get((name, part.path), part)) is not None
        ]
        for name in TABLES
    }

    # 2. Gather what the commit says of the version.
    record = _record(dataset, snapshot, parts, loss, listed, session)

    # 3. Commit the tables, `pages` last, as a publish does.
    versions = {}
    for name in TABLES[:-1]:
        check()
        versions[name] = commit_parts(dataset, name, parts[name]).version
    check()
    metadata: VersionRecord = {**record, "versions": versions}
    return commit_parts(dataset, "pages", parts["pages"], metadata, follows=tables["pages"]).version


def _written(task: PartWithout) -> tuple[tuple[str, str], PartFile | None]:
    return (task.table, task.part.path), write_without(task)


def _record(
    dataset: str,
    snapshot: Snapshot,
    parts: dict[str, Sequence[PartFile]],
    loss: Loss,
    listed: frozenset[str],
    session: Session,
) -> VersionRecord:
    """What the commit says: as that of the last version, but for what the rows decide."""
    last = snapshot.metadata
    new = {
        name: TableVersion(
            store.join(dataset, name), -1, tuple(sorted(parts[name], key=_path)), last
        )
        for name in TABLES
    }
    record: VersionRecord = {
        **last,
        "run_id": digest(part.path for name in TABLES for part in new[name].parts)[:32],
        "counts": {name: sum(part.rows for part in new[name].parts) for name in TABLES},
        **reject_record(new["rejects"]),
        "changes": what_changed(snapshot.tables, new, listed, session),
        "languages": languages_after(snapshot.tables, new),
        "licenses": licenses_after(snapshot.tables, new),
        "mix": {},  # the groups of the documents that left are those of a recipe
        "funnel": [],  # what each step left, only a run knows
        "by_source": no_sources(),  # so it is with this
        **({"lines": []} if "lines" in last else {}),
        **split_record("validation" in last, parts, last),
    }
    if loss.orphans or last.get("mix") or _rest_on_others(last):
        record["undecided"] = True
    return record


def _rest_on_others(last: VersionRecord) -> bool:
    """Whether rows rest on numbers of other rows: there may be room within a limit, a keeper has
    fewer duplicates, fewer documents have a trigger or a line, the best tenth of fewer rows is
    another, a document is linked to fewer others, so that it may be in the other split."""
    settings = cast(Mapping[str, Any], last["publish_settings"])
    is_counted = settings["dedup"].get("copies", False) or LISTED in settings.get("lists", {})
    has_split = "validation" in settings["publish"]
    rests = (
        is_counted
        or has_split
        or last.get("triggers")
        or last.get("shares")
        or "limits" in settings
    )
    return bool(rests)


def _path(part: PartFile) -> str:
    return part.path
