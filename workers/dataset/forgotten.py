"""The list of documents that a dataset is to forget, in `<dataset>/_forgotten.json`.

    forgotten = read_forgotten(dataset)
    fresh = [document for document in documents if document.doc_id not in forgotten.ids]

It is written by conditional puts, under the dataset's lease. `schemas.forgotten` has its contents.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.errors import AccessError, DatasetError, IntegrityError, LeaseError
from schemas.forgotten import Forgotten
from workers import store
from workers.dataset.delta import TableVersion, open_table

LIST_NAME = "_forgotten.json"


def read_forgotten(dataset: str) -> Forgotten:
    """The dataset's list, which is empty where there is none. Raises IntegrityError if damaged."""
    uri = store.join(dataset, LIST_NAME)
    try:
        return _parsed(uri, store.read_bytes(uri))
    except FileNotFoundError:
        return Forgotten()


@dataclass(frozen=True, slots=True)
class TakenDown:
    """Names the list of a dataset for tasks, which read it themselves, once a process.

    A list may have millions of ids, and a run thousands of tasks. `digest` is that of the list,
    None where it is empty. A list that another process changes meanwhile is read as it is then.
    """

    dataset: str
    digest: str | None

    @staticmethod
    def of(dataset: str, forgotten: Forgotten) -> TakenDown:
        """The name of a list that was read."""
        return TakenDown(dataset, forgotten.digest())

    def ids(self) -> frozenset[str]:
        """The ids on the list. Raises StorageError where it cannot be read."""
        return frozenset() if self.digest is None else _ids(self.dataset, self.digest)


NOTHING_TAKEN_DOWN = TakenDown("", None)


@functools.lru_cache(maxsize=1)
def _ids(dataset: str, digest: str) -> frozenset[str]:
    return read_forgotten(dataset).ids


def gone_parts(dataset: str) -> frozenset[str]:
    """The paths of parts that were erased and are not there, as `pages/data/part-….parquet`."""
    erased = sorted(read_forgotten(dataset).erased)
    gone = set()
    found = store.find_files([store.join(dataset, path) for path in erased])
    for path, file in zip(erased, found, strict=True):
        if isinstance(file, AccessError):
            raise file
        if file is None:
            gone.add(path)
    return frozenset(gone)


def _parsed(uri: str, data: bytes) -> Forgotten:
    try:
        return Forgotten.from_json(data)
    except ValueError as exc:
        raise IntegrityError(
            f"{uri} is damaged ({exc}), so it is not known which documents must not come back; "
            "restore it from a copy"
        ) from exc


def write_forgotten(dataset: str, before: Forgotten, after: Forgotten) -> None:
    """Replace the list that was read as `before`; nothing is written where nothing changes.

    Raises LeaseError where another process changed it meanwhile.
    """
    if before == after:
        return
    uri = store.join(dataset, LIST_NAME)
    data = after.to_json()
    try:
        present, version = store.read_with_version(uri)
    except FileNotFoundError:
        is_written = store.create_exclusive(uri, data)
    else:
        is_ours = _parsed(uri, present) == before
        is_written = is_ours and store.replace_if_unchanged(uri, data, version)
    if not is_written:
        raise LeaseError(f"{uri}: another process changed this list meanwhile; run it again")


def require_whole(dataset: str, tables: Mapping[str, TableVersion]) -> None:
    """Raises DatasetError where parts of a version, given by its tables, were erased on request.

    A part whose name is on the list may be there again, where a run has written the same rows.
    """
    erased = read_forgotten(dataset).erased
    listed = [
        (f"{name}/{part.path}", table.part_uri(part))
        for name, table in tables.items()
        for part in table.parts
        if f"{name}/{part.path}" in erased
    ]
    gone = [path for path, uri in listed if not store.exists(uri)]
    if not gone:
        return
    newest = open_table(store.join(dataset, "pages"))
    assert newest is not None
    others = f" (and {len(gone) - 1:,} more)" if len(gone) > 1 else ""
    raise DatasetError(
        f"{dataset}: version {tables['pages'].version} is not whole any more: {gone[0]}{others} "
        f"was erased on request; version {newest.version} is the newest that is whole"
    )
