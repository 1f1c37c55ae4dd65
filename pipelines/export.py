"""Export: rows of a dataset into shards of another format, in a seeded order.

    rows, from place `first` on ─► [ a shard in a temporary folder ] ─► hashed, written ─► recorded

Guarantees:

- The bytes of the shards follow from the dataset's version and the options alone.
- `_EXPORTING` names the finished shards and where the next one begins. It is written after each
  shard, so an export that was killed goes on with the next, and ends with the same bytes.
- `_MANIFEST` is written last: where it is, the export is whole.
- A folder with another export, or with other files, is refused and left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console

from cluster.progress import Meter, meter
from schemas.errors import IntegrityError
from workers import store
from workers.exporting.destination import (
    MANIFEST,
    UNDER_WAY,
    begin,
    earlier,
    put,
    require_same,
    still_there,
    write_record,
)
from workers.exporting.formats import Export, opened, require_sensible
from workers.exporting.shards import Format, Shard, ShardFile, ShardRecord, Stream
from workers.store.locations import translated


@dataclass(frozen=True, slots=True)
class Exported:
    """A whole export. `kept_shards` were there already, of a run that was killed or had ended."""

    destination: str
    options: Mapping[str, Any]
    rows: int
    bytes: int
    shards: tuple[ShardRecord, ...]
    kept_shards: int


def export(wanted: Export, destination: str, console: Console) -> Exported:
    """Export rows of a dataset to a folder or URL; go on where an export of the same was killed.

    Raises RequestError where the destination has another export or other files.
    """
    # 1. What is asked for, and what is there.
    require_sensible(wanted)
    wanted = replace(wanted, dataset=store.absolute(wanted.dataset))
    destination = store.absolute(destination)
    before = earlier(destination)
    if wanted.version is None and before is not None and not before.is_whole:
        wanted = replace(wanted, version=before.options["version"])
    # 2. The rows, in their order, and what writes them.
    stream, form, options = opened(wanted)
    if before is None:
        begin(destination, options)
        shards: tuple[ShardRecord, ...] = ()
    else:
        require_same(destination, before.options, options)
        shards = still_there(destination, before.shards)
        if before.is_whole and shards == before.shards:
            return _exported(destination, options, shards, len(shards))
    # 3. The shards that are missing.
    kept = len(shards)
    done = sum(shard.rows for shard in shards)
    with meter(console, "export", "rows", stream.count, done) as progress:
        work = _Work(wanted.dataset, destination, stream, form, wanted.shard_bytes)
        for shard in _written(work, shards, progress):
            shards = (*shards, shard)
            write_record(destination, UNDER_WAY, options, shards)
    # 4. What names them, and the manifest, last.
    if sum(shard.rows for shard in shards) != stream.count:
        raise IntegrityError(f"{destination}: the shards do not have the {stream.count:,} rows")
    for name, data in form.index(shards).items():
        put(destination, name, data)
    write_record(destination, MANIFEST, options, shards)
    store.delete(store.join(destination, UNDER_WAY))
    return _exported(destination, options, shards, kept)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is written, in which form, and where."""

    dataset: str
    destination: str
    stream: Stream
    form: Format
    shard_bytes: int


def _written(
    work: _Work, shards: tuple[ShardRecord, ...], progress: Meter
) -> Iterator[ShardRecord]:
    """Write the shards that come after some, one by one."""
    first = sum(shard.rows for shard in shards)
    number = len(shards)
    rows = _Line(work.dataset, work.stream, first)
    while first < work.stream.count:
        end = work.form.must_end_at(work.stream.count)
        stop = end if end is not None and first < end else work.stream.count
        with store.temporary_folder() as folder:
            shard = work.form.open(folder, number)
            count = _fill(shard, rows, stop - first, work.shard_bytes, progress)
            files = tuple(
                _sent(work.destination, folder, path)
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            )
        yield ShardRecord(first, count, files)
        first += count
        number += 1


def _fill(shard: Shard, rows: _Line, most_rows: int, most_bytes: int, progress: Meter) -> int:
    """Write one shard; returns its rows."""
    count = 0
    while count < most_rows and (batch := rows.next(most_rows - count)) is not None:
        added = shard.add(batch, most_bytes)
        rows.take(added)
        count += added
        progress.add(added)
        if added < batch.num_rows:
            break
    shard.close()
    return count


class _Line:
    """The rows of a stream from a place on, taken from the front."""

    def __init__(self, dataset: str, stream: Stream, start: int) -> None:
        self._dataset = dataset
        self._batches = stream.batches(start)
        self._held: pa.Table | None = None

    def next(self, most: int) -> pa.Table | None:
        """The next rows, at most so many; None at the end. They stay until they are taken."""
        while self._held is None or not self._held.num_rows:
            with translated("read rows of", self._dataset):
                self._held = next(self._batches, None)
            if self._held is None:
                return None
        return self._held.slice(0, most)

    def take(self, count: int) -> None:
        """Take rows from the front."""
        assert self._held is not None
        self._held = self._held.slice(count)


def _sent(destination: str, folder: Path, path: Path) -> ShardFile:
    name = str(path.relative_to(folder))
    uri = store.join(destination, name)
    file = ShardFile(name, path.stat().st_size, store.sha256_of(str(path)))
    store.make_folder(uri.rpartition("/")[0])
    store.upload(path, uri)
    return file


def _exported(
    destination: str, options: Mapping[str, object], shards: tuple[ShardRecord, ...], kept: int
) -> Exported:
    size = sum(file.bytes for shard in shards for file in shard.files)
    return Exported(destination, options, sum(s.rows for s in shards), size, shards, kept)
