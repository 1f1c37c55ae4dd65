"""Fixtures of the tests on Azurite and on an emulator of GCS: one server of each for all tests.

The fixtures have the names of those of `tests/s3`, whose tests run here, too.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.s3.faulty_proxy import FaultyProxy
from tests.stores.servers import BUCKET, Azurite, Gcs, Server

SETTINGS = ("AZURE_", "AZURITE_", "GOOGLE_", "HF_")


@pytest.fixture(scope="session", params=[Azurite, Gcs], ids=lambda kind: kind.scheme)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    if missing := request.param.missing():
        pytest.skip(missing)
    server: Server = request.param(tmp_path_factory.mktemp(request.param.scheme))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def s3(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Return a new folder in the store; the environment gives access to it."""
    use(server.environment(server.port), monkeypatch)
    return f"{server.scheme}://{BUCKET}/{tmp_path.name}"


@pytest.fixture
def proxy(s3: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """Yield a proxy in front of the server; the environment sends requests through it."""
    with FaultyProxy(server.port) as proxy:
        use(server.environment(proxy.port), monkeypatch)
        yield proxy


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full jitter draws its pauses from 0 up; here it always draws 0."""
    monkeypatch.setattr(random, "random", lambda: 0.0)


def use(environment: dict[str, str], patch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(SETTINGS):
            patch.delenv(name)
    for name, value in environment.items():
        patch.setenv(name, value)
