"""One version of a dataset, opened once and looked at many times, by many threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.rows import InventoryRow
from schemas.versions import VersionRecord
from workers.viewing.filters import Filters, Table
from workers.viewing.light import LightRow
from workers.viewing.rejected import Redrawn, RejectText
from workers.viewing.searching import Looked, Snippet
from workers.viewing.selecting import FacetValue, Selection
from workers.viewing.stored import Picture


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A published version: its number, when it was committed, and what its commit says."""

    version: int
    timestamp_ms: int
    record: VersionRecord


@dataclass(frozen=True, slots=True)
class ViewedDocument:
    """A document with all that the version has of it.

    `row` is its row of `documents`; None where it is not kept. `inventory` names its files.
    `pages` are its pages and conversations, and its rejected pages, by their index; `rejects` are
    the rejects of the whole document. `crops` are in the order of their pages.
    """

    doc_id: str
    row: Mapping[str, Any] | None
    inventory: InventoryRow | None
    pages: Sequence[LightRow]
    rejects: Sequence[LightRow]
    crops: Sequence[LightRow]


def open_viewed(dataset: str, version: int | None = None) -> Viewed:
    """Open a version of a dataset, the newest by default, and read its small columns.

    Raises DatasetError where there is no such dataset or version, StorageError where its store
    does not answer.
    """
    raise NotImplementedError


class Viewed:
    """One version of a dataset. Close it, or leave its `with`, to end the indexing of texts."""

    dataset: str
    version: int
    record: VersionRecord

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows by table."""
        raise NotImplementedError

    def versions(self) -> Sequence[VersionLine]:
        """The published versions, newest first."""
        raise NotImplementedError

    # ---- choosing ----------------------------------------------------------------------------

    def select(self, filters: Filters) -> Selection:
        """The rows that the filters choose.

        Raises RequestError where the table lacks what a filter is about.
        """
        raise NotImplementedError

    def facets(self, filters: Filters, most: int = 50) -> Mapping[str, Sequence[FacetValue]]:
        """For each of `FACETS` that the table has: the values of the rows that the other filters
        choose, most frequent first, at most so many."""
        raise NotImplementedError

    # ---- one row -----------------------------------------------------------------------------

    def light_row(self, table: Table, key: str) -> LightRow | None:
        """A row without its texts and pictures; None where there is none."""
        raise NotImplementedError

    def row(self, table: Table, key: str) -> Mapping[str, Any] | None:
        """A whole row of `schemas.rows` as plain values; None where there is none.

        Without its pictures (`image`, `images`) and signatures (`minhash`).
        """
        raise NotImplementedError

    def picture(self, table: Table, key: str, number: int = 0) -> Picture | None:
        """The picture of a page or crop, or one of a conversation; None where there is none."""
        raise NotImplementedError

    def thumbnail(
        self, table: Table, key: str, longest_edge_px: int, number: int = 0
    ) -> Picture | None:
        """The picture made small, as a JPEG; None where there is none.

        Raises RequestError where the picture has too many pixels or cannot be decoded.
        """
        raise NotImplementedError

    def document(self, doc_id: str) -> ViewedDocument | None:
        """A document with its pages, rejects and crops; None where the version knows none."""
        raise NotImplementedError

    def duplicates_of(self, key: str) -> Sequence[LightRow]:
        """The rejects that were dropped for a page or document that is kept, most similar first."""
        raise NotImplementedError

    # ---- words -------------------------------------------------------------------------------

    def snippets(self, table: Table, keys: Sequence[str], search: str = "") -> Sequence[Snippet]:
        """For each key the stretch of its text where the first hit of a search is, or its start."""
        raise NotImplementedError

    def start_indexing(self) -> None:
        """Make the index of the texts in the background, where it is not there yet."""
        raise NotImplementedError

    def indexed(self, table: Table = "pages") -> Looked:
        """How many of a table's rows the index has. It grows while it is made."""
        raise NotImplementedError

    # ---- rejects -----------------------------------------------------------------------------

    def redraw(self, key: str) -> Redrawn:
        """The picture of a rejected page, drawn again from its source in a killable child."""
        raise NotImplementedError

    def reject_text(self, key: str) -> RejectText:
        """The text of a rejected page, where the text of its document holds it."""
        raise NotImplementedError

    def close(self) -> None:
        """End what runs in the background."""
        raise NotImplementedError
