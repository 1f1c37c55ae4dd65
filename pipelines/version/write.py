"""Write a table of a version: which old parts stay or are rewritten, and how new ones are cut.

    old parts ─► stay, or [ rewrite ]
    new rows  ─► cut ─► [ gather ] per files ─► [ write ] per part

Each nightly refresh adds a small part, so small parts are joined once there are many of them. A
part has rows of one split: where rows of an old part are in two now, they go to two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cluster.progress import Meter
from cluster.session import Session
from pipelines.steps.tasks import run_tasks
from pipelines.version.records import NOBODY, Catalogue
from pipelines.version.said import all_said
from pipelines.version.splits import no_splits
from pipelines.version.table_rows import Contents, NewRows, OldRows
from schemas.recipe import Publish
from workers import store
from workers.dataset import PartFile
from workers.publishing.assemble import write_rows
from workers.publishing.gather import (
    Gathered,
    Gathering,
    NewPart,
    Piece,
    gather,
    write_new_part,
)
from workers.publishing.rewrite import RewrittenPart, Survivors, rewrite_part

MOST_SMALL_PARTS = 16
_SMALL = 8  # a part under an eighth of the recipe's size is a small one
_ROWS_PER_GATHERING = 16_384
_LARGEST_DOCUMENT_GROUP = 1024
_FEWEST_DOCUMENT_GROUPS = 64  # so that many ranks striding over row groups each get some
_LARGEST_REJECT_GROUP = 50_000


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the tables of a version, given their contents."""

    dataset: str
    settings: Publish
    catalogue: Catalogue
    scratch: str
    session: Session
    meter: Meter

    def write(self, contents: Contents) -> list[PartFile]:
        """Write what is new or changed of a table. Returns all its parts, also unchanged ones."""
        at_hand = write_rows(self.dataset, contents.table, contents.at_hand, contents.scores)
        staying, rewritten = self._old_parts(contents)
        self.meter.total = (self.meter.total or 0) + len(rewritten)
        written = run_tasks(rewrite_part, rewritten, self.session, self.meter)
        new = joined(contents.new)
        written += self._new_parts(contents, new) if len(new.row) else []
        written_parts = sorted((part for part in written if part), key=lambda part: part.path)
        return [*at_hand, *staying, *written_parts]

    def _old_parts(self, contents: Contents) -> tuple[list[PartFile], list[RewrittenPart]]:
        survivors = self._survivors(contents)
        staying: list[PartFile] = []
        groups: list[list[Survivors]] = []
        small: dict[int, list[tuple[PartFile, Survivors]]] = defaultdict(list)
        torn: dict[int, list[tuple[int, Survivors]]] = defaultdict(list)

        for part, uri in contents.parts:
            pieces = survivors.get(uri, {NOBODY: _nobody(uri)})
            for split, left in pieces.items():
                if len(pieces) > 1:
                    torn[split].append((part.size * len(left.rows) // part.rows, left))
                elif part.size < self.settings.part_bytes // _SMALL:
                    small[split].append((part, left))
                elif _is_whole(part, left):
                    staying.append(part)
                else:
                    groups.append([left])
        for of_split in small.values():
            if len(of_split) > MOST_SMALL_PARTS:
                groups += self._runs([(part.size, left) for part, left in of_split])
            else:
                staying += [part for part, left in of_split if _is_whole(part, left)]
                groups += [[left] for part, left in of_split if not _is_whole(part, left)]
        for pieces_of_split in torn.values():
            groups += self._runs(pieces_of_split)
        return staying, [
            RewrittenPart(
                self.dataset,
                contents.table,
                tuple(group),
                self.settings.row_group_bytes if len(group) > 1 else 0,
                contents.scores,
            )
            for group in groups
        ]

    def _runs(self, pieces: Sequence[tuple[int, Survivors]]) -> list[list[Survivors]]:
        """Pieces, given with their sizes, in runs that are no larger than a part should be."""
        runs: list[list[Survivors]] = [[]]
        size = 0
        for own, left in pieces:
            if size + own > self.settings.part_bytes and runs[-1]:
                runs.append([])
                size = 0
            runs[-1].append(left)
            size += own
        return runs

    def _survivors(self, contents: Contents) -> dict[str, dict[int, Survivors]]:
        """The rows that stay of each old part, by its URI and by split; none of others."""
        chosen: dict[str, dict[int, list[OldRows]]] = defaultdict(lambda: defaultdict(list))
        for old in contents.old:
            split = old.said.split
            order = np.lexsort((old.row, split, old.file))
            ends = np.diff(old.file[order]).astype(bool) | np.diff(split[order]).astype(bool)
            for group in np.split(order, np.flatnonzero(ends) + 1):
                if len(group):
                    uri, of_split = old.uris[old.file[group[0]]], int(split[group[0]])
                    chosen[uri][of_split].append(old.take(group))
        return {
            uri: {split: self._surviving(uri, rows) for split, rows in by_split.items()}
            for uri, by_split in chosen.items()
        }

    def _surviving(self, uri: str, parts: Sequence[OldRows]) -> Survivors:
        """The rows that stay of one old part, in order."""
        places = np.concatenate([rows.row for rows in parts])
        names = np.concatenate([rows.renamed for rows in parts])
        order = np.argsort(places)
        places, names = places[order], names[order]
        moved = names != NOBODY
        documents = [self.catalogue.documents[number] for number in names[moved].tolist()]
        uris = tuple(document.source_uri for document in documents)
        sources = tuple(document.provenance.to_row() for document in documents)
        said = all_said([rows.said for rows in parts]).take(order)
        is_said_anew = bool(said.differs.any())
        return Survivors(
            *(uri, places, places[moved], uris, sources),
            said=said.columns,
            is_said_anew=is_said_anew,
        )

    def _new_parts(self, contents: Contents, new: NewRows) -> list[PartFile]:
        table = contents.table
        new = _by_split(new)
        groups = self._cut(table, new)
        sizes = np.array([sum(part) for part in groups])
        part_of = np.repeat(np.arange(len(groups), dtype=np.int32), sizes)
        place_of = np.concatenate([np.arange(size, dtype=np.int32) for size in sizes])
        self.meter.total = (self.meter.total or 0) + len(groups)
        tasks = self._gatherings(contents, new, part_of, place_of)
        pieces: dict[int, list[Piece]] = defaultdict(list)
        for gathered in sorted(run_tasks(gather, tasks, self.session), key=_uri):
            for part, piece in gathered.pieces:
                pieces[part].append(piece)
        parts = [
            NewPart(self.dataset, table, tuple(pieces[number]), tuple(group_rows), contents.scores)
            for number, group_rows in enumerate(groups)
        ]
        return run_tasks(write_new_part, parts, self.session, self.meter)

    def _cut(self, table: str, new: NewRows) -> list[list[int]]:
        most_rows = len(new.row)
        if table == "documents":
            most_rows = min(_LARGEST_DOCUMENT_GROUP, max(1, most_rows // _FEWEST_DOCUMENT_GROUPS))
        elif table == "rejects":
            most_rows = _LARGEST_REJECT_GROUP
        settings = self.settings
        return [
            groups
            for weights in np.split(new.weight, np.flatnonzero(np.diff(new.split)) + 1)
            for groups in cut(
                weights.tolist(), settings.part_bytes, settings.row_group_bytes, most_rows
            )
        ]

    def _gatherings(
        self,
        contents: Contents,
        new: NewRows,
        part_of: npt.NDArray[np.int32],
        place_of: npt.NDArray[np.int32],
    ) -> Iterator[Gathering]:
        """Tasks of some thousand rows; all rows of a file are in the same task."""
        order = np.argsort(new.file, kind="stable")
        ends = np.flatnonzero(np.diff(new.file[order], append=-1)) + 1
        start = 0
        for end in ends.tolist():
            if end - start < _ROWS_PER_GATHERING and end < len(order):
                continue
            chosen = order[start:end]
            numbers, file = np.unique(new.file[chosen], return_inverse=True)
            yield Gathering(
                table=contents.table,
                files=tuple(new.files[number] for number in numbers.tolist()),
                file=file.astype(np.int32),
                row=new.row[chosen],
                part=part_of[chosen],
                place=place_of[chosen],
                overlay=new.overlay(chosen),
                uri=store.join(self.scratch, f"{contents.table}-{start:012d}.arrow"),
                scores=contents.scores,
            )
            start = end


def cut(
    weights: Sequence[int], part_bytes: int, group_bytes: int, most_rows: int
) -> list[list[int]]:
    """Cut rows, in their order, into parts and row groups: how many rows each group has."""
    parts: list[list[int]] = []
    in_part, in_group = part_bytes, group_bytes
    for weight in weights:
        if not parts or in_part + weight > part_bytes:
            parts.append([0])
            in_part, in_group = 0, 0
        elif in_group + weight > group_bytes or parts[-1][-1] == most_rows:
            parts[-1].append(0)
            in_group = 0
        parts[-1][-1] += 1
        in_part += weight
        in_group += weight
    return parts


def joined(new: Sequence[NewRows]) -> NewRows:
    """New rows as one, one after the other."""
    if len(new) == 1:
        return new[0]
    starts = np.cumsum([0, *(len(rows.row) for rows in new)])
    firsts = np.cumsum([0, *(len(rows.files) for rows in new)])
    empty: npt.NDArray[np.int32] = np.zeros(0, np.int32)

    def overlay(chosen: npt.NDArray[np.int64]) -> pa.Table:
        tables, places = [], []
        for rows, start, stop in zip(new, starts, starts[1:], strict=False):
            mine = np.flatnonzero((chosen >= start) & (chosen < stop))
            if len(mine):
                tables.append(rows.overlay(chosen[mine] - start))
                places.append(mine)
        return pa.concat_tables(tables).take(pa.array(np.argsort(np.concatenate(places))))

    return NewRows(
        [file for rows in new for file in rows.files],
        np.concatenate(
            [empty, *(rows.file + np.int32(f) for rows, f in zip(new, firsts, strict=False))]
        ),
        np.concatenate([empty, *(rows.row for rows in new)]),
        np.concatenate([np.zeros(0, np.int64), *(rows.weight for rows in new)]),
        np.concatenate([no_splits(0), *(rows.split for rows in new)]),
        overlay,
    )


def _by_split(new: NewRows) -> NewRows:
    """The rows of one split after those of the other, in their order."""
    order = np.argsort(new.split, kind="stable")
    return NewRows(
        new.files,
        new.file[order],
        new.row[order],
        new.weight[order],
        new.split[order],
        lambda places: new.overlay(order[places]),
    )


def _uri(gathered: Gathered) -> str:
    return gathered.uri


def _nobody(uri: str) -> Survivors:
    nothing = np.zeros(0, np.int32)
    return Survivors(uri, nothing, nothing, (), ())


def _is_whole(part: PartFile, left: Survivors) -> bool:
    return len(left.rows) == part.rows and len(left.moved) == 0 and not left.is_said_anew
