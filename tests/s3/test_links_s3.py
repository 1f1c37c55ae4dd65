"""What links gave, kept on S3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schemas.links import Links
from schemas.recipe import Raster, TextLayer
from schemas.shards import FETCHED, SeenFile
from tests.containers import zip_of
from tests.hostile import pdfs
from tests.s3.faulty_proxy import KINDS, FaultyProxy
from tests.web import Web
from workers import store
from workers.rasterising import ChildLimits, Rasterizer, RasterSettings
from workers.sources import examine_file
from workers.sources.containers import Examiner, Selection, open_document
from workers.sources.kept_links import Kept
from workers.sources.links import Link, fetch_links

pytestmark = pytest.mark.s3

PDF = pdfs.two_pages(pdfs.prose_stream())


@pytest.fixture(scope="module")
def rasterizer() -> Iterator[Rasterizer]:
    made = Rasterizer(RasterSettings(Raster(), "only", TextLayer(), 0), ChildLimits(60, 2**31))
    yield made
    made.close()


@pytest.mark.usefixtures("no_pauses")
def test_links_are_kept_and_read_through_a_faulty_network(
    s3: str, proxy: FaultyProxy, rasterizer: Rasterizer
) -> None:
    folder = store.join(s3, "kept")
    settings = Links(interval_s=0, networks=("127.0.0.0/8",))
    with Web({"a.pdf": PDF, "b.zip": zip_of({"in.pdf": PDF + b"%"})}) as web:
        assert isinstance(web, Web)
        links = [Link(f"{web.root}{path}", f"{web.root}{path}") for path in web.files]
        proxy.inject(*KINDS, rate=0.6, limit=4)
        first = fetch_links(links, settings, Kept(folder))
        assert [o.bytes_read for o in first] == [len(data) for data in web.files.values()]
        again = fetch_links(links, settings, Kept(folder))
        assert [(o.kind, o.sha256, o.bytes_read) for o in again] == [
            ("kept", o.sha256, 0) for o in first
        ]
    examiner = Examiner(Selection(), rasterizer, None, links=folder)
    for outcome, name in zip(first, ("", "!in.pdf"), strict=True):
        file = SeenFile(outcome.link.url, outcome.size, FETCHED + outcome.sha256)
        findings = examine_file(file, examiner)
        members = [member for contents in findings.contents for member in contents.members]
        documents = findings.documents or examine_file(members[0], examiner).documents
        (document,) = documents
        assert (document.file.uri, document.page_count) == (f"{file.uri}{name}", 2)
        assert document.doc_id is not None
        with open_document(document.file, document.doc_id, None, [folder]) as path:
            assert store.sha256_of(str(path)) == document.doc_id
