"""Diff: which rows differ between two versions of a dataset, and why.

Parts never change and are named by their content. So only parts that one of the versions lacks are
read, and only a few small columns of them: the cost of a diff depends on what changed. The rows
are explained in `workers.dataset.changes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.dataset.naming import names_in
from pipelines.dataset.state import Snapshot, load_snapshot
from schemas.changes import COLUMNS, Counts, Settings
from schemas.errors import DatasetError, IntegrityError
from schemas.recipe import differences
from schemas.rows import ChangeRow
from schemas.versions import VersionRecord, triggers_in
from workers import store
from workers.dataset import TableVersion, read_part, table_history
from workers.dataset.changes import Rows, explain, no_rows
from workers.dataset.forgotten import read_forgotten
from workers.dataset.parts import completed

_KINDS = ("added", "removed", "changed")


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes between two versions: their counts, and by table the rows of `CHANGE`.

    The first version has counts only: all its rows are new.
    """

    counts: Counts
    rows: Mapping[str, pa.Table]

    def summary(self) -> dict[str, dict[str, dict[str, int]]]:
        """The counts as plain JSON values, for the commit of the version."""
        return {
            table: {kind: dict(whys) for kind, whys in kinds.items()}
            for table, kinds in self.counts.items()
        }


@dataclass(frozen=True, slots=True)
class Diff:
    """Two versions of a dataset side by side, for people and for `--json`.

    `settings` are the recipe's lines that differ, and the triggers; `rows` has, for each table, the
    first rows that were added, removed and changed. `names` are the first files of the documents
    that their details name, by id.
    """

    dataset: str
    old: int
    new: int
    settings: list[str]
    summary: Counts
    rows: Mapping[str, Sequence[ChangeRow]]
    names: Mapping[str, str]


def diff_versions(dataset: str, old: int, new: int, limit: int = 20) -> Diff:
    """Compare two published versions; `limit` bounds the rows listed of each kind in each table.

    Raises:
        DatasetError: one of the versions is not there.
        IntegrityError: a part of one is missing.
    """
    before, after = (published(dataset, number) for number in (old, new))
    forgotten = read_forgotten(store.absolute(dataset)).ids
    changed = changes(before.tables, after.tables, forgotten)
    rows = {table: _first_rows(rows, limit) for table, rows in changed.rows.items()}
    details = (row["detail"] or "" for of_table in rows.values() for row in of_table)
    return Diff(
        dataset=store.absolute(dataset),
        old=old,
        new=new,
        settings=list(setting_lines(before.metadata, after.metadata)),
        summary=changed.counts,
        rows=rows,
        names=names_in(details, [version.tables["inventory"] for version in (after, before)]),
    )


def changes(
    old: Mapping[str, TableVersion] | None,
    new: Mapping[str, TableVersion],
    forgotten: frozenset[str] = frozenset(),
) -> Changes:
    """The changes from `old` to `new`; `old` is None where `new` is the first version.

    `forgotten` are the documents on the dataset's list of what was taken down.

    `new` need not be committed, but its parts must be written, and the metadata of its `pages` must
    hold the settings that it is made under.
    """
    if old is None:
        return Changes(_first_counts(new), {})
    before, after = old["pages"].metadata, new["pages"].metadata
    settings = Settings(
        before["recipe_digest"] != after["recipe_digest"],
        before["publish_settings"] != after["publish_settings"],
    )
    rows = explain(_own_rows(old, new), _own_rows(new, old), settings, forgotten)
    return Changes({name: _counted(table) for name, table in rows.items()}, rows)


def published(dataset: str, number: int) -> Snapshot:
    """A published version. Raises DatasetError where it is not there."""
    uri = store.absolute(dataset)
    snapshot = load_snapshot(uri, number)
    if snapshot is not None:
        return snapshot
    if load_snapshot(uri) is None:
        raise DatasetError(f"{dataset} holds no published version; `pagefoundry run` makes one")
    history = table_history(store.join(uri, "pages"))
    known = [version for version, _, metadata in history if "versions" in metadata]
    raise DatasetError(f"{dataset} has versions {min(known)} to {max(known)}, not {number}")


def setting_lines(old: VersionRecord, new: VersionRecord) -> Iterator[str]:
    """The settings that differ between two versions, and the triggers, a line each."""
    yield from differences(old["reading_settings"], new["reading_settings"])
    yield from differences(old["publish_settings"], new["publish_settings"])
    yield from differences(_triggers(old), _triggers(new), "trigger ")


def _triggers(version: VersionRecord) -> dict[str, float]:
    """The triggers that rows were searched for, each with its certainty."""
    return {row["shown"]: row["certainty"] for row in triggers_in(version)}


def _own_rows(version: Mapping[str, TableVersion], other: Mapping[str, TableVersion]) -> Rows:
    """The rows of the parts that `version` has and `other` has not."""
    rows = {}
    for name in COLUMNS:
        table = version[name]
        shared = {part.path for part in other[name].parts}
        own = [table.part_uri(part) for part in table.parts if part.path not in shared]
        rows[name] = pa.concat_tables([no_rows(name), *(_read(uri, name) for uri in own)])
    return rows


def _read(uri: str, name: str) -> pa.Table:
    try:
        rows = read_part(uri, COLUMNS[name])
        there = [column for column in COLUMNS[name] if column in rows.column_names]
        return completed(rows.select(there), no_rows(name).schema)
    except FileNotFoundError as exc:
        raise IntegrityError(
            f"{uri}: the part is missing; `pagefoundry verify` lists all that is missing"
        ) from exc


def _first_rows(rows: pa.Table, limit: int) -> list[ChangeRow]:
    kinds = (rows.filter(pc.equal(rows["change"], kind)) for kind in _KINDS)
    first: list[ChangeRow] = pa.concat_tables(kind.slice(0, limit) for kind in kinds).to_pylist()
    return first


def _counted(rows: pa.Table) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {kind: {} for kind in _KINDS}
    for row in rows.group_by(["change", "why"]).aggregate([([], "count_all")]).to_pylist():
        counts[row["change"]][row["why"]] = row["count_all"]
    return {kind: dict(sorted(whys.items())) for kind, whys in counts.items()}


def _first_counts(new: Mapping[str, TableVersion]) -> Counts:
    """Counts of the first version, whose rows are all new: only the rejects' reasons are read."""
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for name in COLUMNS:
        table = new[name]
        rows = sum(part.rows for part in table.parts)
        added = {"new_document": rows} if rows else {}
        if name == "rejects":
            added = {}
            for part in table.parts:
                reasons = read_part(table.part_uri(part), ["reason"])["reason"].value_counts()
                for row in reasons.to_pylist():
                    added[row["values"]] = added.get(row["values"], 0) + row["counts"]
        counts[name] = {"added": dict(sorted(added.items())), "removed": {}, "changed": {}}
    return counts
