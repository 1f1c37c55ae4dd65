"""The pictures of rows as they are stored, made small, or drawn again."""

from __future__ import annotations

from typing import cast

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pipelines.view.asked import THUMBNAIL_PX, Asked
from workers.viewing import Picture
from workers.viewing.filters import TABLES, Table

# What a browser decodes without running anything. SVG and HTML are never sent as a picture.
_RASTER = ("image/png", "image/jpeg", "image/webp")
_KEPT = "private, max-age=600"


def picture(request: Request) -> Response:
    """A row's picture, or one of a conversation's."""
    asked, table, key = _row(request)
    return _sent(asked.viewed.picture(table, key, asked.number("n", 0)) if table else None)


def thumbnail(request: Request) -> Response:
    """A row's picture made small."""
    asked, table, key = _row(request)
    if not table:
        return _sent(None)
    return _sent(asked.viewed.thumbnail(table, key, THUMBNAIL_PX, asked.number("n", 0)))


def redrawn(request: Request) -> Response:
    """The picture of a rejected page, drawn again from its source, or why it cannot be."""
    asked = Asked.of(request)
    drawn = asked.viewed.redraw(request.path_params["key"])
    if drawn.picture is None:
        return PlainTextResponse(f"It cannot be drawn again: {drawn.why_not}.\n", 404)
    return _sent(drawn.picture)


def _row(request: Request) -> tuple[Asked, Table | None, str]:
    table = request.path_params["table"]
    known = cast(Table, table) if table in TABLES else None
    return Asked.of(request), known, request.path_params["key"]


def _sent(found: Picture | None) -> Response:
    if found is None:
        return PlainTextResponse("There is no such picture.\n", 404)
    if found.media_type not in _RASTER:
        return PlainTextResponse("The picture is no PNG, JPEG or WebP.\n", 415)
    return Response(found.data, media_type=found.media_type, headers={"cache-control": _KEPT})
