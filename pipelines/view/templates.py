"""The templates, and how values are written in them.

All that is written is escaped, but for HTML that `workers.webpages` has made. Of texts, characters
that act without being seen are written as their code points.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from pipelines.view.asked import Asked
from pipelines.view.names import file_name, page_of, row_name
from schemas.reject_reasons import REJECT_REASONS
from workers.webpages.markdown import MOST_CHARS
from workers.webpages.visible import unmarked

FILTER_NAMES = {
    "license": "licence", "text_source": "text from", "label": "region", "reason": "why rejected",
}  # fmt: skip
"""What people call the filters, where it is not their name."""
_UNKNOWN = (None, "–", "")
_LONGEST_NAME, _LONGEST_ALT = 44, 120


def page(request: Request, template: str, asked: Asked, **values: Any) -> HTMLResponse:
    """A page of the viewer."""
    shared = {"asked": asked, "viewing": asked.viewing, "viewed": asked.viewed}
    own = {"form_token": request.state.form_token}
    return HTMLResponse(environment().get_template(template).render(shared, **own, **values))


@cache
def environment() -> Environment:
    """The templates' environment."""
    made = Environment(
        loader=PackageLoader("pipelines.view", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_written,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "number": _number,
        "share": _share,
        "of_them": lambda count, names: f"{count:,} {names[:-1] if count == 1 else names}",
        "plain": lambda value: "" if value is None else f"{value:.15g}",
        "day": lambda ms: datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "file": file_name,
        "of_row": row_name,
        "page_of": page_of,
        "tail": lambda text: (
            text if len(text) <= _LONGEST_NAME else f"…{text[1 - _LONGEST_NAME :]}"
        ),
        "beginning": _beginning,
        "short": lambda text: text if len(text) <= _LONGEST_ALT else f"{text[: _LONGEST_ALT - 1]}…",
        "word": lambda name: name.replace("_", " "),
        "called": called,
        "meaning": lambda reason: REJECT_REASONS.get(reason, ""),
        "known": lambda pairs: [(name, value) for name, value in pairs if value not in _UNKNOWN],
    }
    return made


def error_page(message: str, status: int) -> HTMLResponse:
    """A page that says in a line why there is no other."""
    return HTMLResponse(environment().get_template("error.html").render(message=message), status)


def _written(value: Any) -> Any:
    if value is None:
        return "–"
    return unmarked(value) if type(value) is str else value


def _beginning(text: str) -> str:
    """A text, of which only so much is shown, and said to be, as a browser lays out quickly."""
    if len(text) <= MOST_CHARS:
        return text
    rest = len(text) - MOST_CHARS
    return f"{text[:MOST_CHARS]}\n\n… {rest:,} more characters are left out here."


def called(name: str) -> str:
    """What people call a filter."""
    return FILTER_NAMES.get(name, name.replace("_", " "))


def _number(value: float | None, digits: int = 2) -> str:
    """A number as people write it; a dash for none.

    >>> _number(12345), _number(0.5)
    ('12,345', '0.50')
    """
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}"


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
