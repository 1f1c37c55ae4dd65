"""Where a document is from: what is stated of it, and by whom. Pure.

A document states facts itself, others are stated where it lies: in a file beside it, in columns of
its table, by the server that it was fetched from; the recipe may state a licence. Nothing here is
guessed. A fact that nobody stated is None; a document without any fact is a null in the tables'
column `source`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import cast

from schemas.lines import one_line
from schemas.rows import SourceRow


@dataclass(frozen=True, slots=True)
class Provenance:
    """A `schemas.tables.SOURCE`. Its address is not part of it: that is `source_uri`.

    - `container` is the file that holds the document, `url` where a crawl or a link fetched it, and
      `fetched` when a crawl did, in UTC.
    - `title`, `author` and `language` are as the document says.
    - `license` is an SPDX identifier where one exists, else as written; `license_from` says who
      states it: the `document`, a file `beside` it, a `column`, a file of its `folder`, or the
      `recipe`; the first of these that does.
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

    def over(self, other: Provenance) -> Provenance:
        """These facts, and the other's where there is none; what either of them reserves."""
        if NOTHING in (self, other):
            return other if self == NOTHING else self
        facts = asdict(other) | {name: word for name, word in asdict(self).items() if word}
        both = [part.reserved.split("; ") for part in (self, other) if part.reserved]
        words = dict.fromkeys(word for part in both for word in part)
        return Provenance(**facts | {"reserved": "; ".join(words) or None})

    @property
    def inherited(self) -> Provenance:
        """What of these facts also holds for all that is in an archive."""
        return Provenance(
            license=self.license, license_from=self.license_from, reserved=self.reserved
        )

    @property
    def own(self) -> Provenance:
        """What of these facts the document states itself, where nothing was stated beside it."""
        own = replace(self, container=None, url=None, fetched=None)
        if self.license_from == "document":
            return own
        return replace(own, license=None, license_from=None)

    def under(self, license_of_source: str | None) -> Provenance:
        """The same document under the recipe's licence, unless another one is stated."""
        if self.license is not None and self.license_from != "recipe":
            return self
        whose = None if license_of_source is None else "recipe"
        return replace(self, license=license_of_source, license_from=whose)


NOTHING = Provenance()


def stated(text: object) -> str | None:
    """A fact as a document states it, as one bounded line; None where it states nothing."""
    return one_line(text) or None if isinstance(text, str) else None
