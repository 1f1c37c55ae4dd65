"""Loops are found soon after they start; tables of contents and empty cells are no loops."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.loops import CHECK_EVERY, find_loop


def varied(count: int, seed: int = 0) -> list[int]:
    """Tokens like those of prose: many kinds, of which a few are frequent."""
    chance = random.Random(seed)
    return [int(chance.paretovariate(0.6)) % 5000 + 100 for _ in range(count)]


def cut_at(tokens: list[int], exempt: frozenset[int] = frozenset()) -> tuple[int, int]:
    """How many tokens were generated when a loop was found, and where the loop starts."""
    for end in range(CHECK_EVERY, len(tokens) + 1, CHECK_EVERY):
        start = find_loop(tokens[:end], exempt)
        if start >= 0:
            return end, start
    return len(tokens), -1


@given(
    before=st.integers(0, 600),
    period=st.integers(1, 61),
    seed=st.integers(0, 1000),
)
def test_a_loop_is_cut_within_200_tokens_of_its_start(before: int, period: int, seed: int) -> None:
    prose, unit = varied(before, seed), varied(period, seed + 1)
    end, start = cut_at(prose + unit * 1000)
    assert end - before < 200
    # The prose may end as the unit does, so that the loop began a little earlier.
    tokens = prose + unit * 1000
    assert tokens[start : end - period] == tokens[start + period : end]
    assert start <= before


@pytest.mark.parametrize("period", [62, 150, 256])
def test_a_longer_loop_is_cut_after_its_third_copy(period: int) -> None:
    end, start = cut_at(varied(300) + varied(period, 1) * 10)
    assert start == 300
    assert 3 * period <= end - 300 < 3 * period + CHECK_EVERY


@given(st.integers(0, 1000))
def test_prose_is_no_loop(seed: int) -> None:
    assert cut_at(varied(3000, seed))[1] == -1


def test_leaders_and_repeated_headings_are_no_loop() -> None:
    dots, heading = [7] * 40, varied(30, 5)
    page = [token for line in range(60) for token in [*varied(6, line), *dots]]
    assert cut_at(page)[1] == -1
    page = [token for part in range(20) for token in [*heading, *varied(80, part)]]
    assert cut_at(page)[1] == -1


def test_empty_cells_are_no_loop_but_for_a_page_full_of_them() -> None:
    cell = [1, 2]
    row = [3, *cell * 8, 4]
    table = varied(50) + row * 40
    assert cut_at(table)[1] == 50  # nobody said that cells are exempt
    exempt = frozenset(cell)
    assert cut_at(table, exempt)[1] == -1
    assert cut_at(varied(50) + row * 400, exempt)[1] >= 0
