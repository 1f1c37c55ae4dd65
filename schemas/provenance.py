"""Where a document is from: what its place, its file and the recipe say of it. Pure.

Nothing here is guessed. A fact that nobody stated is None; a document without any fact is a null in
the tables' column `source`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Literal, cast

from schemas.lines import one_line
from schemas.rows import SourceRow
from schemas.shards import SeenFile

LicenseFrom = Literal["document", "recipe"]
"""Who stated a licence: the document itself, or the recipe's source."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """A `schemas.tables.SOURCE`. Its address is not part of it: that is `source_uri`.

    - `container` is the file that holds the document, `url` where a crawl or a link fetched it, and
      `fetched` when a crawl did, in UTC.
    - `title`, `author` and `language` are as the document says.
    - `license` is an SPDX identifier where one exists, else as written; `license_from` says who
      states it.
    - `reserved` is what the document, or the server that it came from, reserves.
    """

    container: str | None = None
    url: str | None = None
    fetched: str | None = None
    title: str | None = None
    author: str | None = None
    language: str | None = None
    license: str | None = None
    license_from: str | None = None
    reserved: str | None = None

    def to_row(self) -> SourceRow | None:
        """A row of `schemas.tables.SOURCE`; None where nothing is known."""
        return None if self == NOTHING else cast(SourceRow, asdict(self))

    @staticmethod
    def from_row(row: SourceRow | None) -> Provenance:
        """The inverse of `to_row`."""
        return NOTHING if row is None else Provenance(**row)

    def at(self, file: SeenFile) -> Provenance:
        """The same document, found in this file."""
        member = file.member
        if member is None:
            url = file.uri if file.is_link else None
            return replace(self, container=None, url=url, fetched=None)
        return replace(
            self,
            container=file.container,
            url=_url(member.within or member.name),
            fetched=member.fetched,
        )

    def named(self, file: SeenFile) -> Provenance:
        """The same place under the name that the recipe now gives it."""
        return self if self.container is None else replace(self, container=file.container)

    def under(self, license_of_source: str | None) -> Provenance:
        """The same document under the recipe's licence, unless the document states its own."""
        if self.license_from == "document":
            return self
        whose = None if license_of_source is None else "recipe"
        return replace(self, license=license_of_source, license_from=whose)


NOTHING = Provenance()


def _url(member: str) -> str | None:
    """The URL in a member's name: the whole, or in a WARC what follows the record's id.

    >>> _url("urn:uuid:1 https://example.org/a.pdf")
    'https://example.org/a.pdf'
    """
    _, _, behind = member.partition(" ")
    named = (word for word in (member, behind) if word.startswith(("http://", "https://")))
    return next(named, None)


def stated(text: object) -> str | None:
    """A fact as a document states it, as one bounded line; None where it states nothing."""
    return one_line(text) or None if isinstance(text, str) else None
