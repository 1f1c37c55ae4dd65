"""Datasets and sources may have nearly every name that Azure and Google Cloud Storage allow."""

from __future__ import annotations

import urllib.request
from urllib.parse import quote

import pytest

from schemas.errors import SourceError
from tests.names import NAMES, cut
from tests.s3.test_names_s3 import test_a_dataset_may_have_this_name  # noqa: F401
from tests.stores.servers import Server
from workers import store

pytestmark = pytest.mark.stores


def test_sources_may_have_these_names(s3: str) -> None:
    wanted = []
    for name in NAMES:
        file = cut(name, b".pdf").decode(errors="ignore")
        wanted += [f"{s3}/flat/{file}", f"{s3}/documents/{name.decode()}/{file}"]
    for uri in wanted:
        store.write_bytes(uri, uri.encode())
    found = store.list_documents([f"{s3}/flat", f"{s3}/documents"])
    assert [file.uri for file in found] == sorted(wanted)
    assert all(store.read_bytes(file.uri) == file.uri.encode() for file in found)
    for name in NAMES:
        (single,) = store.list_documents([f"{s3}/documents/{name.decode()}"])
        assert store.stat(single.uri) == single


def test_a_key_that_the_client_cannot_name_is_named(s3: str, server: Server) -> None:
    if server.scheme != "gs":
        pytest.skip("the requests of the emulator of GCS need no signature")
    store.write_bytes(f"{s3}/plain/a.pdf", b"a")
    path = s3.removeprefix("gs://").partition("/")[2]
    url = f"http://127.0.0.1:{server.port}/pagefoundry/{quote(f'{path}/odd//a.pdf', safe='')}"
    urllib.request.urlopen(urllib.request.Request(url, b"odd", method="PUT")).close()
    assert len(store.list_documents([f"{s3}/plain"])) == 1
    with pytest.raises(
        SourceError, match=r"cannot be listed: .*odd//a\.pdf.*; rename it"
    ) as caught:
        store.list_documents([f"{s3}/odd"])
    assert "\n" not in str(caught.value)
    # What a list names is looked up one by one there; of the odd name nothing is known.
    names = [f"b{n}.pdf" for n in range(8)]
    for name in names:
        store.write_bytes(f"{s3}/odd/{name}", b"b")
    found = store.find_files([f"{s3}/odd/{name}" for name in (*names, "/a.pdf", "gone.pdf")])
    assert [file and file.uri for file in found] == [f"{s3}/odd/{n}" for n in names] + [None] * 2
