"""Images of a store are gathered with their rows, each file of them read once."""

from __future__ import annotations

import pytest

from tests.workers.publishing.test_gather import require_places

pytestmark = pytest.mark.s3


def test_pages_go_to_their_places_with_their_images_and_names(s3: str) -> None:
    require_places(s3)
