"""Lists of rows: the grid of a table with its filters, and what is counted of their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from pipelines.view.asked import Asked
from pipelines.view.templates import called, page
from workers.viewing import NONE, ORDERS, FacetValue, LightRow, Note, Snippet
from workers.webpages.visible import shown

ROWS_AT_ONCE = 60
_FIRST_VALUES = 7
_FIRST_OF_REJECTS = ("level", "reason", "stage")
_NAMES = ("source", "license", "engine", "split")
_PICTURED = ("pages", "conversations", "crops")
ORDER_NAMES = {
    "published": "as published", "worst": "worst quality first", "best": "best quality first",
    "longest": "longest first", "shortest": "shortest first",
}  # fmt: skip
_BOUNDS = {"quality": ("0", "1", "0.01"), "coverage": ("0", "1", "0.01"), "tokens": ("0", "", "1")}


@dataclass(frozen=True, slots=True)
class Card:
    """A row in a list, and where it leads. Its `snippet` is HTML."""

    row: LightRow
    link: str
    thumbnail: str | None
    snippet: Markup
    note: Note | None


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a filter: how many rows have it, and the list with or without it."""

    name: str
    count: int
    link: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter with its values, of which the `first` are shown at once."""

    name: str
    first: Sequence[Choice]
    others: Sequence[Choice]


def rows(request: Request) -> Response:
    """The rows of a table that the filters choose."""
    return _listed(request, Asked.of(request))


def rejects(request: Request) -> Response:
    """The rejects that the filters choose."""
    asked = Asked.of(request)
    return _listed(request, replace(asked, filters=replace(asked.filters, table="rejects")))


def _listed(request: Request, asked: Asked) -> Response:
    selection = asked.viewed.select(asked.filters)
    if selection.looked and not selection.looked.is_whole and asked.viewed.indexing == "idle":
        asked.viewed.start_indexing()  # an older version's texts, once they are searched
    start = min(asked.number("start", 0), max(selection.total - 1, 0))
    start -= start % ROWS_AT_ONCE
    return page(
        request,
        "list.html",
        asked,
        cards=_cards(asked, selection.page(start, ROWS_AT_ONCE)),
        selection=selection,
        start=start,
        step=ROWS_AT_ONCE,
        chips=list(_chips(asked)),
        facets=_facets(asked),
        bounds=_BOUNDS,
        orders=[(name, ORDER_NAMES[name]) for name in ORDERS if not _lacks(asked, name)],
        hidden=_hidden(asked),
        indexed=asked.viewed.indexed(asked.filters.table) if asked.filters.search else None,
    )


def _lacks(asked: Asked, order: str) -> bool:
    """Whether rows of the table have nothing to be ordered by so."""
    return asked.filters.table == "crops" and order in ("worst", "best")


def _cards(asked: Asked, chosen: Sequence[LightRow]) -> list[Card]:
    table = asked.filters.table
    snippets: Sequence[Snippet | None] = [None] * len(chosen)
    if table != "rejects" and (asked.filters.search or table == "documents"):
        keys = [row.key for row in chosen]
        snippets = asked.viewed.snippets(table, keys, asked.filters.search)
    notes = {(note.table, note.key): note for note in asked.viewing.notes.all()}
    return [
        Card(
            row,
            asked.row_link(table, row.key),
            asked.thumbnail(table, row.key) if table in _PICTURED else None,
            _marked(snippet) if snippet else Markup(),
            notes.get((table, row.key)),
        )
        for row, snippet in zip(chosen, snippets, strict=True)
    ]


def _marked(snippet: Snippet) -> Markup:
    """A snippet with its hits in `mark`."""
    text, place, parts = snippet.text, 0, []
    for start, end in snippet.hits:
        parts += [shown(text[place:start]), f"<mark>{shown(text[start:end])}</mark>"]
        place = end
    parts.append(shown(text[place:]))
    before, after = "" if snippet.is_start else "… ", "" if snippet.is_end else " …"
    return Markup(before + "".join(parts) + after)


def _chips(asked: Asked) -> Iterator[tuple[str, str]]:
    """What is chosen, in words, and the list without it."""
    for name, value in asked.filters.to_query().items():
        if name in ("table", "order"):
            continue
        side, _, bounded = name.partition("_")
        if name == "search":
            words = f"“{value}”"
        elif name == "document":
            words = "one document"
        elif bounded in _BOUNDS:
            words = f"{bounded} at {'least' if side == 'min' else 'most'} {value}"
        else:
            words = f"{called(name)}: {_in_words(name, value)}"
        yield words, asked.list_link(**{name: None})


def _facets(asked: Asked) -> list[Facet]:
    counted = asked.viewed.facets(asked.filters)
    names = sorted(counted, key=lambda name: name not in _FIRST_OF_REJECTS)  # others stay in order
    return [_facet(asked, name, counted[name]) for name in names if counted[name]]


def _facet(asked: Asked, name: str, values: Sequence[FacetValue]) -> Facet:
    chosen: str | None = getattr(asked.filters, name)
    choices = [
        Choice(
            _in_words(name, value.value),
            value.count,
            asked.list_link(**{name: None if value.value == chosen else value.value}),
            value.value == chosen,
        )
        for value in values
    ]
    return Facet(name, choices[:_FIRST_VALUES], choices[_FIRST_VALUES:])


def _in_words(name: str, value: str) -> str:
    """A value of a filter as people say it; names of folders, models and such stay as they are."""
    if value == NONE:
        return "none"
    return value if name in _NAMES else value.replace("_", " ")


def _hidden(asked: Asked) -> Mapping[str, str]:
    """What a form has to carry on of the list: all filters, and the version."""
    query = asked.filters.to_query()
    if asked.viewed.version != asked.viewing.version:
        query["version"] = str(asked.viewed.version)
    return query
