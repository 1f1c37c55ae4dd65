"""Where a row stands in the list that a person goes through, and the links to its neighbours."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.view.asked import Asked


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in the list that is gone through; the links to its neighbours."""

    number: int
    total: int
    previous: str | None
    next: str | None
    list: str


def place_of(asked: Asked, table: str, key: str) -> Place | None:
    """The place of a row; None where it was not reached from a list that has it."""
    if asked.filters.table != table:
        return None
    selection = asked.viewed.select(asked.filters)
    found = selection.neighbours(key)
    if found is None:
        return None
    text = asked.others.get("text")  # the way that texts are shown stays the same
    before, after = (
        asked.row_link(table, other, text=text) if other else None
        for other in (found.previous, found.next)
    )
    listed = asked.list_link(start=found.place)
    return Place(found.place + 1, selection.total, before, after, listed)
