"""The guard bans what would repeat an n-gram in its window, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.engines.guards import banned_tokens

small = st.integers(0, 3)


def has_repeat(tokens: list[int], size: int) -> bool:
    grams = [tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)]
    return bool(grams) and grams[-1] in grams[:-1]


@given(st.lists(small, max_size=30), st.integers(2, 5), st.integers(2, 20))
def test_a_token_is_banned_exactly_when_it_repeats_an_ngram(
    tokens: list[int], size: int, window: int
) -> None:
    expected = {token for token in range(4) if has_repeat([*tokens[-window:], token], size)}
    assert banned_tokens(tokens, size, window) == expected


def test_exempt_tokens_may_repeat() -> None:
    cells = [5, 6] * 10
    assert banned_tokens(cells, 4, 50) == {5}
    assert banned_tokens(cells, 4, 50, exempt=frozenset({5, 6})) == set()


def test_what_lies_before_the_window_is_forgotten() -> None:
    tokens = [1, 2, 3, 9, 9, 9, 9, 1, 2]
    assert banned_tokens(tokens, 3, 9) == {3}
    assert banned_tokens(tokens, 3, 8) == set()
