"""Records of all rows in arrays: which rows there are, where they lie, what becomes of them.

The driver holds about eighty bytes a row and no text. An id is a document's number and a page's
index; signatures stay in the files, which `workers.publishing.records` reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cluster.session import Session
from pipelines.steps.tasks import run_tasks
from schemas.ids import split_page_id
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.reject_reasons import DUPLICATE_REASONS, KEEPER_FORGOTTEN, POLICY_REASONS
from schemas.shards import PageRange
from schemas.splits import SPLITS
from schemas.tables import SOURCE
from workers import store
from workers.publishing.decisions import KINDS
from workers.publishing.records import Level, RecordsTask, RowsFile, load_records
from workers.publishing.rows_of import RowsOf

SAMPLE, DUPLICATE, REJECT, LEFT_OUT, RESERVED, LIMITED, FIRST_BARRED = range(7)
NOBODY = -1

_ROWS_PER_TASK = 65_536  # about 64 MiB of signatures at 1 KiB each
_FILES_PER_TASK = 64

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def page_key(doc: int, index: int) -> int:
    """A document's number and a page's index as one number; keys sort as page ids do."""
    return (doc << 32) | index


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The present documents, numbered in the order of their ids."""

    documents: Sequence[Document]
    numbers: Mapping[str, int]
    uris: pa.Array
    sources: pa.Array
    restated: Flags

    @staticmethod
    def of(documents: Sequence[Document], restated: frozenset[str] = frozenset()) -> Catalogue:
        """A catalogue of documents, which must be sorted by id.

        `restated` are those that are from elsewhere now than the last version says.
        """
        return Catalogue(
            documents,
            {document.doc_id: number for number, document in enumerate(documents)},
            pa.array([document.source_uri for document in documents], pa.string()),
            pa.array([document.provenance.to_row() for document in documents], SOURCE),
            np.array([document.doc_id in restated for document in documents], bool),
        )

    def keys_of(self, ranges: Iterable[PageRange]) -> frozenset[int]:
        """The keys of pages, as `Records.keys` has them."""
        return frozenset(
            page_key(self.numbers[part.doc_id], index)
            for part in ranges
            for index in range(part.start, part.stop)
        )

    def numbers_of(self, doc_ids: Sequence[str]) -> npt.NDArray[np.int32]:
        """The numbers of documents, -1 for those that are not in the catalogue."""
        return np.array([self.numbers.get(name, NOBODY) for name in doc_ids], np.int32)


@dataclass(frozen=True, slots=True)
class KeyRows:
    """A scratch file of candidate keys, and how many rows it has."""

    uri: str
    rows: int


@dataclass(frozen=True, slots=True)
class Records:
    """Records in arrays with one entry a row, sorted by page, each page once.

    - `doc` is the document's number; the row is the `row`-th row of `files[file]`.
    - `outcome` is SAMPLE, REJECT, or, in the last version, DUPLICATE, LEFT_OUT (by a mix),
      RESERVED (by `rights`), LIMITED (by `limits`), or from FIRST_BARRED on the number of a
      policy's reason in `POLICY_REASONS`.
    - `moved`: the row is published, and says another URI or `source` than its document has now.
    - `position` is the row's place in the key files, one file after the other.
    - `keeper` (a `page_key`), `kind` and `similarity` are those of a duplicate of the last version.
    - `tokens` are those of the text, 0 where there is none; `found` is the key of what policies
      found (`schemas.findings.findings_key`).
    - `trainer_tokens` are those of the text in the recipe's own tokenizer, NOBODY where it was not
      counted; of records that were just loaded, in that of the last version.
    - `copies` is how many rows a published row says that it stands for, 0 where it says nothing.
    - `split` is the place in `SPLITS` of what a published row says, NOBODY where it says nothing.
    """

    files: Sequence[RowsFile]
    key_files: Sequence[KeyRows]
    doc: npt.NDArray[np.int32]
    index: npt.NDArray[np.int32]
    number: npt.NDArray[np.int32]
    file: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    outcome: npt.NDArray[np.uint8]
    moved: Flags
    weight: Ints
    order: npt.NDArray[np.uint64]
    position: Ints
    keeper: Ints
    kind: npt.NDArray[np.uint8]
    similarity: npt.NDArray[np.float32]
    tokens: Ints
    found: npt.NDArray[np.uint64]
    trainer_tokens: Ints
    copies: npt.NDArray[np.int32]
    split: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.doc)

    @property
    def keys(self) -> Ints:
        """The `page_key` of each row's page, or document: ascending along the rows."""
        return (self.doc.astype(np.int64) << 32) | self.index.astype(np.int64)

    @property
    def readable(self) -> Flags:
        """Rows with a text: samples, duplicates, and what a mix or a policy left out."""
        flags: Flags = self.outcome != REJECT
        return flags

    def origin(self, *names: str) -> Flags:
        """Which rows lie in files of these origins."""
        of_file: Flags = np.array([file.origin in names for file in self.files], bool)
        flags: Flags = of_file[self.file]
        return flags

    def by_file(self, chosen: Ints) -> Iterator[tuple[RowsOf, Ints]]:
        """The chosen records by the files they lie in, and their places among the records."""
        order = chosen[np.lexsort((self.row[chosen], self.file[chosen]))]
        for places in np.split(order, np.flatnonzero(np.diff(self.file[order])) + 1):
            if len(places):
                yield RowsOf(self.files[int(self.file[places[0]])], self.row[places]), places

    def take(self, chosen: Flags | Ints) -> Records:
        """Some of the records."""
        arrays = {name: getattr(self, name)[chosen] for name in _ARRAYS}
        return replace(self, **arrays)

    def with_rows(self, places: Ints, others: Records) -> Records:
        """The records with other rows, in their order, at some places."""
        arrays = {name: getattr(self, name).copy() for name in _ARRAYS}
        for name, array in arrays.items():
            array[places] = getattr(others, name)
        arrays["file"][places] += np.int32(len(self.files))
        arrays["position"][places] += sum(keys.rows for keys in self.key_files)
        files, key_files = [*self.files, *others.files], [*self.key_files, *others.key_files]
        return replace(self, files=files, key_files=key_files, **arrays)


_ARRAYS = [field.name for field in fields(Records) if field.name not in ("files", "key_files")]
_PRIORITY = {
    "pages": 0, "conversations": 0, "documents": 0, "crops": 0, "staged": 1, "rejects": 2,
    "barred": 2,
}  # fmt: skip


def load_all(
    recipe: Recipe,
    files: Sequence[RowsFile],
    level: Level,
    catalogue: Catalogue,
    scratch: str | None,
    session: Session,
    wanted: Callable[[Records], Flags] | None = None,
) -> Records:
    """The records of some files, of documents in the catalogue and under the recipe's digest.

    A page that is in several files is taken from the last version's table, else from staging,
    which has its image, else from `rejects`. Keys for deduplication are written to `scratch`, if
    there is one.
    """
    batches = list(_batches(files))
    tasks = [
        RecordsTask(
            tuple(files[start:stop]),
            level,
            recipe.digest(),
            recipe.publish.seed,
            recipe.dedup,
            None
            if level == "crop" or scratch is None
            else store.join(scratch, f"{level}-keys-{start:08d}.parquet"),
        )
        for start, stop in batches
    ]
    starts = {task.files[0].uri: start for task, (start, _) in zip(tasks, batches, strict=True)}
    loaded: list[tuple[int, Records]] = []
    for task, table in run_tasks(_load, tasks, session):
        start = starts[task.files[0].uri]
        loaded.append((start, _records(table, start, task, files, catalogue)))
    parts = [records for _, records in sorted(loaded, key=lambda pair: pair[0])]
    records = concatenated(parts, files)
    kept = records.doc != NOBODY
    if wanted is not None:
        kept &= wanted(records)
    return _each_once(records.take(kept))


def _load(task: RecordsTask) -> tuple[RecordsTask, pa.Table]:
    return task, load_records(task)


def _batches(files: Sequence[RowsFile]) -> Iterator[tuple[int, int]]:
    """Runs of files with no more rows than one task should load; a larger file stands alone."""
    start, rows = 0, 0
    for place, file in enumerate(files):
        if place > start and (
            rows + file.rows > _ROWS_PER_TASK or place - start == _FILES_PER_TASK
        ):
            yield start, place
            start, rows = place, 0
        rows += file.rows
    if start < len(files):
        yield start, len(files)


def _records(
    table: pa.Table,
    first_file: int,
    task: RecordsTask,
    files: Sequence[RowsFile],
    catalogue: Catalogue,
) -> Records:
    count = table.num_rows
    doc = _documents(table["doc_id"], catalogue)
    reason = pc.fill_null(table["reason"].cast(pa.string()), "")
    # Without its keeper a duplicate is compared again, as one whose keeper left the sources is.
    is_duplicate = pc.is_in(reason, pa.array([*DUPLICATE_REASONS, KEEPER_FORGOTTEN])).to_numpy()
    outcome = np.where(pc.equal(reason, "").to_numpy(), SAMPLE, REJECT)
    outcome[is_duplicate] = DUPLICATE
    outcome[pc.equal(reason, "left_out").to_numpy()] = LEFT_OUT
    outcome[pc.equal(reason, "reserved").to_numpy()] = RESERVED
    outcome[pc.equal(reason, "over_limit").to_numpy()] = LIMITED
    barring = pc.fill_null(pc.index_in(reason, pa.array(POLICY_REASONS)), NOBODY).to_numpy()
    outcome = np.where(barring == NOBODY, outcome, FIRST_BARRED + barring)
    return Records(
        files=files,
        key_files=[KeyRows(task.keys_uri, count)] if task.keys_uri else [],
        doc=doc,
        index=table["page_index"].to_numpy().astype(np.int32),
        number=table["number"].to_numpy().astype(np.int32),
        file=table["file"].to_numpy().astype(np.int32) + np.int32(first_file),
        row=table["row"].to_numpy(),
        outcome=outcome.astype(np.uint8),
        moved=_moved(table["source_uri"], doc, catalogue),
        weight=pc.fill_null(table["weight"], 0).to_numpy(),
        order=pc.fill_null(table["order"], 0).to_numpy(),
        position=np.arange(count, dtype=np.int64),
        keeper=_keepers(table["kept_id"], is_duplicate, catalogue),
        kind=_kinds(table["kind"], is_duplicate),
        similarity=pc.fill_null(table["similarity"], 0.0).to_numpy(),
        tokens=pc.fill_null(table["tokens"], 0).to_numpy(),
        found=table["found"].to_numpy(),
        trainer_tokens=pc.fill_null(table["trainer_tokens"], NOBODY).to_numpy(),
        copies=pc.fill_null(table["copies"], 0).to_numpy(),
        split=_splits(table["split"]),
    )


def _documents(doc_ids: pa.ChunkedArray, catalogue: Catalogue) -> npt.NDArray[np.int32]:
    docs = [np.zeros(0, np.int32)]
    for chunk in doc_ids.chunks:
        numbers = catalogue.numbers_of(chunk.dictionary.to_pylist())
        docs.append(numbers[chunk.indices.to_numpy()])
    return np.concatenate(docs)


def _moved(uris: pa.ChunkedArray, doc: npt.NDArray[np.int32], catalogue: Catalogue) -> Flags:
    """Whether a published row says another URI or `source` than its document has now."""
    if len(doc) == 0:
        return np.zeros(0, bool)
    now = catalogue.uris.take(pa.array(np.where(doc == NOBODY, 0, doc)))
    differs = pc.fill_null(pc.not_equal(uris.cast(pa.string()), now), False).to_numpy()
    # A version's rows say what its inventory says, so no column of theirs is compared.
    is_published = pc.is_valid(uris).to_numpy()
    flags: Flags = differs | (is_published & (doc != NOBODY) & catalogue.restated[doc])
    return flags


def _keepers(kept_ids: pa.ChunkedArray, is_duplicate: Flags, catalogue: Catalogue) -> Ints:
    keepers = np.full(len(is_duplicate), NOBODY, np.int64)
    places = np.flatnonzero(is_duplicate)
    names = kept_ids.take(pa.array(places)).to_pylist()
    for place, name in zip(places.tolist(), names, strict=True):
        if name is None:
            continue
        doc_id, index = split_page_id(name) if "/" in name else (name, 0)
        number = catalogue.numbers.get(doc_id, NOBODY)
        keepers[place] = NOBODY if number == NOBODY else page_key(number, index)
    return keepers


def _splits(words: pa.ChunkedArray) -> npt.NDArray[np.int8]:
    numbers = pc.index_in(words.cast(pa.string()), pa.array(SPLITS), skip_nulls=True)
    splits: npt.NDArray[np.int8] = pc.fill_null(numbers, NOBODY).to_numpy().astype(np.int8)
    return splits


def _kinds(kinds: pa.ChunkedArray, is_duplicate: Flags) -> npt.NDArray[np.uint8]:
    codes = pc.index_in(pc.fill_null(kinds.cast(pa.string()), ""), pa.array(KINDS))
    numbers: npt.NDArray[np.uint8] = pc.fill_null(codes, 0).to_numpy().astype(np.uint8)
    numbers[~is_duplicate] = 0
    return numbers


def concatenated(parts: Sequence[Records], files: Sequence[RowsFile]) -> Records:
    """The records of all parts, one part after the other; `files` numbers the files of all."""
    start, positions = 0, []
    for part in parts:
        positions.append(part.position + start)
        start += sum(keys.rows for keys in part.key_files)
    arrays = (
        {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
        if parts
        else {name: np.zeros(0, dtype) for name, dtype in _TYPES.items()}
    )
    if parts:
        arrays["position"] = np.concatenate(positions)
    return Records(files, [keys for part in parts for keys in part.key_files], **arrays)


_TYPES = {
    "doc": np.int32, "index": np.int32, "number": np.int32, "file": np.int32, "row": np.int32,
    "outcome": np.uint8, "moved": np.bool_, "weight": np.int64, "order": np.uint64,
    "position": np.int64, "keeper": np.int64, "kind": np.uint8, "similarity": np.float32,
    "tokens": np.int64, "found": np.uint64, "trainer_tokens": np.int64, "copies": np.int32,
    "split": np.int8,
}  # fmt: skip


def _each_once(records: Records) -> Records:
    """Records sorted by page, each page (or crop) once, from the file of the first priority."""
    priorities = np.array([_PRIORITY[file.origin] for file in records.files] or [0])
    order = np.lexsort((priorities[records.file], records.number, records.index, records.doc))
    records = records.take(order)
    if len(records) == 0:
        return records
    same = (np.diff(records.keys) == 0) & (np.diff(records.number) == 0)
    return records.take(np.concatenate([[True], ~same]))
