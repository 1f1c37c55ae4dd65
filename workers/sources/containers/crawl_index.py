"""Read a crawl's index: which WARC holds which document, so that only those ranges are read.

Two forms are read: Common Crawl's columns in Parquet (`cc-index/table`), and CDXJ lines, packed or
not. Names of fields: https://commoncrawl.org/columnar-index and https://commoncrawl.org/cdxj-index.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow.parquet as pq

from schemas.document_source import CrawlIndex
from schemas.shards import Member
from workers import store
from workers.sources.containers.entries import Entry, LostError, fetched_at, lost, printable
from workers.sources.containers.kinds import lines_or_table
from workers.sources.containers.opened import Opened
from workers.sources.containers.streams import DAMAGE, Forward, lines_of
from workers.sources.containers.tables import TABLE_DAMAGE

_COLUMNS = {
    "url": "url",
    "url_host_name": "host",
    "content_mime_detected": "type",
    "fetch_status": "status",
    "content_languages": "languages",
    "content_truncated": "truncated",
    "content_digest": "digest",
    "fetch_time": "timestamp",
    "warc_filename": "filename",
    "warc_record_offset": "offset",
    "warc_record_length": "length",
}
_NEEDED = ("url", "warc_filename", "warc_record_offset", "warc_record_length")


@dataclass(frozen=True, slots=True)
class _Capture:
    """One row of an index."""

    url: str
    filename: str
    offset: int
    length: int
    type: str
    status: str
    languages: str
    host: str
    truncated: str
    digest: str
    timestamp: str


def walk_index(uri: str, handle: Opened, index: CrawlIndex) -> Iterator[tuple[str, Entry]]:
    """The captures that an index names and its filters take, each with the WARC that holds it."""
    place = 0
    base = store.absolute(index.base)
    try:
        for place, fields in _rows(uri, handle):
            try:
                capture = _capture(fields)
            except (KeyError, TypeError, ValueError) as exc:
                yield uri, lost("index", place, f"a line of the index cannot be read ({exc})")
                continue
            if _is_wanted(capture, index):
                yield f"{base}/{capture.filename}", _entry(uri, capture)
    except (*TABLE_DAMAGE, *DAMAGE) as exc:
        yield uri, lost("index", place, f"the rest of the index cannot be read ({exc})")


def _entry(uri: str, capture: _Capture) -> Entry:
    name = printable(capture.url)
    member = Member(
        *(name, "warc", capture.offset, capture.length, printable(capture.digest)),
        listed=uri,
        fetched=fetched_at(capture.timestamp),
    )
    if not capture.truncated:
        return Entry(member, None)
    why = f"the crawl cut it short ({printable(capture.truncated)}); fetch it again from {name}"
    return Entry(member, None, LostError(why, "truncated"))


def _is_wanted(capture: _Capture, index: CrawlIndex) -> bool:
    languages = capture.languages.split(",")
    return (
        (not index.types or capture.type in index.types)
        and (not index.statuses or capture.status in map(str, index.statuses))
        and (not index.languages or any(word in languages for word in index.languages))
        and (not index.hosts or any(fnmatch.fnmatch(capture.host, host) for host in index.hosts))
    )


def _capture(fields: dict[str, Any]) -> _Capture:
    def word(name: str) -> str:
        return str(fields.get(name) or "")

    url = str(fields["url"])
    host = word("host") or url.partition("://")[2].partition("/")[0].partition(":")[0]
    offset, length = int(fields["offset"]), int(fields["length"])
    if offset < 0 or length <= 0:
        raise ValueError(f"offset {offset}, length {length}")
    kind = word("type") or word("mime-detected") or word("mime")
    languages, cut = word("languages"), word("truncated")
    return _Capture(
        url, str(fields["filename"]), offset, length, kind, word("status"), languages, host, cut,
        word("digest"), word("timestamp").partition("+")[0],
    )  # fmt: skip


def _rows(uri: str, handle: Opened) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of an index, each with its number or the byte at which its line begins."""
    with lines_or_table(uri, handle.binary) as stream:
        yield from _columns(handle.binary) if stream is None else _lines(stream)


def _columns(handle: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
    file = pq.ParquetFile(handle)
    there = [name for name in _COLUMNS if name in file.schema_arrow.names]
    lacking = [name for name in _NEEDED if name not in there]
    if lacking:
        raise KeyError(f"no column {lacking[0]!r}")
    number = 0
    for batch in file.iter_batches(columns=there):
        for row in batch.to_pylist():
            yield number, {_COLUMNS[name]: value for name, value in row.items()}
            number += 1


def _lines(stream: BinaryIO | Forward) -> Iterator[tuple[int, dict[str, Any]]]:
    start = 0
    for line in lines_of(stream):
        if line.strip():
            yield start, _line(line)
        start += len(line) + 1


def _line(line: bytes) -> dict[str, Any]:
    """The JSON behind the key and the time of a CDXJ line; nothing of it for any other line."""
    head, brace, rest = line.partition(b"{")
    try:
        fields = json.loads(brace + rest)
    except ValueError:
        return {}
    if not isinstance(fields, dict):
        return {}
    time = head.split()[-1:]
    return fields | ({"timestamp": time[0].decode("ascii", "replace")} if time else {})
