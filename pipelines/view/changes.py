"""What changed between two versions: the counts, the rows, and each row as it was and as it is."""

from __future__ import annotations

from collections.abc import Mapping
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
from workers.webpages.differences import marked_difference


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
    sides = [_side(asked, number, key) for number in (old, new)]
    if not any(side["table"] for side in sides):
        raise HTTPException(404, "Neither of these versions has such a row.")
    marked = None
    texts = [side["text"] for side in sides]
    if None not in texts:
        marked = marked_difference(*texts)
        for side, html in zip(sides, (marked.before, marked.after), strict=True):
            side["html"] = Markup(html)
    return page(
        request, "change.html", asked, old=old, new=new, key=key, sides=sides, marked=marked
    )


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


def _side(asked: Asked, version: int, key: str) -> dict[str, Any]:
    """What a version has of a page or a document."""
    viewed = asked.viewing.at(version)
    at = Asked(asked.viewing, viewed, asked.filters, {})
    side: dict[str, Any] = {
        "version": version, "table": None, "text": None, "html": None, "picture": None
    }  # fmt: skip
    for table in ("pages", "conversations", "documents", "rejects"):
        row: Mapping[str, Any] | None = viewed.row(table, key)
        if row is None:
            continue
        side |= {
            "table": table,
            "row": row,
            "link": at.row_link(table, key, is_in_list=False),
            "text": row.get("text"),
            "picture": at.picture(table, key) if table in ("pages", "conversations") else None,
        }
        break
    return side
