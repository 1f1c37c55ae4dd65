"""The funnel of a version, and the notes that its reader has made."""

from __future__ import annotations

from typing import cast
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from pipelines.view.asked import Asked
from pipelines.view.guard import is_own_form
from pipelines.view.names import row_name
from pipelines.view.templates import page
from workers.viewing import Note, Verdict
from workers.viewing.filters import TABLES, Table


def funnel(request: Request) -> Response:
    """What each step left of the pages and documents, and why the rest was rejected."""
    asked = Asked.of(request)
    record = asked.viewed.record
    return page(
        request,
        "funnel.html",
        asked,
        steps=record.get("funnel", []),
        rejects=record.get("rejects_by_level", {}),
        languages=record.get("languages", {}),
    )


def notes(request: Request) -> Response:
    """All notes, with links to what they are on."""
    asked = Asked.of(request)
    found = list(asked.viewing.notes.all())
    rows = (asked.viewed.light_row(cast(Table, note.table), note.key) for note in found)
    names = [row_name(row) if row else note.key for row, note in zip(rows, found, strict=True)]
    return page(request, "notes.html", asked, notes=found, names=names)


def notes_file(request: Request) -> Response:
    """The notes as JSON lines."""
    asked = Asked.of(request)
    return Response(
        asked.viewing.notes.lines(),
        media_type="application/jsonl",
        headers={"content-disposition": 'attachment; filename="notes.jsonl"'},
    )


async def write_note(request: Request) -> Response:
    """Keep what the form says of a row, and show the row again."""
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), max_num_fields=16))
    if not is_own_form(form.get("form_token", ""), request.state.form_token):
        raise HTTPException(403, "This form is of a viewer that has ended; load its page anew.")
    return await run_in_threadpool(_written, request, form)


def _written(request: Request, form: dict[str, str]) -> Response:
    asked = Asked.of(request)
    table, key = form.get("table", ""), form.get("key", "")
    verdict, why = form.get("verdict", ""), form.get("why", "").strip()
    if table not in TABLES or asked.viewed.light_row(cast(Table, table), key) is None:
        raise HTTPException(404, "This version has no such row.")
    note = Note(table, key, asked.viewed.version, cast(Verdict, verdict), why)  # checks both
    asked.viewing.notes.write(note)
    return RedirectResponse(asked.row_link(table, key), 303)
