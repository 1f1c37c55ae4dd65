"""A record of a corpus, and what any format asks of its text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas.pages import PageError
from workers.synthetic.conversations.turns import said, to_content

MAX_TEXT_BYTES = 4_000_000
"""UTF-8 bytes of one record: some 1,500 dense pages, and longer than any one novel."""


@dataclass(frozen=True, slots=True)
class Record:
    """One text of a corpus, as it stands there: also with characters that cannot be stored.

    `number` is its row in a Parquet file, its line from 0 in a file of lines (lines that are
    blank or comments are no records, so numbers may have gaps), and 0 in a file that is one text.
    `name` is what the corpus calls it. One with `error` has no text.
    """

    number: int
    text: str
    name: str | None = None
    error: PageError | None = None


def failed(number: int, detail: str, name: str | None = None) -> Record:
    """A record that cannot be read."""
    return Record(number, "", name, PageError("corrupt", detail))


def too_large(number: int, place: str, size: int, name: str | None = None) -> Record:
    """A record whose text is past the limit."""
    limit = f"{MAX_TEXT_BYTES:,} bytes"
    return failed(number, f"{place}: {size:,} bytes of text, the limit is {limit}; split it", name)


def decoded(number: int, place: str, data: bytes, name: str | None = None) -> Record:
    """A record of the UTF-8 in `data`; `place` names it in errors, as `line 3`."""
    if len(data) > MAX_TEXT_BYTES:
        return too_large(number, place, len(data), name)
    try:
        return Record(number, data.decode(), name)
    except UnicodeDecodeError as exc:
        return failed(number, f"{place}: not UTF-8: {exc.reason} at byte {exc.start}", name)


def chat(number: int, place: str, value: Any, name: str | None = None) -> Record:
    """A record of a chat, or of a long text; its text is `to_content` of the turns."""
    try:
        content = to_content(said(value))
    except ValueError as exc:
        return failed(number, f"{place}: {exc}", name)
    size = len(content.encode("utf-8", "surrogatepass"))
    return (
        too_large(number, place, size, name)
        if size > MAX_TEXT_BYTES
        else Record(number, content, name)
    )
