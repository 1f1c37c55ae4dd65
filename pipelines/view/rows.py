"""The pages of single rows: a page, a crop, a conversation, a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pipelines.view import facts
from pipelines.view.asked import Asked
from pipelines.view.places import place_of
from pipelines.view.templates import page
from schemas.page_text import full_text_of
from workers.viewing import LightRow, Note
from workers.viewing.filters import Table
from workers.webpages.markdown import MOST_CHARS, markdown_html, plain_html
from workers.webpages.sheets import boxed_picture, page_text

_MOST_CHAPTERS = 300


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page of a document: kept, with its picture, or a reject, with its reason."""

    row: LightRow
    link: str
    thumbnail: str | None


def page_row(request: Request) -> Response:
    """A page: its picture with its blocks, beside its text."""
    asked, key = Asked.of(request), _key(request)
    row = asked.viewed.row("pages", key)
    if row is None:
        return _elsewhere(asked, key)
    text, is_in_blocks = page_text(row, asked.crop)
    view = asked.others.get("text", "rendered")
    if view == "full":
        text = plain_html(full_text_of(row))
    elif view == "raw":
        text = plain_html(str(row["text"]))
    picture = boxed_picture(
        asked.picture("pages", key), f"Page {row['page_index'] + 1}", row["width"], row["height"],
        row["blocks"] or (), is_in_blocks and view == "rendered",
    )  # fmt: skip
    return page(
        request,
        "page.html",
        asked,
        **_row_values(asked, "pages", row, key),
        picture=Markup(picture),
        text=asked.found(text),
        text_view=view,
        views=_views(asked, "pages", key, "rendered", "raw", "full"),
        facts=facts.page_facts(row),
        attempts=facts.attempts_of(row),
        hidden_text=row["hidden"],
        duplicates=asked.viewed.duplicates_of(key),
    )


def crop_row(request: Request) -> Response:
    """A crop: its picture beside its text."""
    asked, key = Asked.of(request), _key(request)
    row = _found(asked, "crops", key)
    view = "raw" if asked.others.get("text") == "raw" else "rendered"
    is_raw = view == "raw"
    text = plain_html(row["text"]) if is_raw else markdown_html(row["text"], asked.crop)
    return page(
        request,
        "crop.html",
        asked,
        **_row_values(asked, "crops", row, key),
        text=asked.found(text),
        text_view=view,
        views=_views(asked, "crops", key, "rendered", "raw"),
        facts=facts.crop_facts(row),
        page_link=asked.row_link("pages", row["page_id"], is_in_list=False),
    )


def conversation_row(request: Request) -> Response:
    """A conversation as a chat with its images."""
    asked, key = Asked.of(request), _key(request)
    row = _found(asked, "conversations", key)
    return page(
        request,
        "conversation.html",
        asked,
        **_row_values(asked, "conversations", row, key),
        messages=list(_messages(asked, row, key)),
        facts=facts.conversation_facts(row),
    )


def document_row(request: Request) -> Response:
    """A document: its pages in order, kept and rejected, its crops and its text."""
    asked, key = Asked.of(request), request.path_params["doc_id"]
    document = asked.viewed.document(key)
    if document is None:
        raise HTTPException(404, "This version has no such document.")
    row = document.row
    return page(
        request,
        "document.html",
        asked,
        document=document,
        row=row,
        key=key,
        place=place_of(asked, "documents", key),
        source_facts=facts.source_facts(row) if row else [],
        findings=facts.findings_of(row) if row else [],
        chapters=[_chapter(asked, light) for light in document.pages[:_MOST_CHAPTERS]],
        whole_rejects=[_chapter(asked, light) for light in document.rejects],
        crops=[_chapter(asked, light) for light in document.crops[:_MOST_CHAPTERS]],
        text=asked.found(markdown_html(row["text"][:MOST_CHARS], asked.crop)) if row else None,
        is_text_cut=row is not None and len(row["text"]) > MOST_CHARS,
        duplicates=asked.viewed.duplicates_of(key),
        note=asked.viewing.notes.of("documents", key),
    )


def _views(asked: Asked, table: Table, key: str, *names: str) -> Sequence[tuple[str, str]]:
    """The ways in which a row's text can be shown, the first of which is that without a word."""
    return [
        (name, asked.row_link(table, key, text=None if name == names[0] else name))
        for name in names
    ]


def _key(request: Request) -> str:
    return f"{request.path_params['doc_id']}/{request.path_params['rest']}"


def _found(asked: Asked, table: Table, key: str) -> Mapping[str, Any]:
    row = asked.viewed.row(table, key)
    if row is None:
        raise HTTPException(404, f"This version has no such row in `{table}`.")
    return row


def _elsewhere(asked: Asked, key: str) -> Response:
    """The page of a row that is no page of this version, but a reject or a conversation."""
    for table in ("rejects", "conversations"):
        if asked.viewed.light_row(table, key) is not None:
            return RedirectResponse(asked.row_link(table, key, is_in_list=False), 303)
    raise HTTPException(404, "This version has no such page.")


def _row_values(asked: Asked, table: Table, row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """What the pages of all rows show."""
    note: Note | None = asked.viewing.notes.of(table, key)
    return {
        "table": table,
        "key": key,
        "row": row,
        "light": asked.viewed.light_row(table, key),
        "place": place_of(asked, table, key),
        "source_facts": facts.source_facts(row),
        "findings": facts.findings_of(row),
        "document_link": asked.row_link("documents", row["doc_id"], is_in_list=False),
        "note": note,
        "query": asked.link("/note", **asked.filters.to_query()),
    }


def _chapter(asked: Asked, light: LightRow) -> Chapter:
    is_pictured = light.table in ("pages", "conversations", "crops")
    return Chapter(
        light,
        asked.row_link(light.table, light.key, is_in_list=False),
        asked.thumbnail(light.table, light.key) if is_pictured else None,
    )


def _messages(
    asked: Asked, row: Mapping[str, Any], key: str
) -> Iterator[tuple[str, Sequence[tuple[str, Any]]]]:
    """The role of each message, and its parts: `text` with HTML, `image` with its facts."""
    number = 0
    for message in row["messages"]:
        parts: list[tuple[str, Any]] = []
        for part in message["content"]:
            if part["type"] == "image":
                shown = row["shown"][number] if number < len(row["shown"]) else None
                parts.append(("image", (asked.picture("conversations", key, number), shown)))
                number += 1
            else:
                parts.append(("text", asked.found(markdown_html(part["text"] or ""))))
        yield message["role"], parts
