"""Walk through a WARC: the documents among its responses; and fetch one by its place.

A record of a packed WARC is a gzip member of its own, so one record is read by a range.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO, cast

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from schemas.provenance import NOTHING, Provenance
from schemas.reservations import reserved_by_headers
from schemas.shards import Member
from workers.sources.containers.entries import Chunks, Entry, LostError, fetched_at, lost, printable
from workers.sources.containers.limits import MAX_HEADER_BYTES
from workers.sources.containers.streams import DAMAGE, Joined, ranges
from workers.store import Turn

_PIECE_BYTES = 2**20
_HEAD_BYTES = 1024
_OK = 200
# A record begins like this, packed or not; fastwarc stops at the first damaged one.
_START = re.compile(rb"\x1f\x8b\x08|WARC/[01]\.[0-9]\r?\n")
_GZIP = b"\x1f\x8b\x08"
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d{1,18})", re.I)
_BODIES = (WarcRecordType.response, WarcRecordType.resource)

IsWanted = Callable[[str, bytes], bool]
"""Whether a document is taken, by its URL and its first bytes."""


Note = Callable[[Provenance], None]
"""Takes what the server of a document states of it."""


def walk_warc(uri: str, handle: BinaryIO, size: int, is_wanted: IsWanted) -> Iterator[Entry]:
    """The wanted bodies of successful responses, and of resources; others are left out.

    The whole file passes by, since a WARC has no directory. The bytes of a body are then read from
    the file at `uri` by a range.
    """
    start: int | None = 0
    while start is not None and start < size:
        place, damage = start, None
        waiting: Entry | None = None
        try:
            handle.seek(start)
            with _panics_as_damage():
                for record in _records(handle):
                    place = record.stream_pos
                    if waiting is not None:
                        yield _ending(uri, waiting, place, size)
                    waiting = _begun(record, place, is_wanted)
        except DAMAGE as exc:
            damage = str(exc)
        if damage is None:
            end = _end_of(handle, place, size)
            if end is None:
                yield lost("warc", place, "the container is cut off within a record")
            elif waiting is not None:
                yield _ending(uri, waiting, end, size)
            if end is not None and _rest(handle, end):
                yield lost("warc", end, "what lies behind the last record is none")
            return
        # The last record may have been read whole, or be the damaged one: its range will tell.
        following = _next_start(handle, place + 1, size)
        if waiting is not None:
            yield _ending(uri, waiting, following or size, size)
        else:
            yield lost("warc", place, f"a record cannot be read ({damage})")
        start = following


def warc_chunks(
    uri: str, member: Member, size: int, turn: Turn | None = None, note: Note | None = None
) -> Chunks:
    """The body of the record at a place. Raises LostError where there is none.

    What its server states is noted before the first chunk.
    """
    stream = Joined(ranges(uri, member.offset, member.length, size, turn))
    try:
        with _panics_as_damage():
            for record in _records(cast(BinaryIO, stream)):
                if record.record_type in _BODIES:
                    if note is not None:
                        note(_stated(record))
                    yield from _body(record)
                    return
    except DAMAGE as exc:
        raise LostError(f"its record is damaged ({exc})") from exc
    raise LostError("its place in the WARC holds no response")


def record_name(record: WarcRecord) -> str:
    """The name of a record's body: the id of the record, and the URL that it was fetched from."""
    url = record.headers.get("WARC-Target-URI") or ""
    record_id = (record.record_id or "").strip("<>")
    return printable(f"{record_id} {url}".strip())


def _records(handle: BinaryIO) -> Iterator[WarcRecord]:
    return iter(
        ArchiveIterator(
            handle, auto_decode="all", max_header_len=MAX_HEADER_BYTES, fsspec_args=False
        )
    )


@contextmanager
def _panics_as_damage() -> Iterator[None]:
    """fastwarc is written in Rust: a panic of it is no Exception, and would end the task."""
    try:
        yield
    except BaseException as exc:
        if type(exc).__name__ != "PanicException":
            raise
        raise ValueError(f"fastwarc gave up: {exc}") from exc


def _begun(record: WarcRecord, offset: int, is_wanted: IsWanted) -> Entry | None:
    """The entry of a record, whose end is not known yet; None where it is not wanted."""
    http = record.http_headers
    if record.record_type not in _BODIES or (http is not None and http.status_code != _OK):
        return None
    url = record.headers.get("WARC-Target-URI") or ""
    if not is_wanted(url, record.reader.read(_HEAD_BYTES)):
        return None
    version = record.headers.get("WARC-Payload-Digest") or record.record_id or ""
    fetched = fetched_at(record.headers.get("WARC-Date") or "")
    member = Member(record_name(record), "warc", offset, 0, printable(version), fetched=fetched)
    cut = record.headers.get("WARC-Truncated")
    if cut is None:
        return Entry(member, None, stated=_stated(record))
    why = f"the crawl cut it short ({printable(cut)}); fetch it again from {printable(url)}"
    return Entry(member, None, LostError(why, "truncated"))


def _ending(uri: str, entry: Entry, stop: int, size: int) -> Entry:
    m = entry.member
    member = Member(m.name, m.form, m.offset, stop - m.offset, m.version, fetched=m.fetched)
    if member.length <= 0:
        why = "the WARC is packed as one stream; pack each record by itself"
        return Entry(member, None, LostError(why))
    if entry.lost is not None:
        return Entry(member, None, entry.lost)
    return replace(entry, member=member, chunks=lambda: warc_chunks(uri, member, size))


def _stated(record: WarcRecord) -> Provenance:
    """What the server of a response states of it."""
    headers = record.http_headers
    return NOTHING if headers is None else Provenance(reserved=reserved_by_headers(headers.items()))


def _end_of(handle: BinaryIO, start: int, size: int) -> int | None:
    """Where the last record ends; None where the file ends before. fastwarc tells neither."""
    handle.seek(start)
    data = handle.read(_PIECE_BYTES)
    if not data.startswith(_GZIP):
        head, mark, _ = data.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        end = start + len(head) + len(mark) + (int(length[1]) if length else size)
        return end if end <= size else None
    unpacker = zlib.decompressobj(wbits=31)
    taken = len(data)
    while data and not unpacker.eof:
        unpacker.decompress(data, _PIECE_BYTES)
        data = unpacker.unconsumed_tail
        if not data and not unpacker.eof:
            data = handle.read(_PIECE_BYTES)
            taken += len(data)
    return start + taken - len(unpacker.unused_data) if unpacker.eof else None


def _rest(handle: BinaryIO, start: int) -> bytes:
    """What lies behind the last record, up to a piece, without line ends and zeros."""
    handle.seek(start)
    return handle.read(_PIECE_BYTES).strip(b"\r\n\0")


def _body(record: WarcRecord) -> Chunks:
    while chunk := record.reader.read(_PIECE_BYTES):
        yield chunk


def _next_start(handle: BinaryIO, start: int, size: int) -> int | None:
    """Where the next record may begin, at `start` or behind it."""
    overlap = 16  # more than what marks a beginning
    while start < size:
        handle.seek(start)
        block = handle.read(_PIECE_BYTES)
        found = _START.search(block)
        if found:
            return start + found.start()
        start += max(1, len(block) - overlap) if len(block) > overlap else size
    return None
