"""Deduplicate: which pages, or documents, are dropped, and for which.

    key files ─► [ bucket ] per column ─► components ─► signatures of their members ─► decisions

Candidates share a text hash or a MinHash band. Each column of keys is grouped by a task of its
own; only pairs come back. What decides within a component is `workers.duplicates`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cluster.session import Session
from pipelines.records import KINDS, NOBODY, Catalogue, Flags, Ints, Records
from pipelines.tasks import run_tasks
from schemas.recipe import Dedup
from workers.buckets import Bucketing, KeysFile, bucket_edges
from workers.duplicates import (
    Indices,
    Items,
    components,
    decide,
    key_columns,
    signature_matrix,
)
from workers.records import ITEMS, ItemsTask, Level, load_items, record_id
from workers.signatures import IMAGE_HASH_BYTES, TEXT_HASH_BYTES

_MEMBERS_AT_ONCE = 262_144  # 256 MiB of signatures at 1 KiB each


@dataclass(frozen=True, slots=True)
class Drops:
    """What is dropped, in arrays along records.

    `keeper` is the record that is kept instead, -1 for a record that is not dropped; `kind` an
    index of `KINDS`; `similarity` in 0 to 1.
    """

    keeper: Ints
    kind: npt.NDArray[np.uint8]
    similarity: npt.NDArray[np.float32]

    @property
    def dropped(self) -> Flags:
        """Which records are dropped."""
        flags: Flags = self.keeper != NOBODY
        return flags


def find_duplicates(
    records: Records,
    among: Flags,
    level: Level,
    settings: Dedup,
    catalogue: Catalogue,
    session: Session,
) -> Drops:
    """The duplicates among some of the records."""
    drops = Drops(
        np.full(len(records), NOBODY, np.int64),
        np.zeros(len(records), np.uint8),
        np.zeros(len(records), np.float32),
    )
    for part in _slices(_components(records, among, level, settings, session)):
        members = np.concatenate(part)
        items = _load_items(records, members, level, catalogue, session)
        start = 0
        for component in part:
            stop = start + len(component)
            for duplicate in decide(items, np.arange(start, stop), settings):
                place = members[duplicate.index]
                drops.keeper[place] = members[duplicate.keeper]
                drops.kind[place] = KINDS.index(duplicate.kind)
                drops.similarity[place] = duplicate.similarity
            start = stop
    return drops


def _components(
    records: Records, among: Flags, level: Level, settings: Dedup, session: Session
) -> list[Indices]:
    """Sets of records that may be duplicates."""
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
    tasks = [Bucketing(column, tuple(files)) for column in columns]
    found = components(run_tasks(bucket_edges, tasks, session))
    record_at = np.full(total, NOBODY, np.int64)
    record_at[records.position] = np.arange(len(records))
    # By record, so that the order of files, which is that of arrival, plays no part.
    return [np.sort(record_at[component]) for component in found]


def _slices(found: Sequence[Indices]) -> Iterator[Sequence[Indices]]:
    """Runs of components that have no more members together than fit in memory at once."""
    part: list[Indices] = []
    members = 0
    for component in found:
        if part and members + len(component) > _MEMBERS_AT_ONCE:
            yield part
            part, members = [], 0
        part.append(component)
        members += len(component)
    if part:
        yield part


def _load_items(
    records: Records, members: Indices, level: Level, catalogue: Catalogue, session: Session
) -> Items:
    """What is compared of the members, in their order, read file by file."""
    by_file = np.argsort(records.file[members], kind="stable")
    cuts = np.flatnonzero(np.diff(records.file[members][by_file])) + 1
    places = {records.files[records.file[members[group[0]]]].uri: group
              for group in np.split(by_file, cuts)}  # fmt: skip
    tasks = [
        ItemsTask(records.files[records.file[members[group[0]]]], records.row[members[group]])
        for group in places.values()
    ]
    loaded = run_tasks(load_items, tasks, session)
    order = np.concatenate([places[task.file.uri] for task, _ in loaded])
    table = pa.concat_tables([table for _, table in loaded]).cast(ITEMS)
    table = table.take(pa.array(np.argsort(order)))
    images = b"".join(table["image_hash"].drop_null().to_pylist())
    numbers = zip(records.doc[members].tolist(), records.index[members].tolist(), strict=True)
    return Items(
        ids=[record_id(level, catalogue.documents[d].doc_id, i, 0) for d, i in numbers],
        scores=table["score"].to_numpy(),
        text_tokens=table["text_tokens"].to_numpy(),
        text_hashes=np.frombuffer(b"".join(table["text_hash"].to_pylist()), f"S{TEXT_HASH_BYTES}"),
        image_hashes=np.frombuffer(images, np.uint8).reshape(-1, IMAGE_HASH_BYTES)
        if level == "page"
        else None,
        signatures=signature_matrix(table["minhash"].combine_chunks()),
    )
