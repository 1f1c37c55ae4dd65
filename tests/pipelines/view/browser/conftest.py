"""One dataset and one viewer for all tests of this folder, and a browser for each file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.pipelines.view.browser.exhibits import write_dataset
from tests.pipelines.view.browser.visiting import Tab, Viewer, opened

_OFFLINE = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def chromium_path() -> str:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("there is no chromium; `apt install chromium` brings it")
    return found


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """A browser, and Playwright's event loop in this thread, which ends with the file's tests.

    While it runs, `asyncio.run` refuses, and other files' tests may follow in the same process.
    """
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium_path, args=_OFFLINE)


@pytest.fixture(scope="session")
def exhibits(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("exhibits"))


@pytest.fixture(scope="session")
def viewer(exhibits: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    folder = tmp_path_factory.mktemp("viewer")
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    running = Viewer(exhibits, folder / "notes.jsonl", environment)
    yield running
    running.end()


@pytest.fixture
def tab(chromium: Browser, viewer: Viewer) -> Iterator[Tab]:
    """A wide tab of its own for each test."""
    with opened(chromium, viewer) as made:
        yield made
