"""What changed between two versions: the counts, the rows, and each row as it was and as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from pipelines.view.asked import Asked
from pipelines.view.lists import ROWS_AT_ONCE
from pipelines.view.templates import page
from schemas.changes import REASONS
from schemas.errors import RequestError
from schemas.reject_reasons import REJECT_REASONS
from workers.viewing.filters import Table
from workers.webpages.differences import marked_difference

_TABLES: tuple[Table, ...] = ("pages", "conversations", "documents", "rejects")


@dataclass(frozen=True, slots=True)
class Side:
    """What a version has of a page or a document; `marked` is its text with what differs marked."""

    version: int
    table: Table | None = None
    row: Mapping[str, Any] | None = None
    link: str | None = None
    picture: str | None = None
    text: str | None = None
    marked: Markup | None = None


def changes_page(request: Request) -> Response:
    """The changes from one version to another, by table and by why, and the rows of one kind."""
    asked = Asked.of(request)
    old, new = _versions(asked)
    versions = [line.version for line in asked.viewing.versions]
    table = asked.others.get("rows", "pages")
    values: dict[str, Any] = {"old": old, "new": new, "versions": versions, "table": table}
    if old == new:
        return page(request, "changes.html", asked, comparison=None, **values)
    comparison = asked.viewing.comparison(old, new)
    change, why = (asked.others.get(name, "") for name in ("change", "why"))
    start = asked.number("start", 0)
    given = {"from": old, "to": new}
    total, rows = comparison.listed(table, change, why, start, ROWS_AT_ONCE)
    return page(
        request,
        "changes.html",
        asked,
        comparison=comparison,
        change=change,
        why=why,
        total=total,
        rows=rows,
        start=start,
        step=ROWS_AT_ONCE,
        reasons=REASONS | REJECT_REASONS,
        change_link=lambda place: asked.link(
            "/changes", **given, rows=table, change=change, why=why, start=place or None
        ),
        **values,
    )


def change_page(request: Request) -> Response:
    """One row as the old version has it beside what the new one has."""
    asked = Asked.of(request)
    old, new = _versions(asked)
    key = asked.others.get("id", "")
    before, after = (_side(asked, number, key) for number in (old, new))
    if before.row is None and after.row is None:
        raise HTTPException(404, "Neither of these versions has such a row.")
    marked = None
    if before.text is not None and after.text is not None:
        marked = marked_difference(before.text, after.text)
        before = replace(before, marked=Markup(marked.before))
        after = replace(after, marked=Markup(marked.after))
    return page(
        request, "change.html", asked,
        old=old, new=new, key=key, sides=(before, after), marked=marked,
    )  # fmt: skip


def _versions(asked: Asked) -> tuple[int, int]:
    """The versions of the link; by default the one that is looked at, and the one before it."""
    published = sorted(line.version for line in asked.viewing.versions)
    new = asked.number("to", asked.viewed.version)
    earlier = [number for number in published if number < new]
    old = asked.number("from", earlier[-1] if earlier else new)
    for number in (old, new):
        if number not in published:
            raise RequestError(f"there is no version {number}; give one of {published}")
    return old, new


def _side(asked: Asked, version: int, key: str) -> Side:
    viewed = asked.viewing.at(version)
    at = replace(asked, viewed=viewed)
    for table in _TABLES:
        row = viewed.row(table, key)
        if row is not None:
            picture = at.picture(table, key) if table in ("pages", "conversations") else None
            link = at.row_link(table, key, is_in_list=False)
            return Side(version, table, row, link, picture, row.get("text"))
    return Side(version)
