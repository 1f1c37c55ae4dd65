"""Deduplicate: which pages, or documents, are dropped, and for which keeper.

    key files ─► [ bucket ] per columns ─► components ─► [ gather members ] per file
              ─► [ decide ] per group of components

Candidates share a text hash or a MinHash band. One task for each column of keys, or for several
where there are few rows, groups the rows and returns pairs, which are joined to components as they
arrive. Members of components are gathered and decided on in tasks too, so the driver holds only
numbers of records. What is dropped is decided in `workers.publishing.decisions`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from cluster.session import Session
from pipelines.steps.tasks import run_tasks, task_results
from pipelines.version.records import NOBODY, Flags, Ints, Records
from schemas.recipe import Dedup
from workers import store
from workers.publishing.buckets import Bucketing, KeysFile, bucket_edges
from workers.publishing.decisions import KINDS
from workers.publishing.duplicates import Indices, components, key_columns, runs
from workers.publishing.members import Gathering, Group, MembersPart, decide_members, write_members
from workers.publishing.records import ItemsTask, Level

_KEYS_AT_ONCE = 2**20  # 8 MiB
_MEMBERS_AT_ONCE = 131_072  # 128 MiB of signatures at 1 KiB each; a larger component stays whole


@dataclass(frozen=True, slots=True)
class Drops:
    """What is dropped, in arrays with one entry a record.

    `keeper` is the record that is kept instead, -1 for a record that is not dropped; `kind` is an
    index of `KINDS`; `similarity` is between 0 and 1. `links` are pairs of similar records, dropped
    or not, which connect all that were found similar: int64 (pairs, 2), none unless asked for.
    """

    keeper: Ints
    kind: npt.NDArray[np.uint8]
    similarity: npt.NDArray[np.float32]
    links: Indices = field(default_factory=lambda: np.zeros((0, 2), np.int64))

    @property
    def dropped(self) -> Flags:
        """Which records are dropped."""
        flags: Flags = self.keeper != NOBODY
        return flags

    @property
    def by_signature(self) -> Flags:
        """Which records are dropped by their signatures, and not by their embeddings."""
        flags: Flags = self.dropped & (self.kind != KINDS.index("semantic"))
        return flags

    @property
    def copies(self) -> npt.NDArray[np.int32]:
        """How many records each stands for: itself, and those that are dropped for it."""
        dropped = np.bincount(self.keeper[self.dropped], minlength=len(self.keeper))
        return (dropped + 1).astype(np.int32)


def find_duplicates(
    records: Records,
    among: Flags,
    level: Level,
    settings: Dedup,
    scratch: str,
    session: Session,
    members_at_once: int = _MEMBERS_AT_ONCE,
    links: bool = False,
    keys_at_once: int = _KEYS_AT_ONCE,
) -> Drops:
    """The duplicates among the records that are flagged in `among`, with their links if asked for.

    Files in `scratch` carry the members of components to tasks, each of which decides on components
    of up to `members_at_once` members together; a larger component has a task of its own. A task
    groups rows by as many columns as have `keys_at_once` keys together, and by one at least.
    """
    drops = Drops(
        np.full(len(records), NOBODY, np.int64),
        np.zeros(len(records), np.uint8),
        np.zeros(len(records), np.float32),
    )
    members, sizes = _components(records, among, level, settings, session, keys_at_once)
    group_of = _grouped(sizes, members_at_once)
    groups = _groups(records, members, sizes, group_of, level, settings, scratch, session)
    pairs = [drops.links]
    for decided in task_results(
        decide_members, [replace(group, links=links) for group in groups], session
    ):
        duplicates = decided.duplicates
        drops.keeper[duplicates.index] = duplicates.keeper
        drops.kind[duplicates.index] = duplicates.kind
        drops.similarity[duplicates.index] = duplicates.similarity
        pairs.append(decided.links)
    return replace(drops, links=np.concatenate(pairs))


def _components(
    records: Records,
    among: Flags,
    level: Level,
    settings: Dedup,
    session: Session,
    keys_at_once: int,
) -> tuple[Indices, Indices]:
    """Sets of records that may be duplicates: members, one set after the other, and set sizes."""
    total = sum(file.rows for file in records.key_files)
    wanted = np.zeros(total, bool)
    wanted[records.position[among]] = True
    files = []
    start = 0
    for file in records.key_files:
        bits = np.packbits(wanted[start : start + file.rows])
        files.append(KeysFile(file.uri, file.rows, bits))
        start += file.rows
    columns = key_columns(settings, by_picture=level == "page")
    at_once = max(1, keys_at_once // max(1, total))
    tasks = [
        Bucketing(tuple(columns[start : start + at_once]), tuple(files))
        for start in range(0, len(columns), at_once)
    ]
    # Number by record: the order of files is that of arrival and must not matter.
    record_at = np.full(total, NOBODY, np.int64)
    record_at[records.position] = np.arange(len(records))
    edges = (record_at[pairs] for pairs in task_results(bucket_edges, tasks, session))
    return components(edges, len(records))


def _groups(
    records: Records,
    members: Indices,
    sizes: Indices,
    group_of: Indices,
    level: Level,
    settings: Dedup,
    scratch: str,
    session: Session,
) -> list[Group]:
    """Components in groups that one task can hold. Writes the members of each group to files."""
    group = np.repeat(group_of, sizes)
    file, row = records.file[members], records.row[members]
    order = np.lexsort((row, group, file))
    starts = np.searchsorted(group, np.arange(len(np.unique(group_of))))
    tasks: list[Gathering] = []
    parts: list[list[MembersPart]] = [[] for _ in starts]
    for in_file in np.split(order, np.flatnonzero(np.diff(file[order])) + 1) if len(order) else ():
        number = int(file[in_file[0]])
        uri = store.join(scratch, f"{level}-members-{number:08d}.parquet")
        _, counts = runs(group[in_file])
        tasks.append(Gathering(ItemsTask(records.files[number], row[in_file]), counts, uri))
        for row_group, chosen in enumerate(np.split(in_file, np.cumsum(counts)[:-1])):
            home = int(group[chosen[0]])
            parts[home].append(MembersPart(uri, row_group, chosen - starts[home]))
    run_tasks(write_members, tasks, session)
    return [
        Group(
            members[group == n], sizes[group_of == n], tuple(group_parts), level == "page", settings
        )
        for n, group_parts in enumerate(parts)
    ]


def _grouped(sizes: Indices, members_at_once: int) -> Indices:
    """The group of each component: groups hold up to `members_at_once` members together."""
    numbers = np.zeros(len(sizes), np.int64)
    number, held = 0, 0
    for place, size in enumerate(sizes.tolist()):
        if held and held + size > members_at_once:
            number, held = number + 1, 0
        held += size
        numbers[place] = number
    return numbers
