"""Bring what page breaks part from documents to their pages, which are judged with it.

    documents that were judged now ─────────────────────────┐
    others that have a page to judge ─► [ part ] per file ──┴─► pieces by page
    duplicates of which several pages are kept ─► [ assemble ] ─► [ part ]

A document that is kept says what goes over its breaks, all pages included. Of a document that is
left out as a duplicate only those of its pages count that are kept: the others have no text.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain

import numpy as np

from cluster.session import Session
from pipelines.steps.tasks import run_tasks
from pipelines.version.documents import Compared, Documents, assembled_files, is_lost
from pipelines.version.inputs import Inputs
from pipelines.version.judging import TABLES, Pieces, to_judge
from pipelines.version.lists import lists_uri
from pipelines.version.policies import Judges, has_lost_text
from pipelines.version.ranking import Ranking
from pipelines.version.records import FIRST_BARRED, LEFT_OUT, Flags, Records, page_key
from workers.policies import Sought
from workers.policies.decontamination import Piece
from workers.publishing.pieces import Parting, PieceOfPage, part_documents
from workers.publishing.rows_of import RowsOf


@dataclass(frozen=True, slots=True)
class Judged:
    """The pages that are judged next: published, as they were read, which of them, and how ranked.

    All are along each other.
    """

    published: Records
    originals: Records
    among: Flags
    ranking: Ranking


def find_pieces(
    pages: Judged,
    compared: Compared,
    documents: Documents,
    inputs: Inputs,
    judges: Judges,
    session: Session,
) -> Pieces:
    """What stands on pages of items that go over their edges."""
    if not any(step.decontaminate for step in judges.recipe.policies):
        return Pieces()
    # 1. The documents with pages that are judged now. A document of one page has no break.
    rows = pages.originals
    count = len(inputs.catalogue.documents)
    has_break = np.bincount(rows.doc[rows.readable], minlength=count) > 1
    is_kept = _flags(compared.documents.doc[compared.among], count)
    moved = _moved(pages, compared, is_kept) & has_break
    is_moved = moved[rows.doc]
    todo, _ = to_judge(pages.published, rows, pages.among, judges, pages.ranking, is_moved)
    wanted = _flags(rows.doc[todo], count) & has_break
    # 2. Those that were judged have said what goes over their breaks.
    known = documents.verdicts.pieces
    wanted &= ~_flags(compared.documents.doc[documents.verdicts.judged], count)
    # 3. Of others the text is at hand, or it is that of their pages.
    texts = compared.documents
    has_text = compared.among & wanted[texts.doc]
    has_text &= ~(texts.origin("rejects") | has_lost_text(texts))
    wanted &= ~_flags(texts.doc[has_text], count)
    from_pages = rows.readable & wanted[rows.doc] & (is_kept[rows.doc] | pages.among)
    from_pages &= (np.bincount(rows.doc[from_pages], minlength=count) > 1)[rows.doc]
    lost: Flags = from_pages & is_lost(rows)
    if lost.any():
        return Pieces(moved=is_moved, lost=lost)
    files = assembled_files(inputs, rows.take(from_pages), "breaks", session)
    parts = [part for part, _ in texts.by_file(np.flatnonzero(has_text))]
    parts += [RowsOf(file, np.arange(file.rows, dtype=np.int32)) for file in files]
    found = _part(parts, judges) if parts else []
    return Pieces(_by_page([*known, *found], inputs), is_moved)


def _flags(numbers: np.ndarray[tuple[int], np.dtype[np.int32]], count: int) -> Flags:
    """Which documents are among these numbers."""
    flags = np.zeros(count, bool)
    flags[numbers] = True
    return flags


def _moved(pages: Judged, compared: Compared, is_kept: Flags) -> Flags:
    """Documents that say something else of their pages than in the last version: a flag each.

    They were duplicates and are none, or the reverse; or they are, and other pages of them are
    kept.
    """
    published = compared.published
    was_kept = published.origin("documents") | (published.outcome >= FIRST_BARRED)
    moved: Flags = _flags(published.doc[was_kept], len(is_kept)) != is_kept
    rows = pages.published
    was_among = rows.origin(*TABLES) | (rows.outcome == LEFT_OUT) | (rows.outcome >= FIRST_BARRED)
    differs = rows.readable & (was_among != pages.among) & ~is_kept[rows.doc]
    moved |= _flags(rows.doc[differs], len(is_kept))
    return moved


def _part(parts: list[RowsOf], judges: Judges) -> list[PieceOfPage]:
    lists = lists_uri(judges.recipe, judges.listed, judges.scratch, judges.session)
    tasks = [Parting(part, judges.recipe.policies, Sought(lists)) for part in parts]
    return list(chain.from_iterable(run_tasks(part_documents, tasks, judges.session)))


def _by_page(found: list[PieceOfPage], inputs: Inputs) -> dict[int, tuple[Piece, ...]]:
    of_page: dict[int, list[Piece]] = defaultdict(list)
    for one in found:
        number = inputs.catalogue.numbers[one.doc_id]
        of_page[page_key(number, one.page_index)].append(one.piece)
    return {key: tuple(pieces) for key, pieces in of_page.items()}
