"""How much of a dataset would be removed because its files are gone. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.inventory import Document
from schemas.sources import is_made, record_place


@dataclass(frozen=True, slots=True)
class Removal:
    """Documents and pages that leave without a replacement, and how many there were."""

    documents: int
    of_documents: int
    pages: int
    of_pages: int

    @property
    def share(self) -> float:
        """The larger of the two shares, from 0 to 1."""
        documents = self.documents / self.of_documents if self.of_documents else 0.0
        pages = self.pages / self.of_pages if self.of_pages else 0.0
        return max(documents, pages)

    def __str__(self) -> str:
        """As `9 of 10 documents and 18 of 20 pages`."""
        return (
            f"{self.documents:,} of {self.of_documents:,} documents and {self.pages:,} of "
            f"{self.of_pages:,} pages"
        )


def removal(known: Sequence[Document], now: Sequence[Document]) -> Removal:
    """What leaves between two inventories.

    An edited file contains another document than before, and a file of records may contain other
    records. So documents that arrive in a file are set off against those that leave it.
    """
    before = {document.doc_id for document in known}
    after = {document.doc_id for document in now}
    leaving = [document for document in known if document.doc_id not in after]
    arriving = [document for document in now if document.doc_id not in before]
    return Removal(
        documents=_net(_documents(leaving), _documents(arriving)),
        of_documents=len(known),
        pages=_net(_pages(leaving), _pages(arriving)),
        of_pages=sum(document.page_count or 0 for document in known),
    )


def _documents(documents: Iterable[Document]) -> Counter[str]:
    """The number of documents in each file."""
    return Counter(_file_of(document) for document in documents)


def _pages(documents: Iterable[Document]) -> Counter[str]:
    """The number of pages in each file."""
    counts: Counter[str] = Counter()
    for document in documents:
        counts[_file_of(document)] += document.page_count or 0
    return counts


def _file_of(document: Document) -> str:
    uri = document.files[0].uri
    return record_place(uri).file_uri if is_made(document.media_type) else uri


def _net(leaving: Counter[str], arriving: Counter[str]) -> int:
    return sum((leaving - arriving).values())
