"""Containers on S3: read by ranges, through a faulty network, and never taken for damaged."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator

import pytest

from schemas.document_source import CrawlIndex
from schemas.recipe import Raster, TextLayer
from schemas.shards import SeenFile
from tests.builders import make_doc_id
from tests.containers import PACKED
from tests.hostile import pdfs
from tests.s3.faulty_proxy import DENY, KINDS, FaultyProxy
from workers import store
from workers.rasterising import ChildLimits, Rasterizer, RasterSettings
from workers.sources import Examined, examine_file
from workers.sources.containers import Examiner, Selection, is_unchanged, open_document

pytestmark = pytest.mark.s3

_COLUMNS = {"corpus.parquet": "content", "corpus.arrow": "image"}
CORPUS = {
    f"{number}.pdf": pdfs.two_pages(pdfs.prose_stream() + b"%%%d" % number) for number in range(4)
}
IDS = {hashlib.sha256(data).hexdigest() for data in CORPUS.values()}


@pytest.fixture(scope="module")
def rasterizer() -> Iterator[Rasterizer]:
    made = Rasterizer(RasterSettings(Raster(), "only", TextLayer(), 0), ChildLimits(60, 2**31))
    yield made
    made.close()


def examined(uri: str, examiner: Examiner) -> list[Examined]:
    findings = examine_file(store.stat(uri), examiner)
    members = [member for contents in findings.contents for member in contents.members]
    return [
        *findings.documents,
        *(document for m in members for document in examine_file(m, examiner).documents),
    ]


def placed(s3: str, name: str, rasterizer: Rasterizer) -> tuple[str, Examiner]:
    uri = store.join(s3, name)
    store.write_bytes(uri, PACKED[name](CORPUS))
    kept = store.join(s3, "kept")
    return uri, Examiner(Selection((), _COLUMNS.get(name)), rasterizer, kept)


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("name", PACKED)
def test_a_container_reads_the_same_through_a_faulty_network(
    name: str, s3: str, proxy: FaultyProxy, rasterizer: Rasterizer
) -> None:
    uri, examiner = placed(s3, name, rasterizer)
    proxy.inject(*KINDS, rate=0.6, limit=4)
    documents = examined(uri, examiner)
    assert {document.doc_id for document in documents} == IDS
    assert proxy.faults
    proxy.inject(*KINDS, rate=0.6, limit=4)
    for document in documents:
        assert document.doc_id is not None
        assert is_unchanged(document.file)
        with open_document(document.file, document.doc_id, examiner.kept) as path:
            assert path.read_bytes() in CORPUS.values()
    assert proxy.faults


def test_a_member_costs_one_request_for_its_own_bytes(
    s3: str, proxy: FaultyProxy, rasterizer: Rasterizer
) -> None:
    uri, examiner = placed(s3, "corpus.zip", rasterizer)
    (contents,) = examine_file(store.stat(uri), examiner).contents
    proxy.inject(rate=0.0)
    for member in contents.members:
        assert examine_file(member, examiner).documents[0].page_count == 2
    assert proxy.requests == len(CORPUS)


def test_a_container_that_is_denied_is_unreadable_and_not_damaged(
    s3: str, proxy: FaultyProxy, rasterizer: Rasterizer
) -> None:
    uri, examiner = placed(s3, "corpus.zip", rasterizer)
    file = store.stat(uri)
    proxy.inject(DENY, only=r"(GET|HEAD) \S*/corpus\.zip")
    (denied,) = examine_file(file, examiner).documents
    assert (denied.doc_id, denied.reason) == (None, "unreadable")


def test_a_container_that_is_gone_is_missing(s3: str, rasterizer: Rasterizer) -> None:
    uri, examiner = placed(s3, "corpus.tar", rasterizer)
    (document, *_) = examined(uri, examiner)
    store.delete(uri)
    with pytest.raises(FileNotFoundError):
        is_unchanged(document.file)
    file = SeenFile(document.file.uri, document.file.size, "other", document.file.member)
    with (
        pytest.raises(FileNotFoundError),
        open_document(file, make_doc_id(1), None) as path,
    ):
        path.read_bytes()


def test_every_request_to_a_crawl_and_its_index_waits_for_a_turn(
    s3: str, proxy: FaultyProxy, rasterizer: Rasterizer
) -> None:
    warc = PACKED["corpus.warc.gz"](CORPUS)
    store.write_bytes(store.join(s3, "crawl.warc.gz"), warc)
    starts = [found.start() for found in re.finditer(rb"\x1f\x8b\x08", warc)][1:]  # no web page
    stops = [*starts[1:], len(warc)]
    captures = (
        {"url": f"https://e.org/{n}", "filename": "crawl.warc.gz", "offset": a, "length": b - a}
        for n, (a, b) in enumerate(zip(starts, stops, strict=True))
    )
    index = store.join(s3, "index.cdxj")
    lines = (f"key 20260102030405 {json.dumps(capture)}" for capture in captures)
    store.write_bytes(index, "\n".join(lines).encode())
    file = store.stat(index)
    turns: list[None] = []
    crawl = CrawlIndex(base=s3, types=(), statuses=())
    examiner = Examiner(Selection(index=crawl), rasterizer, None, turn=lambda: turns.append(None))
    proxy.calm()
    findings = examine_file(file, examiner)
    members = [member for contents in findings.contents for member in contents.members]
    found = [document for m in members for document in examine_file(m, examiner).documents]
    assert {document.doc_id for document in found} == IDS
    assert len(turns) == proxy.requests
