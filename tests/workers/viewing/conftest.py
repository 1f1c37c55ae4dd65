"""A made dataset of a few hundred rows in several parts, opened once for these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.view_dataset import build
from workers.viewing import Viewed, open_viewed


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> str:
    return build(300, tmp_path_factory.mktemp("viewed"), rows_per_part=120, rows_per_group=40)


@pytest.fixture(scope="session")
def viewed(dataset: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewed]:
    with open_viewed(dataset, index_folder=tmp_path_factory.mktemp("index")) as opened:
        yield opened


@pytest.fixture
def index_folder(tmp_path: Path) -> Path:
    return tmp_path / "index"
