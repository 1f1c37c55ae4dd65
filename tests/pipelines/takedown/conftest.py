"""One dataset for all tests of takedowns; each works on a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipelines.takedown.published import World, make_world


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("takedown"))


@pytest.fixture
def world(published: World, tmp_path: Path) -> World:
    return published.copy(tmp_path / "data")
