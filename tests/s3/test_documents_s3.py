"""Examining files on S3: a store that denies access is not a file's fault, one object is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schemas.errors import AccessError, RequestError
from schemas.recipe import Raster, TextLayer
from schemas.shards import SeenFile
from tests.builders import examine
from tests.hostile import pdfs
from tests.s3.faulty_proxy import DENY, FaultyProxy
from tests.s3.server import STRANGER
from workers import store
from workers.rasterising import ChildLimits, Rasterizer, RasterSettings

pytestmark = pytest.mark.s3


@pytest.fixture
def rasterizer() -> Iterator[Rasterizer]:
    made = Rasterizer(RasterSettings(Raster(), "only", TextLayer(), 0), ChildLimits(60, 2**31))
    yield made
    made.close()


@pytest.fixture
def files(s3: str) -> list[SeenFile]:
    uris = [store.join(s3, name) for name in ("one.pdf", "two.pdf")]
    for uri in uris:
        store.write_bytes(uri, pdfs.two_pages(pdfs.prose_stream()))
    return [store.stat(uri) for uri in uris]


@pytest.mark.parametrize(
    ("environment", "message"),
    [(STRANGER, "is denied"), ({"AWS_SECRET_ACCESS_KEY": "rotated"}, "credentials")],
)
def test_a_store_that_denies_us_is_the_environments_fault(
    files: list[SeenFile],
    rasterizer: Rasterizer,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    message: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AccessError, match=rf"^cannot list {files[0].uri}: .*{message}") as caught:
        examine(files[0], rasterizer)
    assert isinstance(caught.value, RequestError), "the run stops at once"


def test_one_object_that_is_denied_is_unreadable(
    files: list[SeenFile], rasterizer: Rasterizer, proxy: FaultyProxy
) -> None:
    proxy.inject(DENY, only=r"(GET|HEAD) [^?]*one(\.|%2E)pdf")
    denied, other = [examine(file, rasterizer) for file in files]
    assert proxy.faults == {DENY: 1}
    assert (denied.doc_id, denied.reason) == (None, "unreadable")
    assert "is denied" in (denied.detail or "")
    assert (other.page_count, other.reason) == (2, None)
