"""What a run has to read: the pages that are neither published nor staged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.dataset.state import Snapshot, covered_documents, uncovered
from pipelines.steps.places import staging_root
from schemas.inventory import Document
from schemas.recipe import Recipe
from schemas.shards import PageRange
from schemas.sources import is_made
from workers import store
from workers.shards import Staging


@dataclass(frozen=True, slots=True)
class Work:
    """What a run has to read: `pages`, of which `made` are made from their text.

    `read_ranges` are the other pages; `unpublished` counts the pages that no version has, staged
    ones included; `staged_bytes` is the size of staging now.
    """

    pages: int
    made: int
    read_ranges: Sequence[PageRange]
    unpublished: int
    staged_bytes: int


def remaining_work(
    recipe: Recipe,
    snapshot: Snapshot | None,
    known: Sequence[Document],
    documents: Sequence[Document],
) -> Work:
    """The work of a run whose inventory is `documents`; `known` are those of the last version."""
    published = covered_documents(recipe, snapshot, known)
    receipts = Staging(store.join(staging_root(recipe), recipe.digest())).whole_receipts()
    ranges = list(uncovered(documents, published, receipts))
    read_ranges = [pages for pages in ranges if not is_made(pages.media_type)]
    pages = sum(map(len, ranges))
    return Work(
        pages=pages,
        made=pages - sum(map(len, read_ranges)),
        read_ranges=read_ranges,
        unpublished=sum(
            document.page_count or 0 for document in documents if document.doc_id not in published
        ),
        staged_bytes=sum(receipt.staged_bytes for receipt in receipts),
    )
