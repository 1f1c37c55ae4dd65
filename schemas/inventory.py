"""The inventory: all documents that the sources hold now, and how to update it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal, cast

from schemas.rows import InventoryRow, SeenRow
from schemas.shards import PageRange, SeenFile
from schemas.sources import listed_as, source_named


@dataclass(frozen=True, slots=True)
class Document:
    """One document and its files: first the file that rows name, then the others by URI.

    `page_count` is None if the pages cannot be counted; `reason` and `detail` then say why.
    """

    doc_id: str
    files: tuple[SeenFile, ...]
    media_type: str | None
    page_count: int | None
    reason: str | None = None
    detail: str | None = None

    @property
    def source_uri(self) -> str:
        """The URI that rows name. It stays while its file is listed, so that rows do not change.

        It is the one column that depends on earlier versions; for a new document it is the first
        URI, so that it does not depend on the order of arrival.
        """
        return source_named(self.files[0].uri, self.media_type)

    @property
    def pages(self) -> PageRange:
        """All pages of a document whose pages are counted."""
        assert self.page_count is not None
        assert self.media_type is not None
        return PageRange(self.doc_id, 0, self.page_count, self.media_type, self.files)

    def to_row(self) -> InventoryRow:
        """A row of `schemas.tables.INVENTORY`."""
        return {
            "doc_id": self.doc_id,
            "uris": [cast(SeenRow, asdict(file)) for file in self.files],
            "media_type": self.media_type,
            "size": self.files[0].size,
            "page_count": self.page_count,
            "reason": self.reason,
            "detail": self.detail,
        }

    @staticmethod
    def from_row(row: InventoryRow) -> Document:
        """The inverse of `to_row`."""
        return Document(
            row["doc_id"],
            tuple(map(SeenFile.from_dict, row["uris"])),
            row["media_type"],
            row["page_count"],
            row["reason"],
            row["detail"],
        )


def update_inventory(
    known: Iterable[Document],
    listed: Iterable[SeenFile],
    found: Iterable[tuple[SeenFile, Document]],
    on_missing: Literal["keep", "remove"],
    unreadable: frozenset[str] = frozenset(),
) -> list[Document]:
    """The documents that the sources hold now, sorted by id.

    A file stays with its document if it is listed unchanged, if it is `unreadable`, or if it is
    missing and `on_missing` is `keep`. A file whose content changed leaves its old document. A
    document without files leaves the inventory. Records and members are listed as the file that
    holds them.

    Rows keep naming the same file while it is listed; then the first listed file, if any. Of
    the same bytes one name may say what another does not, as `a.md` and `a.txt`: the document is
    then the one whose pages can be counted.

    Args:
        known: the last inventory.
        listed: every file that the sources list now.
        found: files that were examined now, each with its document, whose `files` are ignored.
        unreadable: URIs that are listed but cannot be read.
    """
    documents: dict[str, Document] = {}
    files: dict[str, set[SeenFile]] = {}
    names: dict[str, str] = {}
    now = {file.uri: file for file in listed}
    for document in known:
        names[document.doc_id] = document.files[0].uri
        for file in document.files:
            uri = listed_as(file, document.media_type)
            listing = now.get(uri)
            stays = (
                on_missing == "keep"
                if listing is None
                else (file.size, file.version) == (listing.size, listing.version)
                or uri in unreadable
            )
            if stays:
                documents[document.doc_id] = document
                files.setdefault(document.doc_id, set()).add(file)
    for file, document in sorted(found, key=_readable_first):
        before = documents.setdefault(document.doc_id, document)
        if before.page_count is None and document.page_count is not None:
            documents[document.doc_id] = document
        files.setdefault(document.doc_id, set()).add(file)
    return [
        Document(
            doc_id,
            _named_first(files[doc_id], names.get(doc_id), now, document.media_type),
            document.media_type,
            document.page_count,
            document.reason,
            document.detail,
        )
        for doc_id, document in sorted(documents.items())
    ]


def _readable_first(found: tuple[SeenFile, Document]) -> tuple[bool, str, str]:
    """An order that does not depend on which file was examined first."""
    file, document = found
    return document.page_count is None, document.media_type or "", file.uri


def _named_first(
    files: Iterable[SeenFile],
    name: str | None,
    now: Mapping[str, SeenFile],
    media_type: str | None,
) -> tuple[SeenFile, ...]:
    """The files with the one that rows name first: a listed file before a missing one."""

    def claim(file: SeenFile) -> tuple[bool, bool, str]:
        return listed_as(file, media_type) not in now, file.uri != name, file.uri

    first, *others = sorted(files, key=claim)
    return first, *sorted(others, key=lambda file: file.uri)
