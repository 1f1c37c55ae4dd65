"""Corpora: the records of one local file, streamed or by number.

A file's name tells its format: Parquet, JSON lines and SMILES lines (both also `.gz` and `.zst`),
Markdown and plain text; a Markdown or plain text file is one record. One bad record does not lose
the others: it has an error, and reading continues. Where a file is damaged, the records before the
damage are followed by one with an error; only a file of which nothing can be read raises. Texts are
returned unchanged: the caller cleans them.

    for record in read_records(Corpus(path, "s3://lake/texts.jsonl.gz")):
        record.number, record.text, record.error
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from schemas.errors import DocumentError
from workers.store.locations import translated
from workers.synthetic.corpora.lines import Line, lines, lines_from, opened, version
from workers.synthetic.corpora.parquet import Columns, group_ends, parquet_rows
from workers.synthetic.corpora.record import (
    MAX_TEXT_BYTES,
    Record,
    chat,
    decoded,
    failed,
    too_large,
)
from workers.text import one_line

__all__ = [
    "CHAT_SUFFIXES",
    "MAX_TEXT_BYTES",
    "SMILES_SUFFIXES",
    "TEXT_SUFFIXES",
    "Corpus",
    "Record",
    "fetch_records",
    "read_records",
]


class _Format(NamedTuple):
    kind: str
    compression: str = ""
    may_be_other: bool = False  # files with other contents often have such names too


_FORMATS = {
    ".parquet": _Format("parquet"),
    ".md": _Format("file"),
    ".markdown": _Format("file"),
    ".txt": _Format("file"),
    **{
        suffix + (f".{compression}" if compression else ""): _Format(kind, compression)
        for suffix, kind in (
            *((".jsonl", "json"), (".ndjson", "json")),
            *((".smi", "smiles"), (".smiles", "smiles")),
        )
        for compression in ("", "gz", "zst")
    },
    ".json.gz": _Format("json", "gz", True),
    ".json.zst": _Format("json", "zst", True),
}
CHAT_SUFFIXES = tuple(name for name, form in _FORMATS.items() if form.kind in ("json", "parquet"))
SMILES_SUFFIXES = tuple(name for name, form in _FORMATS.items() if form.kind == "smiles")
TEXT_SUFFIXES = tuple(name for name in _FORMATS if name not in SMILES_SUFFIXES)
"""Suffixes of the names of files that hold records, in lower case."""

_MAX_LINES_PASSED = 64  # reading on beats seeking: a seek also passes over as many lines


@dataclass(frozen=True, slots=True)
class Corpus:
    """A file of records: a local copy, and the URI that tells its format and is named in errors.

    In Parquet and JSON, `column` holds a record's text and `id_column` its name. With `has_chats`,
    `column` holds chats, and a record's text is `to_content` of the turns.
    """

    path: Path
    uri: str
    column: str = "text"
    id_column: str | None = None
    has_chats: bool = False


def read_records(corpus: Corpus) -> Iterator[Record]:
    """All records, in order. Memory is bounded by a record and, in Parquet, by a row group.

    Raises DocumentError where nothing can be read, for example in a file of no known format or
    without the columns, and StorageError where the disk fails.
    """
    form = _format(corpus.uri)
    with translated("read", corpus.uri):
        if form.kind == "file":
            yield _whole_file(corpus)
        elif form.kind == "parquet":
            yield from _parquet(corpus)
        else:
            with opened(corpus.path, form.compression) as stream:
                yield from _parsed(corpus, form, lines(stream))


def fetch_records(corpus: Corpus, numbers: Sequence[int]) -> list[Record]:
    """The records with the ascending `numbers`; for a number without a record, one with an error.

    Reads little else: Parquet by row groups, plain lines by their offsets. Row groups and
    compressed lines are read from their start, so their stream stays open for the next request
    of this process. Raises as `read_records` does.
    """
    form = _format(corpus.uri)
    with translated("read", corpus.uri):
        if form.kind == "file":
            records = {0: _whole_file(corpus)}
        elif form.kind == "parquet":
            records = _from_stream(corpus, numbers, group_ends(corpus.path, corpus.uri))
        elif form.compression:
            records = _from_stream(corpus, numbers, None)
        else:
            records = _from_lines(corpus, form, numbers)
    return [records.get(n) or failed(n, f"the file has no record {n}") for n in numbers]


def _format(uri: str) -> _Format:
    name = uri.rpartition("/")[2].lower()
    for suffix, form in _FORMATS.items():
        if name.endswith(suffix):
            return form
    detail = f"{uri}: no known format; its name must end in one of {', '.join(_FORMATS)}"
    raise DocumentError("no_corpus", detail)


def _whole_file(corpus: Corpus) -> Record:
    with corpus.path.open("rb") as file:
        data = file.read(MAX_TEXT_BYTES + 1)
    if len(data) > MAX_TEXT_BYTES:
        return too_large(0, "the file", corpus.path.stat().st_size)
    return decoded(0, "the file", data.removeprefix(b"\xef\xbb\xbf"))


def _parquet(corpus: Corpus, first: int = 0) -> Iterator[Record]:
    columns = Columns(corpus.column, corpus.id_column, corpus.has_chats)
    return parquet_rows(corpus.path, corpus.uri, columns, first)


def _parsed(corpus: Corpus, form: _Format, rows: Iterable[Line]) -> Iterator[Record]:
    """The records on lines. Raises DocumentError where the first one shows that these are none."""
    is_first = True
    for line in rows:
        record = _record(corpus, form, line)
        if record is None:
            continue
        if is_first and record.error:
            if line.is_damaged and line.number == 0:
                raise DocumentError("corrupt", f"{corpus.uri}: {record.error.detail}")
            if form.may_be_other:
                detail = f"{corpus.uri}: not one JSON object a line ({record.error.detail})"
                raise DocumentError("corrupt", detail)
        is_first = False
        yield record


def _record(corpus: Corpus, form: _Format, line: Line) -> Record | None:
    """The record on a line, None for a blank line or a comment."""
    if line.problem is not None:
        return failed(line.number, f"line {line.number + 1}: {line.problem}")
    if form.kind == "smiles":
        return _smiles_record(line)
    return _json_record(corpus, line) if line.data.strip() else None


def _smiles_record(line: Line) -> Record | None:
    record = decoded(line.number, f"line {line.number + 1}", line.data)
    if record.error:
        return record
    smiles, *name = record.text.split(None, 1)[:2] or [""]
    if not smiles or smiles.startswith("#"):
        return None
    return Record(line.number, smiles, name[0].strip() if name else None)


def _json_record(corpus: Corpus, line: Line) -> Record:
    place = f"line {line.number + 1}"
    try:
        fields = json.loads(line.data.decode())
    except UnicodeDecodeError as exc:
        return failed(line.number, f"{place}: not UTF-8: {exc.reason} at byte {exc.start}")
    except (ValueError, RecursionError) as exc:
        return failed(line.number, f"{place}: not JSON: {one_line(exc)}")
    if not isinstance(fields, dict):
        return failed(line.number, f"{place}: a JSON {type(fields).__name__}, not an object")
    value = fields.get(corpus.id_column) if corpus.id_column is not None else None
    name = None if value is None else str(value)
    return _json_text(corpus, line.number, place, fields, name)


def _json_text(
    corpus: Corpus, number: int, place: str, fields: Mapping[str, object], name: str | None
) -> Record:
    if corpus.column not in fields:
        return failed(number, f"{place}: `{corpus.column}` is missing", name)
    text = fields[corpus.column]
    if corpus.has_chats:
        return chat(number, f"{place}: `{corpus.column}`", text, name)
    if not isinstance(text, str):
        return failed(number, f"{place}: `{corpus.column}` is no string", name)
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_TEXT_BYTES:
        return too_large(number, place, size, name)
    return Record(number, text, name)


def _from_lines(corpus: Corpus, form: _Format, numbers: Sequence[int]) -> dict[int, Record]:
    """Records of a plain file of lines; a long gap between two numbers is skipped by seeking."""
    records: dict[int, Record] = {}
    rows: Iterator[Line] = iter(())
    at = -1
    for number in numbers:
        if at < 0 or number - at > _MAX_LINES_PASSED:
            rows = lines_from(corpus.path, number)
        line = next((line for line in rows if line.number == number), None)
        at = number
        record = line and _record(corpus, form, line)
        if record:
            records[number] = record
    return records


class _Open:
    """A stream of records or lines that stays open; `at` is the number of the next one."""

    def __init__(self, key: tuple[object, ...], rows: Iterator[Record | Line], at: int) -> None:
        self.key = key
        self.at = at
        self._rows = rows

    def take(self, number: int) -> Record | Line | None:
        """The row with this number, None past the end."""
        for row in self._rows:
            self.at = row.number + 1
            if row.number >= number:
                return row if row.number == number else None
        self.at = number + 1
        return None


_lock = Lock()
_open: list[_Open] = []  # at most one


def _from_stream(
    corpus: Corpus, numbers: Sequence[int], ends: Sequence[int] | None
) -> dict[int, Record]:
    """Records of a Parquet file, or of compressed lines; `ends` are those of Parquet's row groups.

    The stream that the last request left open is used if its position is before the wanted row,
    and in Parquet within the same row group. Its key includes the process: a forked child shares
    the offset of the open file.
    """
    form = _format(corpus.uri)
    key = (os.getpid(), corpus, *version(corpus.path))
    records: dict[int, Record] = {}
    with _lock:
        # Taken out while it is read: a stream that failed is not used again.
        stream = _open.pop() if _open else None
        for number in numbers:
            if stream is None or stream.key != key or not _is_ahead(stream.at, number, ends):
                first = number if ends is not None else 0
                rows = _parquet(corpus, first) if ends is not None else _unpacked(corpus, form)
                stream = _Open(key, rows, first)
            row = stream.take(number)
            record = _record(corpus, form, row) if isinstance(row, Line) else row
            if record:
                records[number] = record
        _open[:] = [stream] if stream else []
    return records


def _is_ahead(at: int, number: int, ends: Sequence[int] | None) -> bool:
    """Whether reading on from row `at` reaches row `number` without skipping a row group."""
    if ends is None or at == number:
        return at <= number
    return at < number and not any(at < end <= number for end in ends)


def _unpacked(corpus: Corpus, form: _Format) -> Iterator[Line]:
    with opened(corpus.path, form.compression) as stream:
        yield from lines(stream)
