"""Judge the rows of one file by the policies: which change, which leave, and what they become.

    texts ─► findings ─► rows whose findings are not those that they were published with
          ─► changed rows, rejects, and the originals of both

Most rows have no finding, now or before. Of them only the text is read and nothing is written.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.policies import PolicyStep
from schemas.recipe_sections import Raster
from schemas.rows import StagedCrop, StagedRow
from schemas.tables import DOCUMENTS, REJECTS, STAGED, STAGED_CROPS
from workers import store
from workers.policies import Judge, Judgement, Sought, judge, load
from workers.policies.decontamination import Piece
from workers.policies.personal import Names
from workers.publishing.crops import CropPlaces, crop_texts, full_crops
from workers.publishing.full_rows import (
    Row,
    full_documents,
    full_pages,
    kept_by,
    passage_columns,
    passages_of,
)
from workers.publishing.judged_rows import WholeRow, changed, rejected
from workers.publishing.pieces import PieceOfPage, parted
from workers.publishing.records import Level, RowsFile
from workers.publishing.rows_of import RowsOf
from workers.shards import Staging
from workers.shards.originals import write_original_documents, write_original_pages

Places = npt.NDArray[np.int32]
_ORIGINALS_AT_ONCE = 256  # of some 150 KB each: 38 MB

CHANGED, BARRED = 0, 1


@dataclass(frozen=True, slots=True)
class Judging:
    """Rows of a file to judge, by ascending places; `found` are the keys of what they say now.

    `sought` is what policies look for that no recipe says, `scores` the values of the rows' scores
    by column, NaN for none. New rows are written to `changed_uri` and `barred_uri`, originals to
    `originals` unless the file holds originals itself (None). `crops` are those of the rows, None
    where none has any. `pieces` are those of pages, by row. `names` loads those that a model found
    in their texts, where a policy looks for any.
    """

    file: RowsFile
    rows: Places
    found: npt.NDArray[np.uint64]
    level: Level
    steps: tuple[PolicyStep, ...]
    sought: Sought
    scores: Mapping[str, npt.NDArray[np.float32]]
    raster: Raster
    permutations: int
    recipe_digest: str
    changed_uri: str
    barred_uri: str
    originals: Staging | None
    crops: CropPlaces | None = None
    pieces: Mapping[int, tuple[Piece, ...]] = field(default_factory=dict)
    names: Callable[[], Names] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """The rows of a file that get other findings than they say now, in arrays along `rows`.

    `verdict` is CHANGED or BARRED. The new row is row `place` of that file; `found` is its key and
    `barred_by` the number of the policy, -1 for a changed row. `originals` names those written, and
    `crops` counts those of the changed rows. `pieces` are what all documents of the task say of
    their pages.
    """

    task: Judging
    rows: Places
    verdict: npt.NDArray[np.uint8]
    place: Places
    found: npt.NDArray[np.uint64]
    barred_by: npt.NDArray[np.int8]
    originals: tuple[str, ...]
    crops: int = 0
    pieces: tuple[PieceOfPage, ...] = ()


def judge_rows(task: Judging) -> Judged:
    """Judge the task's rows, and write what they become."""
    names = None if task.names is None else task.names()
    judges = load(task.steps, replace(task.sought, names=names))
    pieces: list[PieceOfPage] = []
    differing = [
        (row, judgement)
        for row, judgement, found in _judgements(task, judges, pieces)
        if judgement.key != found
    ]
    with store.temporary_folder() as folder:
        outputs = _Outputs(task, folder)
        full = _full(task, [row for row, _ in differing])
        for whole, (_, judgement) in zip(full, differing, strict=True):
            step, kept = judgement.barred_by, None
            if step is not None or judgement.is_edited:
                outputs.keep_original(whole)
            if step is None:
                kept = changed(whole, judgement, judges, task.raster, task.permutations)
            if kept is not None:
                outputs.add_changed(kept)
                continue
            # A row that a policy edits, and that cannot be edited, goes as a whole.
            step = min(judgement.editing) if step is None else step
            outputs.add_barred(rejected(whole.row, judgement, task.steps[step], task.level), step)
        outputs.write()
    return Judged(
        task,
        np.array([row for row, _ in differing], np.int32),
        np.array(outputs.verdicts, np.uint8),
        np.array(outputs.places, np.int32),
        np.array([judgement.key for _, judgement in differing], np.uint64),
        np.array(outputs.steps, np.int8),
        tuple(outputs.names),
        outputs.crops,
        tuple(pieces),
    )


def _judgements(
    task: Judging, judges: Sequence[Judge], pieces: list[PieceOfPage]
) -> Iterator[tuple[int, Judgement, int]]:
    """Each of the task's rows, what becomes of its text, and the key of what it says now.

    What documents say of their pages is added to `pieces`.
    """
    crops = {} if task.crops is None else crop_texts(task.crops)
    names = kept_by(task.level, task.steps)
    columns = passage_columns(task.level, task.file, task.steps)
    done = 0
    for batch in RowsOf(task.file, task.rows).batches(columns):
        here = range(done, done + batch.num_rows)
        done = here.stop
        places = task.rows[here.start : here.stop].tolist()
        rows = batch.to_pylist()
        passages = [
            replace(one, values={**one.values, **_scores(task, names, number)})
            for one, number in zip(
                passages_of(rows, places, task.file, crops, names, task.pieces), here, strict=True
            )
        ]
        if task.level == "document":
            passages, of_pages = parted(rows, passages, judges)
            pieces += of_pages
        found = task.found[here.start : here.stop].tolist()
        yield from zip(places, judge(passages, judges), found, strict=True)


def _scores(task: Judging, names: Sequence[str], place: int) -> dict[str, float]:
    """The scores by which a row is kept, among those that it has."""
    values = {name: float(task.scores[name][place]) for name in names if name in task.scores}
    return {name: value for name, value in values.items() if not math.isnan(value)}


def _full(task: Judging, places: Sequence[int]) -> Iterator[WholeRow]:
    if not places:
        return
    if task.level == "document":
        yield from (WholeRow(row) for row in full_documents(task.file, places))
        return
    pages = full_pages(task.file, places)
    crops = itertools.repeat([]) if task.crops is None else full_crops(task.crops, places)
    for (row, data), own in zip(pages, crops, strict=False):
        yield WholeRow(row, data, own)


# ---- files ------------------------------------------------------------------------------------


class _Outputs:
    """The files of a task: rows in memory, images on a local disk, originals a shard at a time."""

    def __init__(self, task: Judging, folder: Path) -> None:
        self.verdicts: list[int] = []
        self.places: list[int] = []
        self.steps: list[int] = []
        self.names: list[str] = []
        self._task = task
        self._folder = folder
        self._changed: list[Row] = []
        self._barred: list[Row] = []
        self._crops: list[Row] = []
        self._originals: list[WholeRow] = []
        self._images = folder / "images"
        self._images.touch()

    @property
    def crops(self) -> int:
        """The crops of the changed pages."""
        return len(self._crops)

    def keep_original(self, whole: WholeRow) -> None:
        """Keep a row as it is now, unless it lies among the originals already."""
        if self._task.originals is None:
            return
        self._originals.append(whole)
        if len(self._originals) == _ORIGINALS_AT_ONCE:
            self._write_originals(self._task.originals)

    def add_changed(self, whole: WholeRow) -> None:
        """Add a row that is published with other findings, its images and its crops."""
        self._note(CHANGED, len(self._changed), -1)
        is_page = self._task.level == "page"
        self._changed.append(self._placed(whole.row, whole.data) if is_page else whole.row)
        self._crops += (self._placed(crop, data) for crop, data in whole.crops)

    def _placed(self, row: Row, data: bytes) -> Row:
        """The row with the place of its images, which are added to those of the task."""
        place = self._images.stat().st_size
        with self._images.open("ab") as file:
            file.write(data)
        return {**row, "image_offset": place, "image_bytes": len(data)}

    def add_barred(self, row: Row, step: int) -> None:
        """Add a reject of the policy with this number."""
        self._note(BARRED, len(self._barred), step)
        self._barred.append(row)

    def _note(self, verdict: int, place: int, step: int) -> None:
        self.verdicts.append(verdict)
        self.places.append(place)
        self.steps.append(step)

    def write(self) -> None:
        """Write what was added."""
        task, is_page = self._task, self._task.level == "page"
        if self._changed:
            self._write(self._changed, STAGED if is_page else DOCUMENTS, task.changed_uri)
        if self._changed and is_page:
            store.upload(self._images, Staging.images_beside(task.changed_uri))
        if self._crops:
            self._write(self._crops, STAGED_CROPS, Staging.crops_beside(task.changed_uri))
        if self._barred:
            self._write(self._barred, REJECTS, task.barred_uri)
        if self._originals and task.originals is not None:
            self._write_originals(task.originals)

    def _write(self, rows: Sequence[Row], schema: pa.Schema, uri: str) -> None:
        path = self._folder / "rows.parquet"
        pq.write_table(pa.Table.from_pylist(list(rows), schema), path, compression="lz4")
        store.upload(path, uri)

    def _write_originals(self, staging: Staging) -> None:
        digest = self._task.recipe_digest
        wholes = sorted(
            self._originals, key=lambda whole: (whole.row["doc_id"], whole.row.get("page_index"))
        )
        self._originals = []
        rows = [whole.row for whole in wholes]
        if self._task.level == "document":
            receipt = write_original_documents(staging, rows, digest)
        else:
            receipt = write_original_pages(
                staging,
                cast("list[StagedRow]", rows),
                [whole.data for whole in wholes],
                digest,
                [(cast("StagedCrop", crop), data) for own in wholes for crop, data in own.crops],
            )
        self.names.append(receipt.shard_id)
