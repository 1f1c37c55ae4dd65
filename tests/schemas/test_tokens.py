"""Vision tokens of a page, by DeepSeek-OCR's formula."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.tokens import reference_vision_tokens

sides = st.integers(min_value=1, max_value=10_000)


@pytest.mark.parametrize(
    ("mode", "width", "height", "tokens"),
    [
        ("base", 1000, 1000, 256),
        ("large", 1000, 1000, 400),
        ("base", 500, 1000, 128),
        ("large", 905, 1280, 283),  # A4: ceil(400 x 0.70703)
        ("base", 1, 10_000, 1),
    ],
)
def test_tokens_of_known_sizes(mode, width, height, tokens) -> None:
    assert reference_vision_tokens(mode, width, height) == tokens


@given(st.sampled_from(["base", "large"]), sides, sides)
def test_padding_never_counts_and_turning_changes_nothing(mode, width, height) -> None:
    tokens = reference_vision_tokens(mode, width, height)
    assert tokens == reference_vision_tokens(mode, height, width)
    assert 1 <= tokens <= reference_vision_tokens(mode, 1, 1)
