"""A record of a corpus, and the checks that its text must pass in any format.

The detail of an error, whichever module writes it, is part of the record's document id (see
`workers.synthetic.listing`): rewording it makes other documents of the same bad records.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.pages import PageError
from workers.synthetic.conversations.turns import parse_turns, to_content

MAX_TEXT_BYTES = 4_000_000
"""UTF-8 bytes of one record: some 1,500 dense pages, and longer than any one novel."""


@dataclass(frozen=True, slots=True)
class Record:
    """One text of a corpus, unchanged: it may have characters that cannot be stored.

    `number` is its row in a Parquet file, its line from 0 in a file of lines, and 0 in a file that
    is one text. Numbers may have gaps: blank lines and comments are not records. `name` is what
    the corpus calls it. A record with `error` has no text.
    """

    number: int
    text: str
    name: str | None = None
    error: PageError | None = None


def failed(number: int, detail: str, name: str | None = None) -> Record:
    """A record that cannot be read."""
    return Record(number, "", name, PageError("corrupt", detail))


def too_large(number: int, place: str, size: int, name: str | None = None) -> Record:
    """A record whose text is over the limit."""
    limit = f"{MAX_TEXT_BYTES:,} bytes"
    return failed(number, f"{place}: {size:,} bytes of text, the limit is {limit}; split it", name)


def decoded(number: int, place: str, data: bytes, name: str | None = None) -> Record:
    """A record of UTF-8 `data`; `place` names it in errors, as `line 3` does."""
    if len(data) > MAX_TEXT_BYTES:
        return too_large(number, place, len(data), name)
    try:
        return Record(number, data.decode(), name)
    except UnicodeDecodeError as exc:
        return failed(number, f"{place}: not UTF-8: {exc.reason} at byte {exc.start}", name)


def chat(number: int, place: str, value: object, name: str | None = None) -> Record:
    """A record of a chat, or of a long text; its text is `to_content` of the turns."""
    try:
        content = to_content(parse_turns(value))
    except ValueError as exc:
        return failed(number, f"{place}: {exc}", name)
    size = len(content.encode("utf-8", "surrogatepass"))
    return (
        too_large(number, place, size, name)
        if size > MAX_TEXT_BYTES
        else Record(number, content, name)
    )
