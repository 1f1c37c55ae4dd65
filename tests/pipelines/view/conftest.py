"""A viewer of one small dataset for all tests of this folder; its notes are each test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pipelines.view.app import make_app
from pipelines.view.guard import Guard
from pipelines.view.viewing import Viewing
from tests.pipelines.view.browsing import PORT, Browser
from tests.pipelines.view.looked_at import write_dataset
from workers.viewing import Notes


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("looked-at"))


@pytest.fixture(scope="session")
def viewing(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewing]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        made = Viewing(str(dataset), notes=tmp_path_factory.mktemp("notes") / "notes.jsonl")
        yield made
        made.close()


@pytest.fixture
def guard(viewing: Viewing, tmp_path: Path) -> Guard:
    viewing.notes = Notes(tmp_path / "notes.jsonl")
    return Guard(make_app(viewing), PORT)


@pytest.fixture
def stranger(guard: Guard) -> TestClient:
    """A client without the cookie."""
    return TestClient(guard, base_url=f"http://127.0.0.1:{PORT}", follow_redirects=False)


@pytest.fixture
def browser(guard: Guard, stranger: TestClient) -> Browser:
    """A client that has opened the link."""
    assert stranger.get(f"/?token={guard.token}").status_code == 200
    return Browser(stranger)
