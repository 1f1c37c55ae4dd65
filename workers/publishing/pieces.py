"""Pieces of items that page breaks part, from the rows of documents to those of their pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemas.policies import PolicyStep
from workers.policies import Judge, Passage, Sought, find_pieces, load
from workers.policies.decontamination import Piece
from workers.publishing.full_rows import PARTED, Row, passages_of
from workers.publishing.rows_of import RowsOf


@dataclass(frozen=True, slots=True)
class PieceOfPage:
    """A piece, and the page on which it stands."""

    doc_id: str
    page_index: int
    piece: Piece


@dataclass(frozen=True, slots=True)
class Parting:
    """Documents of one file of which only the pieces of their pages are wanted."""

    rows: RowsOf
    steps: tuple[PolicyStep, ...]
    sought: Sought


def part_documents(task: Parting) -> list[PieceOfPage]:
    """The pieces of all pages of the task's documents."""
    steps = [step for step in task.steps if step.decontaminate is not None]
    judges, file = load(steps, task.sought), task.rows.file
    found: list[PieceOfPage] = []
    for batch in task.rows.batches(["text", "language", *PARTED]):
        rows = batch.to_pylist()
        _, pieces = parted(rows, passages_of(rows, range(len(rows)), file), judges)
        found += pieces
    return found


def parted(
    rows: Sequence[Row], documents: Sequence[Passage], judges: Sequence[Judge]
) -> tuple[list[Passage], list[PieceOfPage]]:
    """The documents with the items that were found in them, and the pieces of their pages."""
    known, found = find_pieces(documents, judges)
    return known, list(_of_pages(rows, found))


def _of_pages(
    rows: Sequence[Row], found: Sequence[Sequence[tuple[int, Piece]]]
) -> Iterator[PieceOfPage]:
    for row, pieces in zip(rows, found, strict=True):
        for number, piece in pieces:
            yield PieceOfPage(row["doc_id"], row["page_indices"][number], piece)
