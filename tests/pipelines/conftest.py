"""The first runs of a file's corpus, for a test that may change the corpus."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pipelines.first_runs import FirstRuns


@pytest.fixture
def first(first_runs: FirstRuns) -> Iterator[FirstRuns]:
    """The file's own `first_runs`; after the test their corpus is as it was."""
    yield first_runs
    first_runs.restore()
