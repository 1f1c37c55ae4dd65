"""One version of a dataset, opened once and looked at many times, by many threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import pyarrow.compute as pc

from schemas.errors import DatasetError, RequestError
from schemas.inventory import Document
from schemas.rows import InventoryRow
from schemas.tables import TABLES
from schemas.versions import VersionRecord
from workers import store
from workers.dataset import TableVersion, open_table, table_history
from workers.viewing.documents import (
    NO_TEXT,
    RejectText,
    ViewedDocument,
    assembled,
    text_of_page,
)
from workers.viewing.filters import Filters, Table
from workers.viewing.light import LightRow, LightTable
from workers.viewing.light_columns import read_light
from workers.viewing.recent import Recent
from workers.viewing.rejected import Redrawer, Redrawn
from workers.viewing.searching import Looked, Numbers, Searcher, Snippet
from workers.viewing.selecting import Chooser, FacetValue, Selection
from workers.viewing.stored import Picture, StoredRows, thumbnail
from workers.viewing.text_index import INDEXED, State, TextIndex, cache_folder
from workers.viewing.words import Search

_SEARCH_S = 0.15
_SELECTIONS, _FACETS, _REDRAWN = 16, 64, 32
_THUMBNAIL_BYTES, _ROW_CHARS = 64 * 2**20, 32 * 2**20


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A published version: its number, when it was committed, and what its commit says."""

    version: int
    timestamp_ms: int
    record: VersionRecord


def open_viewed(
    dataset: str, version: int | None = None, index_folder: Path | None = None
) -> Viewed:
    """Open a version of a dataset, the newest by default, and read its small columns.

    `index_folder` is where the index of its texts is kept, by default in the user's cache.

    Raises DatasetError where there is no such dataset or version, StorageError where its store
    does not answer.
    """
    uri = store.absolute(dataset)
    pages = open_table(store.join(uri, "pages"), version)
    if pages is None or (version is None and "versions" not in pages.metadata):
        raise DatasetError(f"{dataset} holds no published version; `pagefoundry run` makes one")
    if "versions" not in pages.metadata:
        raise DatasetError(f"{dataset}: version {version} is not a published one")
    tables = {"pages": pages}
    for name in TABLES:
        number = pages.metadata["versions"].get(name)
        table = None if number is None else open_table(store.join(uri, name), number)
        if table is not None:
            tables[name] = table
    return Viewed(uri, tables, index_folder or cache_folder(uri))


class Viewed:
    """One version of a dataset. Close it, or leave its `with`, to end what runs beside it.

    A table that an earlier release did not have is empty.
    """

    def __init__(self, uri: str, tables: Mapping[str, TableVersion], index_folder: Path) -> None:
        self.dataset = uri
        self.version = tables["pages"].version
        self.record: VersionRecord = tables["pages"].metadata
        self._tables = tables
        read = {name: read_light(table) for name, table in tables.items()}
        self._light = {name: LightTable.empty(name) for name in TABLES}
        self._light |= {name: light for name, (light, _) in read.items()}
        self._stored = {name: StoredRows(name, parts) for name, (_, parts) in read.items()}
        self._choosers = {name: Chooser(table) for name, table in self._light.items()}
        self._index = TextIndex(index_folder, [tables[name] for name in INDEXED if name in tables])
        self._searcher = Searcher(self._index, _SEARCH_S)
        self._redrawer = Redrawer(self.record.get("reading_settings", {}))
        self._selections: Recent[Selection] = Recent(_SELECTIONS)
        self._facets: Recent[Mapping[str, Sequence[FacetValue]]] = Recent(_FACETS)
        # A row has about as much text again in its blocks.
        self._rows: Recent[Mapping[str, Any]] = Recent(
            _ROW_CHARS, lambda row: 2 * len(row.get("text") or "") + 10_000
        )
        self._thumbnails: Recent[Picture | None] = Recent(
            _THUMBNAIL_BYTES, lambda picture: len(picture.data) if picture else 1
        )
        self._redrawn: Recent[Redrawn] = Recent(_REDRAWN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows by table."""
        return {name: table.rows for name, table in self._light.items()}

    def versions(self) -> Sequence[VersionLine]:
        """The published versions, newest first."""
        history = table_history(store.join(self.dataset, "pages"))
        return [VersionLine(*line) for line in history if "versions" in line[2]]

    # ---- choosing ----------------------------------------------------------------------------

    def select(self, filters: Filters) -> Selection:
        """The rows that the filters choose.

        A search answers in time, if need be with what it has found so far: `looked` says how far
        that is. Asked again, it has found more.

        Raises RequestError where the table has no texts to search, or nothing to order it by.
        """
        found, looked = self._found(filters, self._searcher.find)
        if looked is not None and not looked.is_whole:
            return self._selected(filters, found, looked)
        return self._selections.get(filters, lambda: self._selected(filters, found, looked))

    def _selected(
        self, filters: Filters, found: Numbers | None, looked: Looked | None
    ) -> Selection:
        numbers = self._choosers[filters.table].choose(filters, found)
        return Selection(filters, self._light[filters.table], numbers, looked)

    def facets(self, filters: Filters, most: int = 50) -> Mapping[str, Sequence[FacetValue]]:
        """For each of `FACETS` that the table has: the values of the rows that the other filters
        choose, most frequent first, at most so many.

        Of a search they count what `select` has found last.
        """
        found, looked = self._found(filters, self._searcher.found)
        chooser = self._choosers[filters.table]
        if looked is not None and not looked.is_whole:
            return chooser.facets(filters, found, most)
        return self._facets.get((filters, most), lambda: chooser.facets(filters, found, most))

    def _found(
        self, filters: Filters, find: Callable[[TableVersion, Search], tuple[Numbers, Looked]]
    ) -> tuple[Numbers | None, Looked | None]:
        """The rows that a search finds; None without one."""
        if not filters.search:
            return None, None
        if filters.table == "rejects":
            raise RequestError("`search` is for texts, and rejects have none; choose another table")
        # A document is found by the texts of its pages.
        name = "pages" if filters.table == "documents" else filters.table
        if name not in self._tables:
            return np.empty(0, np.int32), Looked(0, 0)
        found, looked = find(self._tables[name], Search.of(filters.search))
        if filters.table == "documents":
            found = self._light["documents"].rows_like(self._light["pages"], found)
        return found, looked

    # ---- one row -----------------------------------------------------------------------------

    def light_row(self, table: Table, key: str) -> LightRow | None:
        """A row without its texts and pictures; None where there is none."""
        number = self._light[table].find(key)
        return None if number is None else self._light[table].row(number)

    def kept(self, kept_id: str) -> LightRow | None:
        """The page, conversation or document that a duplicate names as kept; None if it is gone."""
        tables: Sequence[Table] = ("pages", "conversations", "documents")
        rows = (self.light_row(name, kept_id) for name in tables)
        return next((row for row in rows if row is not None), None)

    def duplicates_of(self, key: str, most: int = 200) -> Sequence[LightRow]:
        """The rejects that were dropped for a page or document that is kept, most similar first."""
        rejects = self._light["rejects"]
        if rejects.kept is None:
            return []
        rows = np.flatnonzero(pc.equal(rejects.kept, key).fill_null(False).to_numpy(False))
        found = [rejects.row(row) for row in rows[:most].tolist()]
        return sorted(found, key=lambda row: (-(row.similarity or 0.0), row.key))

    def row(self, table: Table, key: str) -> Mapping[str, Any] | None:
        """A whole row of `schemas.rows` as plain values; None where there is none.

        Without its pictures (`image`, `images`) and signatures (`minhash` and other hashes).
        """
        return self._row(table, key)

    def _row(self, table: str, key: str) -> Mapping[str, Any] | None:
        place = self._place(table, key)
        if place is None:
            return None
        return self._rows.get((table, key), lambda: self._stored[table].row(*place))

    def picture(self, table: Table, key: str, number: int = 0) -> Picture | None:
        """The picture of a page or crop, or one of a conversation; None where there is none."""
        place = self._place(table, key)
        return None if place is None else self._stored[table].picture(*place, number)

    def thumbnail(
        self, table: Table, key: str, longest_edge_px: int, number: int = 0
    ) -> Picture | None:
        """The picture made small, as a JPEG; None where there is none.

        Raises RequestError where the picture has too many pixels or cannot be decoded.
        """

        def made() -> Picture | None:
            picture = self.picture(table, key, number)
            return None if picture is None else thumbnail(picture, longest_edge_px)

        return self._thumbnails.get((table, key, number, longest_edge_px), made)

    def document(self, doc_id: str, start: int = 0, count: int = 200) -> ViewedDocument | None:
        """A document with `count` of its pages from a place on; None where none is known."""
        row, inventory = self._row("documents", doc_id), self._row("inventory", doc_id)
        return assembled(doc_id, self._light, row, inventory, range(start, start + count))

    def _place(self, table: str, key: str) -> tuple[int, int] | None:
        """The number of the part that has a row, and the row's place in it."""
        number = self._light[table].find(key)
        return None if number is None else self._light[table].place(number)

    # ---- words -------------------------------------------------------------------------------

    def snippets(self, table: Table, keys: Sequence[str], search: str = "") -> Sequence[Snippet]:
        """For each key the stretch of its text where the first hit of a search is, or its start.

        A row that is not there has an empty one.
        """
        wanted = Search.of(search)
        return [Snippet.of(self._text(table, key), wanted) for key in keys]

    def _text(self, table: str, key: str) -> str:
        place = self._place(table, key) if table != "rejects" else None
        return "" if place is None else self._stored[table].text(*place)

    def start_indexing(self) -> None:
        """Make the index of the texts in the background, where it is not there yet."""
        self._index.start()

    @property
    def indexing(self) -> State:
        """Whether the index is being made. What failed is told on the terminal."""
        return self._index.state

    def indexed(self, table: Table = "pages") -> Looked:
        """How many of a table's rows the index has. It grows while it is made."""
        if table not in INDEXED or table not in self._tables:
            return Looked(0, 0)
        return Looked(self._index.rows(self._tables[table]), self._light[table].rows)

    # ---- rejects -----------------------------------------------------------------------------

    def redraw(self, key: str) -> Redrawn:
        """The picture of a rejected page, drawn again from its source in a killable child."""
        drawn = self._redrawn.get(key, lambda: self._redraw(key))
        if drawn.picture is None:
            self._redrawn.forget(key)  # its source may come back
        return drawn

    def _redraw(self, key: str) -> Redrawn:
        reject = self.light_row("rejects", key)
        if reject is None:
            return Redrawn(None, f"{key} is no reject of this version")
        if reject.page_index is None:
            return Redrawn(None, "the whole document was rejected, and none of its pages is drawn")
        row = self._row("inventory", reject.doc_id)
        if row is None:
            return Redrawn(None, "the inventory does not name the document")
        document = Document.from_row(cast(InventoryRow, row))
        return self._redrawer.draw(document, reject.page_index)

    def reject_text(self, key: str) -> RejectText:
        """The text of a rejected page, where the text of its document holds it.

        That of a duplicate is read again from the text layer of its source where none is kept, so
        that it can be compared with its keeper.
        """
        reject = self.light_row("rejects", key)
        if reject is None:
            return RejectText(None, NO_TEXT)
        row = self._row("documents", reject.doc_id)
        kept = RejectText(None, NO_TEXT) if row is None else text_of_page(row, reject.page_index)
        if kept.text is not None or reject.kept_id is None or reject.page_index is None:
            return kept
        text = self.redraw(key).layer_text
        return kept if text is None else RejectText(text, is_read_again=True)

    def close(self) -> None:
        """End what runs in the background."""
        self._searcher.close()
        self._index.close()
        self._redrawer.close()
