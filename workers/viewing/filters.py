"""What rows a person wants to see, as a value and as the query of a link. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Literal, cast, get_args

from schemas.errors import RequestError

Table = Literal["pages", "conversations", "crops", "documents", "rejects"]
"""The tables that can be looked through. The inventory is seen through documents."""
Order = Literal["published", "worst", "best", "longest", "shortest"]

TABLES: Final = get_args(Table)
ORDERS: Final[tuple[Order, ...]] = get_args(Order)
"""As published; by quality, the worst or the best first; by `text_tokens`, the longest or the
shortest first. Rows without the value come last."""

FACETS: Final = (
    *("language", "source", "license", "engine", "text_source"),
    *("label", "level", "stage", "reason", "policy", "split"),
)
"""The filters by a word, of which `Viewed.facets` counts the values."""

NONE: Final = "-"
"""In a filter: the rows that have no such value, such as pages without a stated licence."""

MAX_SEARCH_CHARS: Final = 500
_MAX_VALUE_CHARS = 4096


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows of a table, and in which order. All that is given must hold.

    - `source` is the beginning of a `source_uri`: a folder, a container, or a whole address.
    - `document` is a `doc_id`.
    - `label` is that of a crop, `level` and `stage` those of a reject; `reason` that of either.
    - `policy` is a policy that found something in the row, or that rejected it.
    - Bounds are inclusive; a row without the value is within none.
    - `search` are words and "phrases" that must all be in the text.
    """

    table: Table = "pages"
    language: str | None = None
    source: str | None = None
    license: str | None = None
    engine: str | None = None
    text_source: str | None = None
    label: str | None = None
    level: str | None = None
    stage: str | None = None
    reason: str | None = None
    policy: str | None = None
    split: str | None = None
    document: str | None = None
    min_quality: float | None = None
    max_quality: float | None = None
    min_coverage: float | None = None
    max_coverage: float | None = None
    min_tokens: float | None = None
    max_tokens: float | None = None
    search: str = ""
    order: Order = "published"

    @staticmethod
    def from_query(query: Mapping[str, str]) -> Filters:
        """The filters of a link. Keys that are none of theirs are ignored, as are empty values.

        Raises RequestError where a value is none that the filter can have.
        """
        given = {
            field.name: query[field.name].strip()
            for field in fields(Filters)
            if query.get(field.name, "").strip()
        }
        return Filters(**{name: _value(name, text) for name, text in given.items()})  # type: ignore[arg-type]

    def to_query(self) -> dict[str, str]:
        """What `from_query` reads; filters that choose nothing are left out."""
        return {
            field.name: _written(value)
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }


def _value(name: str, text: str) -> object:
    """The value that a text stands for in a filter."""
    if name == "table":
        return cast(Table, _one_of(name, text, TABLES))
    if name == "order":
        return cast(Order, _one_of(name, text, ORDERS))
    if name.startswith(("min_", "max_")):
        return _number(name, text)
    most = MAX_SEARCH_CHARS if name == "search" else _MAX_VALUE_CHARS
    if len(text) > most:
        raise RequestError(f"`{name}` has {len(text):,} characters; give at most {most:,}")
    return text


def _one_of(name: str, text: str, words: tuple[str, ...]) -> str:
    if text not in words:
        raise RequestError(f"`{name}` is {text!r}; give one of {', '.join(words)}")
    return text


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RequestError(f"`{name}` is {text!r}; give a number")
    return number


def _written(value: object) -> str:
    return f"{value:.17g}" if isinstance(value, float) else str(value)
