"""Lists of paths on S3: few requests for many files, and what the store does not give."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.document_source import Paths
from schemas.errors import AccessError
from tests.s3.faulty_proxy import DENY, KINDS, FaultyProxy
from workers import store
from workers.sources.paths import PathsFound, find_paths, read_paths

pytestmark = pytest.mark.s3

OTHERS = 1050  # more than a page of a listing


def write(folder: str, names: list[str]) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: store.write_bytes(store.join(folder, name), b"%PDF"), names))


def found(s3: str, names: list[str]) -> PathsFound:
    uri = store.join(s3, "list.txt")
    store.write_bytes(uri, "\n".join(names).encode())
    read = read_paths(store.stat(uri), Paths())
    assert read.rejects == ()
    return find_paths(read.uris)


@pytest.mark.usefixtures("no_pauses")
def test_files_are_found_as_a_listing_has_them(s3: str, proxy: FaultyProxy) -> None:
    names = [f"scans/{n:02}.pdf" for n in range(20)]
    write(s3, [*names, "scans/other.pdf", "deep/a b/%41.pdf"])
    words = [*names, "scans/gone.pdf", "deep/a b/%41.pdf", "deep/a b", f"{s3}/deep/none.pdf"]
    proxy.inject(*KINDS, rate=0.5, limit=4)
    here = found(s3, words)
    listed = store.list_documents([s3])
    assert sorted(here.files, key=lambda file: file.uri) == [
        file for file in listed if not file.uri.endswith("other.pdf")
    ]
    assert [r.file.uri for r in here.missing] == [
        f"{s3}/{name}" for name in ("scans/gone.pdf", "deep/a b", "deep/none.pdf")
    ]


def test_a_folder_is_listed_where_that_takes_fewer_requests(s3: str, proxy: FaultyProxy) -> None:
    # Objects that no list names come first in the listing of this folder.
    names = [f"scans/z{n}.pdf" for n in range(8)]
    write(s3, [*names, *(f"few/a{n:04}.pdf" for n in range(OTHERS)), "few/z.pdf"])
    uris = [f"{s3}/{name}" for name in names]

    def requests(of: list[str]) -> int:
        proxy.calm()
        assert len(find_paths(of).files) == len(of)
        return proxy.requests

    assert requests(uris) == 1
    assert requests(uris[:7]) == 7  # a page may cost as much
    write(s3, [f"few/z{n}.pdf" for n in range(8)])
    others = [f"{s3}/few/z{n}.pdf" for n in range(8)]
    assert requests(others) == 2 + len(others)  # the listing was given up
    proxy.calm()
    gone = [f"{s3}/scans/gone{n}.pdf" for n in range(30)]
    assert len(find_paths(gone).missing) == 30
    assert proxy.requests == 1


def test_what_the_store_refuses_is_not_missing(s3: str, proxy: FaultyProxy) -> None:
    write(s3, ["a.pdf", "b.pdf"])
    proxy.inject(DENY, only="HEAD .*/a.pdf")
    here = found(s3, ["a.pdf", "b.pdf"])
    assert [(r.file.uri, r.reason) for r in here.unreadable] == [(f"{s3}/a.pdf", "unreadable")]
    assert [file.uri for file in here.files] == [f"{s3}/b.pdf"]
    proxy.inject(DENY)
    with pytest.raises(AccessError, match="is denied"):
        find_paths([f"{s3}/a.pdf", f"{s3}/b.pdf"])
