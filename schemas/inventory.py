"""The inventory: all documents that the sources hold now, and how to update it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from schemas.provenance import NOTHING, Provenance
from schemas.rows import InventoryRow
from schemas.shards import PageRange, SeenFile
from schemas.sources import is_copied, listed_as, source_named


@dataclass(frozen=True, slots=True)
class Document:
    """One document and its files: first the file that rows name, then the others by URI.

    `page_count` is None if the pages cannot be counted; `reason` and `detail` then say why.
    `own` is what the document states itself. `provenance` is all that is known of where it is from,
    and follows the first file.
    """

    doc_id: str
    files: tuple[SeenFile, ...]
    media_type: str | None
    page_count: int | None
    reason: str | None = None
    detail: str | None = None
    provenance: Provenance = NOTHING
    own: Provenance = NOTHING

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
            "uris": [file.to_row() for file in self.files],
            "source": self.provenance.to_row(),
            "own": self.own.to_row(),
            "media_type": self.media_type,
            "size": self.files[0].size,
            "page_count": self.page_count,
            "reason": self.reason,
            "detail": self.detail,
        }

    @staticmethod
    def from_row(row: InventoryRow) -> Document:
        """The inverse of `to_row`."""
        files = tuple(map(SeenFile.from_dict, row["uris"]))
        provenance = Provenance.from_row(row.get("source"))
        own = Provenance.from_row(row.get("own"))
        if own == NOTHING and files[0].stated == NOTHING and not is_copied(row["media_type"]):
            own = provenance.own  # a row of an earlier release
        return Document(
            *(row["doc_id"], files, row["media_type"], row["page_count"]),
            *(row["reason"], row["detail"], provenance, own),
        )


def update_inventory(
    known: Iterable[Document],
    listed: Iterable[SeenFile],
    found: Iterable[tuple[SeenFile, Document]],
    on_missing: Literal["keep", "remove"],
    unreadable: frozenset[str] = frozenset(),
    licenses: Mapping[str, str] | None = None,
) -> list[Document]:
    """The documents that the sources hold now, sorted by id.

    A file stays with its document if it is listed unchanged, if it is `unreadable`, or if it is
    missing and `on_missing` is `keep`. A file whose content changed leaves its old document. A
    document without files leaves the inventory. Records and members are listed as the file that
    holds them.

    Rows keep naming the same file while it is listed; then the first listed file, if any. Of
    the same bytes one name may say what another does not, as `a.md` and `a.txt`: the document is
    then the one whose pages can be counted.

    A document whose first file was not examined now, and is the same as before, keeps what is known
    of where it is from, except for its licence where the recipe states it.

    Args:
        known: the last inventory.
        listed: every file that the sources list now.
        found: files that were examined now, or whose `stated` may have changed, each with its
            document, whose `files` and `provenance` are ignored.
        unreadable: URIs that are listed but cannot be read.
        licenses: the licences that the recipe gives to listed files, by URI.
    """
    documents: dict[str, Document] = {}
    files: dict[str, set[SeenFile]] = {}
    before: dict[str, Document] = {}
    now = {file.uri: file for file in listed}
    for document in known:
        before[document.doc_id] = document
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
    own: dict[str, Provenance] = {}
    examined: set[tuple[str, SeenFile]] = set()
    for file, document in sorted(found, key=_readable_first):
        other = documents.setdefault(document.doc_id, document)
        if other.page_count is None and document.page_count is not None:
            documents[document.doc_id] = document
        places = files.setdefault(document.doc_id, set())
        places.discard(file)  # what is stated there may differ now
        places.add(file)
        own.setdefault(document.doc_id, document.own)
        examined.add((document.doc_id, file))
    present = []
    for doc_id, document in sorted(documents.items()):
        known_as = before.get(doc_id)
        name = known_as.files[0].uri if known_as else None
        named = _named_first(files[doc_id], name, now, document.media_type)
        says = own.get(doc_id, document.own)
        if known_as and named[0] == known_as.files[0] and (doc_id, named[0]) not in examined:
            provenance = _renamed(known_as.provenance, named[0])
        else:
            provenance = where_from(says, named[0])
        uri = listed_as(named[0], document.media_type)
        if uri in now and not is_copied(document.media_type):
            provenance = provenance.under((licenses or {}).get(uri))
        present.append(replace(document, files=named, provenance=provenance, own=says))
    return present


def where_from(own: Provenance, file: SeenFile) -> Provenance:
    """Where a document is from that states `own` and lies in a file."""
    stated, member = file.stated, file.member
    if member is None:
        return own.over(replace(stated, url=file.uri if file.is_link else stated.url))
    url = _url(member.within or member.name) or stated.url
    fetched = member.fetched or stated.fetched
    return own.over(replace(stated, container=file.container, url=url, fetched=fetched))


def _renamed(provenance: Provenance, file: SeenFile) -> Provenance:
    """The same place under the name that the recipe now gives it."""
    if file.member is None or provenance.container is None:  # an earlier release wrote none
        return provenance
    return replace(provenance, container=file.container)


def _url(member: str) -> str | None:
    """The URL in a member's name: the whole, or in a WARC what follows the record's id.

    >>> _url("urn:uuid:1 https://example.org/a.pdf")
    'https://example.org/a.pdf'
    """
    _, _, behind = member.partition(" ")
    named = (word for word in (member, behind) if word.startswith(("http://", "https://")))
    return next(named, None)


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
