"""A rasterizer with its child, for all tests of a module that do not set one up for themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.workers.rasterising.rendering import open_rasterizer
from workers.rasterising.rasterizer import Rasterizer


@pytest.fixture(scope="module")
def rasterizer() -> Iterator[Rasterizer]:
    with open_rasterizer() as rasterizer:
        yield rasterizer
