"""WARCs, packed and plain: documents are found among responses, and read by their places."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator

from tests.containers import warc_record
from tests.workers.sources.containers.walks import walked
from workers.sources.containers.selection import Selection
from workers.sources.containers.warcs import _panics_as_damage

BODY = b"%PDF-1.7 " + b"body " * 500
BY_DEFAULT = Selection()


def unpacked(*records: bytes) -> bytes:
    return b"".join(map(gzip.decompress, records))


RECORDS = (
    warc_record("https://example.org/", b"<!doctype html><p>a page", content_type="text/html"),
    warc_record("https://example.org/a.pdf", BODY),
    warc_record("https://example.org/gone.pdf", BODY + b"gone", status="404 Not Found"),
    warc_record("https://example.org/b", BODY + b"b", content_type="application/octet-stream"),
)


@pytest.mark.parametrize("data", [b"".join(RECORDS), unpacked(*RECORDS)], ids=["packed", "plain"])
def test_documents_are_told_by_their_bytes(data: bytes, tmp_path: Path) -> None:
    read, lost = walked(tmp_path, data, selection=BY_DEFAULT)
    assert [body for _, body in read] == [BODY, BODY + b"b"]
    assert lost == {}
    name, _, url = read[0][0].partition(" ")
    assert name.startswith("urn:uuid:")
    assert url == "https://example.org/a.pdf"


def test_members_are_globs_of_urls(tmp_path: Path) -> None:
    read, _ = walked(tmp_path, b"".join(RECORDS), selection=Selection(("https://*/*.pdf",)))
    assert [body for _, body in read] == [BODY]


def test_bodies_are_decoded_as_their_headers_say(tmp_path: Path) -> None:
    packed = gzip.compress(BODY)
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    http = head + chunked
    lines = (
        "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\n"
        "WARC-Date: 2026-01-02T03:04:05Z\r\nWARC-Target-URI: https://example.org/c\r\n"
        "Content-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(http)}\r\n\r\n"
    )
    record = lines.encode() + http + b"\r\n\r\n"
    read, lost = walked(tmp_path, gzip.compress(record), selection=BY_DEFAULT)
    assert ([body for _, body in read], lost) == ([BODY], {})


def test_what_lies_behind_a_damaged_record_is_read(tmp_path: Path) -> None:
    data = bytearray(b"".join(RECORDS))
    start = len(RECORDS[0])
    data[start + 30 : start + 60] = bytes(30)
    read, lost = walked(tmp_path, bytes(data), selection=BY_DEFAULT)
    assert [body for _, body in read] == [BODY + b"b"]
    assert lost


@pytest.mark.parametrize("is_packed", [True, False])
@pytest.mark.parametrize("kept", [9, 40, 250])
def test_a_cut_record_is_lost_and_said(is_packed: bool, kept: int, tmp_path: Path) -> None:
    records = [record if is_packed else unpacked(record) for record in RECORDS]
    cut = b"".join(records[:-1]) + records[-1][:kept]
    read, lost = walked(tmp_path, cut, selection=BY_DEFAULT)
    assert [body for _, body in read] == [BODY]
    (why,) = lost.values()
    assert "cut off within a record" in why or "behind the last record" in why


def test_a_document_that_the_crawl_cut_short_names_its_url(tmp_path: Path) -> None:
    cut = warc_record("https://example.org/a.pdf", BODY, {"WARC-Truncated": "length"})
    read, lost = walked(tmp_path, cut + RECORDS[3], selection=BY_DEFAULT)
    assert len(read) == 1
    (why,) = lost.values()
    assert why.startswith("truncated: the crawl cut it short (length); fetch it again from https:")


def test_a_warc_packed_as_one_stream_says_what_to_do(tmp_path: Path) -> None:
    _, lost = walked(tmp_path, gzip.compress(unpacked(*RECORDS)), selection=BY_DEFAULT)
    assert any("pack each record by itself" in why for why in lost.values())


class Panicking:
    """A file whose reads end in a panic: fastwarc asks it for its place, which it does not tell."""

    def read(self, size: int) -> bytes:
        return RECORDS[1][:size]


def test_a_panic_of_the_library_is_damage(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fastwarc gave up"), _panics_as_damage():
        list(ArchiveIterator(Panicking(), fsspec_args=False))
