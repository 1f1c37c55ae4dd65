"""What a link asks for, and the links that go on from there: every state of a page is in one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast
from urllib.parse import quote, urlencode

from markupsafe import Markup
from starlette.requests import Request

from pipelines.view.names import row_name
from pipelines.view.viewing import Viewing
from schemas.errors import RequestError
from workers.viewing import Filters, Viewed
from workers.viewing.filters import Table
from workers.viewing.words import Search
from workers.webpages.hits import marked_hits
from workers.webpages.markdown import CropAddress

THUMBNAIL_PX = 360
_ROW_ID = re.compile(r"(?<![\w-])[0-9a-f]{64}(?:/\d{5,}(?:-\d{2,})?)?\b")
_FILTERS = frozenset(field.name for field in fields(Filters))
# The page on which a row of each table is shown.
_PAGES = {
    "pages": "page", "conversations": "conversation", "crops": "crop",
    "documents": "document", "rejects": "reject",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A version, and the rows of it that a person goes through.

    `filters` are those of the list that a page was reached from, `others` the rest of the query.
    """

    viewing: Viewing
    viewed: Viewed
    filters: Filters
    others: Mapping[str, str]

    @staticmethod
    def of(request: Request) -> Asked:
        """What a request asks for. Raises RequestError or DatasetError where it cannot be had."""
        viewing: Viewing = request.app.state.viewing
        query = request.query_params
        version = whole_number(query, "version", None)
        others = {
            name: value
            for name, value in query.items()
            if name not in _FILTERS and name not in ("version", "token")
        }
        return Asked(viewing, viewing.at(version), Filters.from_query(query), others)

    def number(self, name: str, default: int) -> int:
        """A whole number of the query. Raises RequestError where it is none."""
        found = whole_number(self.others, name, default)
        assert found is not None
        return found

    # ---- links -------------------------------------------------------------------------------

    def link(self, path: str, **query: object) -> str:
        """A path of the viewer at this version."""
        given = {name: str(value) for name, value in query.items() if value not in (None, "")}
        if self.viewed.version != self.viewing.version:
            given = {"version": str(self.viewed.version)} | given
        return quote(path) + (f"?{urlencode(given)}" if given else "")

    def list_link(self, **changes: Any) -> str:
        """The list that these filters choose; None takes one away, `start` is a place in it."""
        start = changes.pop("start", 0)
        defaults = Filters()
        filters = replace(
            self.filters,
            **{
                name: getattr(defaults, name) if value is None else value
                for name, value in changes.items()
            },
        )
        return self.link("/", **filters.to_query(), start=start or None)

    def table_link(self, table: str) -> str:
        """All rows of a table."""
        return self.link("/", **Filters(table=cast(Table, table)).to_query())

    def row_link(self, table: str, key: str, is_in_list: bool = True, **query: object) -> str:
        """The page of a row; within the list that is gone through, unless it is not of it."""
        context = self.filters.to_query() if is_in_list else {}
        return self.link(f"/{_PAGES[table]}/{key}", **context, **query)

    def picture(self, table: str, key: str, number: int = 0) -> str:
        """The picture of a row."""
        return self.link(f"/picture/{table}/{key}", n=number or None, of=self._mark)

    def thumbnail(self, table: str, key: str, number: int = 0) -> str:
        """The picture of a row, made small."""
        return self.link(f"/thumbnail/{table}/{key}", n=number or None, of=self._mark)

    def redrawn(self, key: str) -> str:
        """The picture of a rejected page, drawn again from its source."""
        return self.link(f"/redrawn/{key}", of=self._mark)

    def crop(self, path: str) -> CropAddress | None:
        """Where the crop is that a text links to by this path."""
        name, _, suffix = path.rpartition(".")
        doc_id, _, rest = name.partition("-")
        key = f"{doc_id}/{rest}"
        if suffix not in ("jpg", "png", "webp") or self.viewed.light_row("crops", key) is None:
            return None
        return CropAddress(self.picture("crops", key), self.row_link("crops", key, False))

    def named(self, text: str) -> str:
        """A text in which the ids of documents, pages and crops are files and page numbers."""
        return _ROW_ID.sub(lambda match: self._name(match[0]), text)

    def _name(self, key: str) -> str:
        page = key.partition("-")[0]
        of_pages: tuple[Table, ...] = ("pages", "conversations", "rejects")
        of_documents: tuple[Table, ...] = ("documents", "rejects")
        for table in of_pages if "/" in page else of_documents:
            row = self.viewed.light_row(table, page)
            if row is not None:
                return row_name(row)
        return key

    def found(self, html: str) -> Markup:
        """A text's HTML, in which the words are marked that the list is searched for."""
        search = Search.of(self.filters.search)
        return Markup(marked_hits(html, search.hits) if search.terms else html)

    @property
    def _mark(self) -> str:
        # Browsers keep pictures for a while, also of another dataset at the same address.
        return self.viewing.mark


def whole_number(query: Mapping[str, str], name: str, default: int | None) -> int | None:
    """A number of a query that is not negative. Raises RequestError where it is none."""
    text = query.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise RequestError(f"`{name}` is {text!r}; give a whole number")
    return int(text)
