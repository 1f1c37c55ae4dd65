"""Judge the rows of one file by the policies: which change, which leave, and what they become.

    texts ─► findings ─► rows whose findings are not those that they were published with
          ─► changed rows, rejects, and the originals of both

Most rows have no finding, now or before. Of them only the text is read and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.policies import PolicyStep
from schemas.recipe import Raster
from schemas.rows import StagedRow
from schemas.tables import DOCUMENTS, REJECTS, STAGED
from workers import store
from workers.policies import Judge, Judgement, judge, load
from workers.policies.keeping import Standard
from workers.policies.redaction import PageView, redact, without_fragments
from workers.publishing.full_rows import (
    Row,
    full_documents,
    full_pages,
    kept_by,
    passage_columns,
    passages_of,
)
from workers.publishing.records import Level, RowsFile
from workers.rasterising import pictures
from workers.shards import Staging
from workers.shards.originals import write_original_documents, write_original_pages
from workers.text import measures, signatures
from workers.text.heuristics import heuristics

Places = npt.NDArray[np.int32]
_ROWS_AT_ONCE = 1024
_ORIGINALS_AT_ONCE = 256  # of some 150 KB each: 38 MB

CHANGED, BARRED = 0, 1


@dataclass(frozen=True, slots=True)
class Judging:
    """Rows of a file to judge, by ascending places; `found` are the keys of what they say now.

    `lists` is what policies look for, where there are lists, `standard` what `keep` asks for. New
    rows are written to `changed_uri` and `barred_uri`, originals to `originals` unless the file
    holds originals itself (None).
    """

    file: RowsFile
    rows: Places
    found: npt.NDArray[np.uint64]
    level: Level
    steps: tuple[PolicyStep, ...]
    lists: str | None
    standard: Standard
    raster: Raster
    permutations: int
    recipe_digest: str
    changed_uri: str
    barred_uri: str
    originals: Staging | None


@dataclass(frozen=True, slots=True)
class Judged:
    """The rows of a file that get other findings than they say now, in arrays along `rows`.

    `verdict` is CHANGED or BARRED. The new row is row `place` of that file; `found` is its key and
    `barred_by` the number of the policy, -1 for a changed row. `originals` names those written.
    """

    task: Judging
    rows: Places
    verdict: npt.NDArray[np.uint8]
    place: Places
    found: npt.NDArray[np.uint64]
    barred_by: npt.NDArray[np.int8]
    originals: tuple[str, ...]


def judge_rows(task: Judging) -> Judged:
    """Judge the task's rows, and write what they become."""
    judges = load(task.steps, task.lists, task.standard)
    differing = [
        (row, judgement)
        for row, judgement, found in _judgements(task, judges)
        if judgement.key != found
    ]
    with store.temporary_folder() as folder:
        outputs = _Outputs(task, folder)
        full = _full(task, [row for row, _ in differing])
        for (row, data), (_, judgement) in zip(full, differing, strict=True):
            step = _barring(judgement, row)
            if step is not None or judgement.is_edited:
                outputs.keep_original(row, data)
            if step is None:
                outputs.add_changed(*_changed(task, row, data, judgement, judges))
            else:
                outputs.add_barred(_reject(task, row, judgement, step), step)
        outputs.write()
    return Judged(
        task,
        np.array([row for row, _ in differing], np.int32),
        np.array(outputs.verdicts, np.uint8),
        np.array(outputs.places, np.int32),
        np.array([judgement.key for _, judgement in differing], np.uint64),
        np.array(outputs.steps, np.int8),
        tuple(outputs.names),
    )


def _judgements(task: Judging, judges: Sequence[Judge]) -> Iterator[tuple[int, Judgement, int]]:
    """Each of the task's rows, what becomes of its text, and the key of what it says now."""
    keys = dict(zip(task.rows.tolist(), task.found.tolist(), strict=True))
    names = kept_by(task.level, task.steps)
    with task.file.open() as handle:
        file = pq.ParquetFile(handle)
        columns = passage_columns(task.level, task.file, task.steps)
        for start, batch in _batches(file, task.rows, columns):
            here = [row for row in range(start, start + batch.num_rows) if row in keys]
            if here:
                rows = batch.take(pa.array([row - start for row in here])).to_pylist()
                passages = passages_of(rows, here, task.file, names)
                judged = judge(passages, judges)
                yield from (
                    (row, found, keys[row]) for row, found in zip(here, judged, strict=True)
                )


def _batches(
    file: pq.ParquetFile, wanted: Places, columns: Sequence[str]
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The rows of the row groups in which wanted ones lie, each batch with its first place."""
    first = 0
    for group in range(file.num_row_groups):
        stop = first + file.metadata.row_group(group).num_rows
        low, high = np.searchsorted(wanted, [first, stop])
        if low < high:
            start = first
            for batch in file.iter_batches(_ROWS_AT_ONCE, row_groups=[group], columns=columns):
                yield start, batch
                start += batch.num_rows
        first = stop


def _full(task: Judging, places: Sequence[int]) -> Iterator[tuple[Row, bytes]]:
    if not places:
        return
    if task.level == "document":
        yield from ((row, b"") for row in full_documents(task.file, places))
    else:
        yield from full_pages(task.file, places)


def _barring(judgement: Judgement, row: Row) -> int | None:
    """The policy that rejects a row; also one that edits what cannot be edited."""
    if judgement.barred_by is None and judgement.is_edited and row.get("messages"):
        # The turns of a conversation are pictures of its text: a part cannot be taken out.
        return min(judgement.editing)
    return judgement.barred_by


# ---- what rows become -------------------------------------------------------------------------


def _changed(
    task: Judging, row: Row, data: bytes, judgement: Judgement, judges: Sequence[Judge]
) -> tuple[Row, bytes]:
    """A row with its findings; where they edit its text, all that follows from the text, too."""
    new = {**row, "findings": judgement.rows()}
    if not judgement.is_edited:
        return new, data
    text = judgement.text
    words = [text] if row.get("text_source") == "synthetic" else signatures.words(text)
    shingles = signatures.shingle_hashes(words)
    new |= {
        "text": text,
        "text_tokens": measures.count_tokens(text),
        "heuristics": heuristics(text, row["language"] or "und"),
        "text_hash": signatures.text_hash(words or [text]),
        "minhash": signatures.minhash(shingles, task.permutations).astype("<u8").tobytes(),
    }
    if task.level == "document":
        new["page_offsets"] = judgement.places(row["page_offsets"])
        return new, data
    if row["vision_tokens"]:
        new["compression"] = round(new["text_tokens"] / row["vision_tokens"], 4)
    before = PageView(row["text"], row["blocks"] or [], data, row["language"])
    page = redact(before, judgement, judges, task.raster)
    new["blocks"] = page.blocks
    new["hidden"] = without_fragments(row.get("hidden"), row["language"], judgement, judges)
    if page.picture != data:
        new["image_hash"] = signatures.image_hash(pictures.decode(page.picture).convert("L"))
    return new, page.picture


def _reject(task: Judging, row: Row, judgement: Judgement, step: int) -> Row:
    policy = task.steps[step]
    reject = {name: row.get(name) for name in REJECTS.names}
    kinds = sorted(
        {item.finding.kind for item in judgement.applied if item.finding.policy == policy.name}
    )
    reject |= {
        "level": task.level,
        "stage": policy.name,
        "reason": policy.reason,
        "detail": ", ".join(kinds),
        "findings": judgement.rows(),
    }
    if reject["heuristics"] is None:  # of an earlier release, or read by it
        reject["heuristics"] = heuristics(row["text"], row["language"] or "und")
    if task.level == "document":
        score = {field.name: None for field in REJECTS.field("quality").type}
        reject["quality"] = {**score, "score": row["quality_score"]}
    return reject


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
        self._originals: list[tuple[Row, bytes]] = []
        self._images = folder / "images"
        self._images.touch()

    def keep_original(self, row: Row, data: bytes) -> None:
        """Keep a row as it is now, unless it lies among the originals already."""
        if self._task.originals is None:
            return
        self._originals.append((dict(row), data))
        if len(self._originals) == _ORIGINALS_AT_ONCE:
            self._write_originals(self._task.originals)

    def add_changed(self, row: Row, data: bytes) -> None:
        """Add a row that is published with other findings, and its images."""
        self._note(CHANGED, len(self._changed), -1)
        if self._task.level == "page":
            row["image_offset"], row["image_bytes"] = self._images.stat().st_size, len(data)
            with self._images.open("ab") as file:
                file.write(data)
        self._changed.append(row)

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
        pairs = sorted(
            self._originals, key=lambda pair: (pair[0]["doc_id"], pair[0].get("page_index"))
        )
        self._originals = []
        if self._task.level == "document":
            receipt = write_original_documents(staging, [row for row, _ in pairs], digest)
        else:
            rows = [cast(StagedRow, row) for row, _ in pairs]
            receipt = write_original_pages(staging, rows, [data for _, data in pairs], digest)
        self.names.append(receipt.shard_id)
