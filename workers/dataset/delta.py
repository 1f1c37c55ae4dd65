"""Delta tables of a dataset: open a version, list its parts, commit a new set of parts.

`deltalake` writes the log. Its guarantees, and those of this module:

- A commit is atomic: readers see the old version of a table or the new one.
- A commit names all parts that the table is to have, so repeating it changes nothing.
- A commit follows a given version, or raises LeaseError: two runs never mix their parts.
- Tables say what they and their columns mean. One of an earlier release takes these words when its
  columns change, never for their own sake.
- Parts that lack new columns stay. The table then takes the columns in a commit before, which has
  the parts and says what the version before it does.
"""

from __future__ import annotations

import functools
import json
import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import pyarrow as pa
from deltalake import (
    CommitProperties,
    DeltaTable,
    Field,
    PostCommitHookProperties,
    Schema,
    Transaction,
)
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from schemas.descriptions import TABLE_DESCRIPTIONS, described
from schemas.errors import AccessError, DatasetError, LeaseError, StorageError
from schemas.scores import schema_with, score_columns
from schemas.versions import VersionRecord
from workers import store
from workers.dataset.log import CommitInfo, commit_info, commits, versions
from workers.dataset.names import table_url
from workers.store.foreign_errors import was_tried_again
from workers.store.locations import is_local, scheme_of, storage_error

log = logging.getLogger(__name__)

Done = TypeVar("Done")

METADATA_KEY: Final = "pagefoundry"


@dataclass(frozen=True, slots=True)
class PartFile:
    """A part as the table's log names it: `data/part-<sha256>.parquet`.

    `split` is that of all its rows, as long as it was just written: a log does not say it.
    """

    path: str
    size: int
    rows: int
    split: str | None = field(default=None, compare=False)

    @property
    def sha256(self) -> str:
        """The digest that the name holds."""
        return self.path.rsplit("part-", 1)[-1].removesuffix(".parquet")


@dataclass(frozen=True, slots=True)
class TableVersion:
    """One version of one table: its parts, sorted by path, and what its commit says of it.

    `committed_ms` is when, in milliseconds since 1970; None where nobody has looked (`with_time`).
    """

    uri: str
    version: int
    parts: tuple[PartFile, ...]
    metadata: VersionRecord
    committed_ms: float | None = field(default=None, compare=False)

    def part_uri(self, part: PartFile) -> str:
        """Where a part lies."""
        return store.join(self.uri, part.path)


def open_table(uri: str, version: int | None = None) -> TableVersion | None:
    """A version of a table, the latest by default; None where there is no table.

    Raises DatasetError where the table has no such version.
    """
    opened = _retried(uri, lambda: _open(uri, version))
    return None if opened is None else opened.now


@dataclass(slots=True)
class _Opened:
    """A version of a table as we have it and, once that is asked for, as deltalake has it.

    To open one costs as much as to commit to it.
    """

    now: TableVersion
    _table: DeltaTable | None = None

    @property
    def table(self) -> DeltaTable:
        if self._table is None:
            uri, version = self.now.uri, self.now.version
            options = storage_options(uri)
            try:
                self._table = DeltaTable(table_url(uri), version=version, storage_options=options)
            except (DeltaError, OSError) as exc:
                raise storage_error("open the table", uri, exc) from exc
        return self._table


def _open(uri: str, version: int | None = None) -> _Opened | None:
    try:
        table = DeltaTable(table_url(uri), version=version, storage_options=storage_options(uri))
        number = table.version()
        actions = pa.table(table.get_add_actions(flatten=True))
        commit = commit_info(uri, number)
    except (DeltaError, OSError, OverflowError) as exc:
        known = versions(uri) if version is not None else []
        if known and version not in known:
            raise DatasetError(
                f"{uri} has versions {known[0]} to {known[-1]}, not {version}"
            ) from exc
        if isinstance(exc, TableNotFoundError):
            return None
        raise storage_error("open the table", uri, exc) from exc
    parts = [
        PartFile(row["path"], row["size_bytes"], row["num_records"])
        for row in actions.select(["path", "size_bytes", "num_records"]).to_pylist()
    ]
    now = TableVersion(uri, number, _by_path(parts), _record(commit), commit.get("timestamp"))
    return _Opened(now, table)


def _by_path(parts: Iterable[PartFile]) -> tuple[PartFile, ...]:
    return tuple(sorted(parts, key=lambda part: part.path))


def with_time(version: TableVersion) -> TableVersion:
    """A version with the time of its commit, which one that was just committed lacks."""
    if version.committed_ms is not None:
        return version
    commit = commit_info(version.uri, version.version)
    return replace(version, committed_ms=commit.get("timestamp"))


def _record(commit: CommitInfo) -> VersionRecord:
    """What PageFoundry wrote into a commit; nothing for a commit of deltalake's alone."""
    record: VersionRecord = json.loads(commit.get(METADATA_KEY, "{}"))
    return record


def table_history(uri: str) -> list[tuple[int, int, VersionRecord]]:
    """Versions of a table, newest first: number, timestamp in ms, and what the commit says."""
    return [
        (version, int(entry["timestamp"]), _record(entry))
        for version, entry in commits(uri).items()
    ]


def write_checkpoint(uri: str, version: int) -> None:
    """Write a version's whole state into the log, so that it needs no older entries."""
    try:
        table = DeltaTable(table_url(uri), version=version, storage_options=storage_options(uri))
        table.create_checkpoint()
    except (DeltaError, OSError) as exc:
        raise storage_error("write a checkpoint of the table", uri, exc) from exc


def ensure_table(dataset: str, table: str, known: TableVersion | None = None) -> TableVersion:
    """The latest version of a table. Creates an empty table if there is none.

    If the log ends with the version `known`, the table is not opened for it.
    """
    return _ensure(store.join(dataset, table), table, known).now


def _ensure(uri: str, table: str, known: TableVersion | None) -> _Opened:
    def ensure() -> _Opened:
        if known is not None and versions(uri)[-1:] == [known.version]:
            return _Opened(known)
        return _open(uri) or _make(uri, table)

    return _retried(uri, ensure)


def _make(uri: str, table: str) -> _Opened:
    store.make_folder(store.join(uri, "data"))
    try:
        schema = Schema.from_arrow(described_schema(table, ()))
        create_table_with_add_actions(
            table_url(uri),
            schema,
            [],
            name=table,
            description=TABLE_DESCRIPTIONS[table],
            # By default a retry would overwrite what another run has committed meanwhile.
            commit_properties=CommitProperties(max_commit_retries=0),
            storage_options=storage_options(uri),
        )
    except (DeltaError, OSError) as exc:
        made = _open(uri)  # another run may have made it just now
        if made is None:
            raise storage_error("make the table", uri, exc) from exc
        return made
    return _Opened(TableVersion(uri, 0, (), {}))


def commit_parts(
    dataset: str,
    table: str,
    parts: Iterable[PartFile],
    metadata: VersionRecord | None = None,
    follows: TableVersion | None = None,
    notes: VersionRecord | None = None,
    scores: Sequence[str] | None = None,
    known: TableVersion | None = None,
) -> TableVersion:
    """Make `parts` the table's parts, in one commit; commit nothing where nothing would change.

    New `metadata` is reason enough for a commit; new `notes`, which are written with it, are not.
    The commit must follow the version `follows`, by default the latest: a version that was made
    in between may hold other parts, so the commit is not repeated on top of that. If the latest is
    `known`, it need not be opened. `scores` are the columns of scores that all parts have; by
    default those that the table has.

    Raises LeaseError where another commit came first.
    """
    wanted = {part.path: part for part in parts}
    if follows is not None and _holds(follows, wanted, metadata):
        return follows
    uri = store.join(dataset, table)
    current = _ensure(uri, table, known) if follows is None else _Opened(follows)
    if _holds(current.now, wanted, metadata):
        return current.now
    if scores is None:
        _retried(uri, lambda: current.table)  # opens it
        scores = score_columns(field.name for field in current.table.schema().fields)
    schema = described_schema(table, tuple(scores))
    if any(part.path in wanted for part in current.now.parts):
        current = _retried(uri, lambda: _with_columns(current, schema))
    # A retry makes this same version or none.
    return _retried(uri, lambda: _commit(current, wanted, metadata, notes, schema))


@functools.cache
def described_schema(table: str, scores: tuple[str, ...]) -> pa.Schema:
    """The columns of a table with these of scores; each says what it means."""
    return described(schema_with(table, scores), table)


def _with_columns(opened: _Opened, schema: pa.Schema) -> _Opened:
    """The version itself if it has all columns, else one of the same parts that has them."""
    current, number = opened.now, opened.now.version + 1
    lacking = _lacking(opened.table, schema)
    if not lacking:
        return opened
    properties = CommitProperties(
        custom_metadata={METADATA_KEY: json.dumps(current.metadata, sort_keys=True)},
        max_commit_retries=0,
        app_transactions=[Transaction(METADATA_KEY, number)],
    )
    try:
        _Opened(current).table.alter.add_columns(
            lacking,
            commit_properties=properties,
            post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
        )
    except (DeltaError, OSError) as exc:
        latest = open_table(current.uri)
        if latest is None or latest.version < number:
            raise storage_error("add columns to the table", current.uri, exc) from exc
    # The answer to our own commit may have been lost on the way.
    made = _open(current.uri, number)
    assert made is not None
    if (made.now.parts, made.now.metadata) != (current.parts, current.metadata):
        raise _other_first(current.uri, number)
    return made


def _lacking(table: DeltaTable, schema: pa.Schema) -> list[Field]:
    """The fields that a table lacks, or has in another form.

    Neither their order matters nor what is said of them: a table of an earlier release says
    nothing, and is as good.
    """
    present, wanted = table.schema(), Schema.from_arrow(schema)
    if present == wanted:
        return []
    forms = {field.name: _form(json.loads(field.to_json())) for field in present.fields}
    return [
        field
        for field in wanted.fields
        if forms.get(field.name) != _form(json.loads(field.to_json()))
    ]


def _form(kind: object) -> object:
    """A type or field of Delta's JSON without its comments, and with its fields by name."""
    if isinstance(kind, list):
        return {field["name"]: _form(field) for field in kind}
    if isinstance(kind, dict):
        return {key: _form(value) for key, value in kind.items() if key != "metadata"}
    return kind


def _dropped(table: DeltaTable, schema: pa.Schema) -> tuple[str, ...]:
    """The columns of scores that a table has and is not to have any more."""
    names = score_columns(field.name for field in table.schema().fields)
    return tuple(name for name in names if name not in schema.names)


def _other_first(uri: str, number: int) -> LeaseError:
    return LeaseError(
        f"{uri}: another run committed version {number} first; this run stops and publishes "
        "nothing more; run it again"
    )


def _commit(
    opened: _Opened,
    wanted: Mapping[str, PartFile],
    metadata: VersionRecord | None,
    notes: VersionRecord | None,
    schema: pa.Schema,
) -> TableVersion:
    current, table = opened.now, opened.table
    present = {part.path: part for part in current.parts}
    actions: list[AddAction | RemoveAction] = [
        _add(part) for path, part in wanted.items() if path not in present
    ]
    number = current.version + 1
    record = {**(metadata or {}), **(notes or {})}
    written = json.dumps(record, sort_keys=True)
    try:
        # Overwriting removes all parts and takes the new schema, in one commit.
        differs = bool(_lacking(table, schema)) or bool(_dropped(table, schema))
        overwrites = differs and not present.keys() & wanted.keys()
        if not overwrites:
            actions += [_remove(part) for path, part in present.items() if path not in wanted]
        table.create_write_transaction(
            actions,
            "overwrite" if overwrites else "append",
            schema,
            commit_properties=CommitProperties(
                custom_metadata={METADATA_KEY: written} if record else None,
                max_commit_retries=0,
                # One id for all runs: a table's state keeps an entry for each id.
                app_transactions=[Transaction(METADATA_KEY, number)],
            ),
            # By default every hundredth commit drops versions older than thirty days, by a clock
            # that may be wrong. Only `vacuum` drops versions here.
            post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
        )
    except (DeltaError, OSError) as exc:
        latest = open_table(current.uri)
        if latest is None or latest.version < number:
            raise storage_error("commit to the table", current.uri, exc) from exc
        # The answer to our own commit may have been lost on the way.
        made = open_table(current.uri, number)
        if made is None or not _holds(made, wanted, metadata):
            raise _other_first(current.uri, number) from exc
        return made
    parts = _by_path(present.get(path, part) for path, part in wanted.items())
    return TableVersion(current.uri, number, parts, json.loads(written))


def _holds(
    version: TableVersion,
    wanted: Mapping[str, PartFile],
    metadata: VersionRecord | None,
) -> bool:
    """Whether a version already has the parts and the metadata of a commit."""
    return {part.path for part in version.parts} == wanted.keys() and (
        metadata is None or metadata.items() <= version.metadata.items()
    )


def _add(part: PartFile) -> AddAction:
    stats = json.dumps({"numRecords": part.rows})
    return AddAction(part.path, part.size, {}, 0, True, stats)


def _remove(part: PartFile) -> RemoveAction:
    return RemoveAction(part.path, True, int(time.time() * 1000), part.size, {})


def storage_options(uri: str) -> dict[str, str] | None:
    """The storage options of deltalake for `uri`: what it does not find in the environment."""
    if is_local(uri):
        return None
    if scheme_of(uri) not in ("s3", "s3a"):
        from workers.store.retry import RetryPolicy, deltas_retries

        return deltas_retries(RetryPolicy())
    from workers.store.s3 import object_store_options

    return object_store_options()


def _retried(uri: str, act: Callable[[], Done]) -> Done:
    """Retry in a store what deltalake does not: a listing that breaks off, a conditional put.

    What deltalake has retried itself, as often as the policy allows, is not retried here.
    """
    if is_local(uri):
        return act()
    from workers.store.retry import RetryPolicy

    policy = RetryPolicy(tries=4)
    for failures in range(1, policy.tries):
        try:
            return act()
        except StorageError as exc:
            if isinstance(exc, AccessError) or was_tried_again(str(exc)):
                raise
            log.info("%s; trying again", exc)
            time.sleep(policy.pause_s(failures, random.random()))
    return act()
