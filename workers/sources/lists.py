"""Read what lists name: the lines of a text, a field of JSON lines, or a column of a Parquet file.

    with readable("a list of paths", uri, "paths.column"), opened(uri) as handle:
        for word in words_of(uri, handle.binary, column, plain):
            word.text    # or word.fault: why this line names nothing

Any of them may be packed. What the words mean is decided by `links.lists` and `paths`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import SourceError
from schemas.lines import one_line
from workers.sources.containers.kinds import lines_or_table
from workers.sources.containers.streams import DAMAGE, Forward, lines_of
from workers.sources.containers.tables import TABLE_DAMAGE

LIST_SUFFIXES = (".txt", ".jsonl", ".parquet", ".txt.gz", ".jsonl.gz")
"""Names under which lists are found in folders."""

_SHOWN_CHARS = 200


@dataclass(frozen=True, slots=True)
class Word:
    """What a line or a row names. With a `fault` it names nothing, and `text` is its beginning.

    `fields` are what it states besides, by the facts that were asked for.
    """

    place: str
    text: str
    fault: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)


Facts = Sequence[tuple[str, str]]
"""Pairs of a fact and the field that states it."""


@contextmanager
def readable(what: str, uri: str, column: str) -> Iterator[None]:
    """Raises SourceError where a list cannot be read to its end.

    Names that vanish with a half of it would take their documents out of the dataset. `column` is
    the field of the recipe that names the column.
    """
    try:
        yield
    except (*TABLE_DAMAGE, *DAMAGE) as exc:
        raise SourceError(
            f"{uri} cannot be read as {what} ({one_line(exc)}); "
            f"give text, JSON lines or Parquet with the field `{column}`"
        ) from exc


def words_of(
    uri: str,
    handle: BinaryIO,
    column: str,
    plain: Callable[[str], str],
    errors: str = "replace",
    facts: Facts = (),
) -> Iterator[Word]:
    """The words of a list, in its order. `plain` gives the word in a line of a text, if any.

    `errors` says what becomes of bytes that are not UTF-8, as for `bytes.decode`.
    """
    with lines_or_table(uri, handle) as stream:
        if stream is None:
            yield from _of_table(handle, column, facts)
        else:
            yield from _of_lines(stream, column, plain, errors, facts)


def _of_table(handle: BinaryIO, column: str, facts: Facts) -> Iterator[Word]:
    file = pq.ParquetFile(handle)
    wanted = [column, *(name for _, name in facts)]
    for name in wanted:
        if name not in file.schema_arrow.names:
            raise ValueError(f"no column {name!r} among {', '.join(file.schema_arrow.names)}")
    kind = file.schema_arrow.field(column).type
    if not _is_text(kind):
        raise ValueError(f"column {column!r} holds {kind}, not text")
    number = 0
    for batch in file.iter_batches(columns=wanted):
        for row in batch.to_pylist():
            if row[column] is not None:
                fields = {fact: row[name] for fact, name in facts}
                yield Word(f"row {number}", row[column], fields=fields)
            number += 1


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(check(kind) for check in checks)


def _of_lines(
    stream: BinaryIO | Forward,
    column: str,
    plain: Callable[[str], str],
    errors: str,
    facts: Facts,
) -> Iterator[Word]:
    """A list whose first line begins with a brace is JSON lines, any other is plain text."""
    decoded = (line.decode("utf-8", errors).rstrip("\r") for line in lines_of(stream))
    lines = enumerate((line.removeprefix("\ufeff") for line in decoded), 1)
    first = next(((number, line) for number, line in lines if line.strip()), None)
    if first is None:
        return
    is_json = first[1].lstrip().startswith("{")
    for number, line in chain([first], lines):
        if is_json and line.strip():
            yield _in_json(f"line {number}", line.strip(), column, facts)
        elif not is_json and (word := plain(line)):
            yield Word(f"line {number}", word)


def _in_json(place: str, line: str, column: str, facts: Facts) -> Word:
    try:
        fields = json.loads(line)
        value = fields[column]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        value = None
    if isinstance(value, str) and value:
        return Word(place, value, fields={fact: fields.get(name) for fact, name in facts})
    return Word(place, line[:_SHOWN_CHARS], f"it is no JSON with a text in {column!r}")
