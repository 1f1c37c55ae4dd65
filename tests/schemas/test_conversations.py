"""How conversations fade: schedules, and the tokens that images cost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.conversations import LONGEST_EDGE_PX, Fade, ImageMode, image_tokens

MODES = ["text", "gundam", "large", "base", "small", "tiny"]


@given(
    st.lists(st.integers(0, 100), min_size=5, max_size=5).map(sorted),
    st.sets(st.sampled_from(MODES[:5]), min_size=1),
    st.lists(st.integers(0, 120), min_size=2),
)
def test_what_is_older_is_never_sharper_and_only_named_modes_are_used(
    ages: list[int], named: set[str], asked: list[int]
) -> None:
    fade = Fade.model_validate(
        {mode: a for mode, a in zip(MODES, ages, strict=False) if mode in named}
    )
    modes = [fade.mode(age) for age in sorted(asked)]
    assert modes == sorted(modes, key=MODES.index)
    assert set(modes) <= {*named, "tiny"}


def test_without_a_mode_the_schedule_is_that_of_its_unit() -> None:
    turns, tokens = Fade(), Fade(by="tokens")
    assert [turns.mode(age) for age in (0, 3, 4, 8, 16, 32, 64)] == ["text", *MODES]
    assert (tokens.mode(1999), tokens.mode(2000), tokens.mode(64_000)) == ("text", "gundam", "tiny")


def test_ages_that_fall_are_refused() -> None:
    with pytest.raises(ValidationError, match="base ends at age 3, before large at 8"):
        Fade(large=8, base=3)


@pytest.mark.parametrize(
    ("mode", "tokens"),
    # arXiv 2510.18234, table 1: 64, 100, 256, 400 for a square page; n x 100 + 256 for tiles.
    [("tiny", 64), ("small", 100), ("base", 256), ("large", 400), ("gundam", 4 * 100 + 256)],
)
def test_a_square_page_costs_what_the_paper_says(mode: ImageMode, tokens: int) -> None:
    assert image_tokens(mode, LONGEST_EDGE_PX[mode], LONGEST_EDGE_PX[mode]) == tokens
