"""The page of a reject: why it is none of the dataset, beside the row that is kept for it."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from pipelines.view import facts
from pipelines.view.asked import Asked
from pipelines.view.places import place_of
from pipelines.view.templates import page
from workers.viewing import LightRow
from workers.viewing.filters import Table
from workers.webpages.differences import MarkedTexts, marked_difference


@dataclass(frozen=True, slots=True)
class Keeper:
    """The row that is kept in place of a duplicate."""

    row: LightRow
    link: str
    picture: str | None
    text: str


def reject_row(request: Request) -> Response:
    """A reject: its reason in words, its picture, and how its text differs from its keeper's."""
    asked, key = Asked.of(request), request.path_params["key"]
    row, light = asked.viewed.row("rejects", key), asked.viewed.light_row("rejects", key)
    if row is None or light is None:
        raise HTTPException(404, "This version has no such reject.")
    text = asked.viewed.reject_text(key)
    keeper = _keeper(asked, light)
    marked = marked_difference(text.text, keeper.text) if text.text is not None and keeper else None
    return page(
        request,
        "reject.html",
        asked,
        table="rejects",
        key=key,
        row=row,
        light=light,
        place=place_of(asked, "rejects", key),
        # Drawn when the browser asks for it: the page itself must not wait for it.
        picture=None if light.page_index is None else asked.redrawn(key),
        text=text,
        keeper=keeper,
        marked=_html(marked),
        source_facts=facts.source_facts(row),
        quality=facts.quality_facts(row["quality"]),
        findings=facts.findings_of(row),
        attempts=facts.attempts_of(row),
        document_link=asked.row_link("documents", row["doc_id"], is_in_list=False),
        note=asked.viewing.notes.of("rejects", key),
        query=asked.link("/note", **asked.filters.to_query()),
    )


def _keeper(asked: Asked, light: LightRow) -> Keeper | None:
    kept_id = light.kept_id
    if kept_id is None:
        return None
    tables: tuple[Table, ...] = ("pages", "conversations") if "/" in kept_id else ("documents",)
    for table in tables:
        row, kept = asked.viewed.row(table, kept_id), asked.viewed.light_row(table, kept_id)
        if row is not None and kept is not None:
            picture = None if table == "documents" else asked.picture(table, kept_id)
            link = asked.row_link(table, kept_id, is_in_list=False)
            return Keeper(kept, link, picture, row["text"])
    return None


def _html(marked: MarkedTexts | None) -> dict[str, object] | None:
    if marked is None:
        return None
    return {
        "before": Markup(marked.before),
        "after": Markup(marked.after),
        "changed_words": marked.changed_words,
        "is_whole": marked.is_whole,
    }
