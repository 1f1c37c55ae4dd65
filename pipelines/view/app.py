"""The routes of the viewer."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pipelines.view import changes, lists, pictures, rejects, reports, rows
from pipelines.view.templates import error_page
from pipelines.view.viewing import Viewing
from schemas.errors import PageFoundryError, RequestError

_STATIC = Path(__file__).parent / "static"


def make_app(viewing: Viewing) -> Starlette:
    """The viewer of a dataset. `guard.Guard` has to stand around it."""
    app = Starlette(
        routes=[
            Route("/", lists.rows),
            Route("/rejects", lists.rejects),
            Route("/page/{doc_id}/{rest}", rows.page_row),
            Route("/crop/{doc_id}/{rest}", rows.crop_row),
            Route("/conversation/{doc_id}/{rest}", rows.conversation_row),
            Route("/document/{doc_id}", rows.document_row),
            Route("/reject/{key:path}", rejects.reject_row),
            Route("/changes", changes.changes_page),
            Route("/change", changes.change_page),
            Route("/funnel", reports.funnel),
            Route("/notes", reports.notes),
            Route("/notes.jsonl", reports.notes_file),
            Route("/note", reports.write_note, methods=["POST"]),
            Route("/picture/{table}/{key:path}", pictures.picture),
            Route("/thumbnail/{table}/{key:path}", pictures.thumbnail),
            Route("/redrawn/{key:path}", pictures.redrawn),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={
            HTTPException: _not_there,
            PageFoundryError: _failed,
        },
    )
    app.state.viewing = viewing
    return app


def _not_there(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    return error_page(exc.detail, exc.status_code)


def _failed(request: Request, exc: Exception) -> Response:
    return error_page(str(exc), 400 if isinstance(exc, RequestError) else 502)
